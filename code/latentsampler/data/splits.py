"""Splits of a dataset in which related notes stay together.

Conventions
-----------
* A group is what must not be divided: the notes of one recording, or of one instrument. A note of several
  recordings (joined by ``" | "``) ties them into one group.
* A note that names no group is a group of its own.

Contents
--------
Split    index arrays ``train``, ``valid``, ``test``
split    dataset -> Split
groups   column -> group number of every note
"""

from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
    """Index arrays into a dataset, sorted, without overlap."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def groups(values):
    """Return the group number of every note; notes that share a value, or a part of it, are one group.

    Parameters
    ----------
    values : sequence of str
        One per note: the name of its group, several names joined by ``" | "``, or empty.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` int, group numbers in order of first appearance.
    """
    parent = {}

    def root(name):
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    parts = [value.split(" | ") if value else [index] for index, value in enumerate(values)]
    for names in parts:
        for name in names[1:]:
            parent[root(name)] = root(names[0])
    numbers = {}
    return np.array([numbers.setdefault(root(names[0]), len(numbers)) for names in parts], dtype=int)


def split(dataset, by="Recording", shares=(0.8, 0.1, 0.1), seed=0):
    """Divide a dataset into training, validation and test notes without dividing a group.

    Groups are dealt instrument by instrument in random order, each to the part that lacks most notes, so that
    the parts come close to their shares and to the whole's mixture of instruments.

    Parameters
    ----------
    dataset : NoteDataset
        The notes.
    by : str
        The column that names groups: "Recording" or "Instrument (abbr.)". Without it each note is a group.
    shares : tuple of float
        Shares of train, valid and test; they sum to 1.
    seed : int
        The same seed gives the same split.

    Returns
    -------
    Split
        Sorted index arrays.

    Raises
    ------
    ValueError
        If the shares are not three numbers in [0, 1] that sum to 1.
    """
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1.0) > 1e-6:
        raise ValueError(f"expected three shares in [0, 1] that sum to 1, got {shares}")
    values = dataset.column(by) if by in dataset.rows.columns else [""] * len(dataset)
    number = groups(values)  # (N,)
    first = np.unique(number, return_index=True)[1]
    instruments = np.array(dataset.column("Instrument (abbr.)"))[first]  # (G,)
    sizes = np.bincount(number)  # (G,)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    part, share, filled = np.zeros(len(sizes), dtype=int), np.array(shares), np.zeros(3)
    for instrument in np.unique(instruments):
        own = np.zeros(3)  # notes of this instrument in each part
        for group in shuffled[instruments[shuffled] == instrument]:
            lacking = share * (filled.sum() + own.sum() + 2 * sizes[group]) - filled - own  # (3,)
            part[group] = np.argmax(np.where(share > 0, lacking, -np.inf))
            own[part[group]] += sizes[group]
            filled[part[group]] += sizes[group]
    return Split(*(np.flatnonzero(part[number] == k) for k in range(3)))
