"""Notes of one or several stores, pooled over time, in memory: what benchmarks train on.

Conventions
-----------
* Pooling by k takes the mean of k frames, so a pooled mel has the hop ``k * hop_length``; it is a smaller picture of
  the same notes, on which many trainings are affordable.
* Every store is split by recording; a tenth of what is left for training is held out once more, so that there are
  held-out notes of *known* recordings as well.

Contents
--------
NoteSet      mels, pitch and columns, as a training needs them
Parts        index arrays
read_notes   stores -> NoteSet
divide       NoteSet -> Parts
SOURCES, stores_of, checksum   what a study of two stores reads
"""

import hashlib
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from latentsampler.data.splits import split
from latentsampler.data.store import NoteDataset

CHAPTER = "autoencoder-benchmark"  # of the records of all studies
SOURCES = {"soundfont": "build/weights/notes", "toy": "build/toy"}  # option -> default store
KNOWN = 0.1  # share of the training recordings' notes that are held out


class NoteSet:
    """Notes in memory.

    Parameters
    ----------
    datasets : sequence of NoteDataset
        Of one front-end.
    pool : int
        Frames per pooled frame; divides ``n_frames``.

    Attributes
    ----------
    mels : numpy.ndarray
        ``(N, M, T / pool)`` float32.
    pitch : torch.Tensor
        ``(N,)`` MIDI note numbers, NaN where unpitched.
    source : numpy.ndarray
        ``(N,)`` which dataset a note is of.
    mel_config : MelConfig
        With the pooled hop.
    checksum : str
        Identity of content and pooling.

    Raises
    ------
    ValueError
        If the front-ends differ, or ``pool`` does not divide the frames.
    """

    def __init__(self, datasets, pool=1):
        mel = datasets[0].mel_config
        if any(dataset.mel_config != mel for dataset in datasets):
            raise ValueError(f"expected stores of one front-end, got {[d.mel_config for d in datasets]}")
        if mel.n_frames % pool:
            raise ValueError(f"expected a divisor of {mel.n_frames} frames, got {pool}")
        self.datasets = tuple(datasets)
        self.mels = np.concatenate([_pooled(dataset.mels, pool) for dataset in datasets])
        self.pitch = torch.cat([dataset.pitch for dataset in datasets])
        self.source = np.repeat(np.arange(len(datasets)), [len(dataset) for dataset in datasets])
        self.mel_config = replace(mel, hop_length=mel.hop_length * pool, n_frames=mel.n_frames // pool)
        text = " ".join([*(dataset.checksum for dataset in datasets), str(pool)])
        self.checksum = hashlib.sha256(text.encode()).hexdigest()

    def __len__(self):
        return len(self.mels)

    def row(self, index):
        """Return a note's row of its table, a dict of strings."""
        first = np.searchsorted(self.source, self.source[index])
        return self.datasets[self.source[index]].rows[index - first]

    def column(self, name):
        """Return one column of the tables, ``(N,)`` of str; empty where a table has none such."""
        return np.array([value for dataset in self.datasets for value in (
            dataset.column(name) if name in dataset.rows.columns else [""] * len(dataset))])


class Parts(NamedTuple):
    """Index arrays: to train on; held-out notes of the same recordings; notes of held-out recordings, twice."""

    train: np.ndarray
    known: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def divide(notes, seed=0):
    """Return the parts of notes; the same for every method, size and seed of a benchmark.

    Parameters
    ----------
    notes : NoteSet
        What is divided.
    seed : int
        Of the division.

    Returns
    -------
    Parts
        Sorted index arrays without overlap.
    """
    offset = np.cumsum([0, *(len(dataset) for dataset in notes.datasets)])
    splits = [split(dataset, seed=seed) for dataset in notes.datasets]
    train, valid, test = (np.concatenate([part[k] + start for part, start in zip(splits, offset, strict=False)])
                          for k in range(3))
    held = np.random.default_rng(seed).random(len(train)) < KNOWN
    return Parts(train[~held], train[held], valid, test)


def read_notes(paths, pool=1):
    """Return the notes of stores, opened once per process.

    Parameters
    ----------
    paths : sequence of str
        Stores, or folders with one each.
    pool : int
        Frames per pooled frame.

    Returns
    -------
    NoteSet
        Of all of them.
    """
    key = (*map(str, paths), pool)
    if key not in _OPEN:
        _OPEN[key] = NoteSet([NoteDataset(path) for path in paths], pool)
    return _OPEN[key]


_OPEN = {}


def stores_of(sources):
    """Return the paths of the stores that a study reads, in order: SoundFont, toy."""
    return tuple(str(sources[name]) for name in SOURCES)


def checksum(setting, sources):
    """Return the identity of a study's notes: content and pooling."""
    return read_notes(stores_of(sources), setting.pool).checksum


def _pooled(mels, pool):
    blocks = [np.array(mels[first:first + 256]) for first in range(0, len(mels), 256)]  # a memory map, bit by bit
    return np.concatenate([block.reshape(*block.shape[:2], -1, pool).mean(axis=3) for block in blocks])
