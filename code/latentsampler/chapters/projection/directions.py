"""Directions of a space that nobody named: where the notes lie, and where the sound changes most.

Conventions
-----------
* A point ``(K - 1,)`` is a ``generative.pt``'s controls but the pitch, in their units; a direction is a unit vector.
* A direction and its opposite are one: the largest entry is positive.

Contents
--------
Direction      name, vector, and the share of what it was found by
principal      notes' points -> principal axes, by variance
most_varying   instrument -> directions in which the rendered spectrum changes most
read_points    the points of notes, from the map beside an instrument
"""

from typing import NamedTuple

import numpy as np
import torch

from latentsampler.contract import notemap
from latentsampler.sound.audio import MelConfig, mel_spectrogram

STEP = 0.1  # of a control's range, between the two notes of a difference
FLOOR_DB = -60.0  # below the loudest band: what is fainter does not count as a change


class Direction(NamedTuple):
    """A direction of the space.

    Attributes
    ----------
    name : str
        Such as "principal 1" or "most varying 1".
    vector : numpy.ndarray
        ``(K - 1,)``, of length 1.
    share : float
        Of the variance of notes, or of the squared change of the spectrum, that lies along it.
    """

    name: str
    vector: np.ndarray
    share: float


def principal(points):
    """Return the principal axes of notes.

    Parameters
    ----------
    points : numpy.ndarray
        ``(n, K - 1)``.

    Returns
    -------
    list of Direction
        By falling share of the variance.
    """
    return _sorted_axes("principal", np.cov(points, rowvar=False))


def most_varying(module, metadata, n=24, seed=0):
    r"""Return the directions in which the sound changes most: eigenvectors of the mean of :math:`J^\top J`.

    J is the derivative of the rendered note's mel spectrum, in dB, by the point, here by differences of rendered
    notes. Where principal axes say where notes lie, these say what one hears on the way.

    Parameters
    ----------
    module : torch.nn.Module
        A loaded ``generative.pt``.
    metadata : dict
        Its own.
    n, seed : int
        Random points, uniform in the controls' ranges, at middle C (or the nearest key there is); and their seed.

    Returns
    -------
    list of Direction
        By falling share of the mean squared change.

    References
    ----------
    Wang and Ponce, "The geometry of deep generative image models and its applications", ICLR 2021 (arXiv 2101.06006).
    Constantine, Dow and Wang, "Active subspace methods in theory and practice", SIAM J. Sci. Comput. 36, 2014.
    """
    controls = metadata["controls"]
    low, high = (np.array([control[key] for control in controls]) for key in ("min", "max"))
    rng, size = np.random.default_rng(seed), len(controls) - 1
    half = 0.5 * STEP * (high - low)[:-1]
    points = rng.uniform(low, high, (n, len(controls)))
    points[:, :-1] = points[:, :-1].clip(low[:-1] + half, high[:-1] - half)
    points[:, -1] = np.clip(60.0, low[-1], high[-1])
    moved = np.repeat(points[:, None, None], 2 * size, axis=1).reshape(n, size, 2, len(controls))
    for axis in range(size):
        moved[:, axis, :, axis] += [-half[axis], half[axis]]
    level = _levels(module, moved.reshape(-1, len(controls)), metadata["sample_rate"])
    level = level.reshape(n, size, 2, -1)
    slopes = (level[:, :, 1] - level[:, :, 0]) / (2.0 * half[:, None])  # (n, K - 1, bands), dB a unit
    return _sorted_axes("most varying", np.einsum("nif,njf->ij", slopes, slopes) / n)


def read_points(generative_path, size):
    """Return the points of notes from an instrument's map.

    Parameters
    ----------
    generative_path : pathlib.Path
        The ``generative.pt`` beside which the map lies.
    size : int
        Controls but the pitch. A map holds four.

    Returns
    -------
    numpy.ndarray or None
        ``(n, 4)``; None where there is no map or the space has other than four dimensions.
    """
    path = generative_path.with_suffix(".map.txt")
    if size != 4 or not path.is_file():
        return None
    return notemap.read(path)[:, :4]


def _levels(module, controls, sample_rate):
    """Return mel levels ``(n, M T)`` in dB of rendered notes, no fainter than `FLOOR_DB` below each note's peak."""
    config, parts = MelConfig(sample_rate=sample_rate, n_mels=64), []
    with torch.inference_mode():
        for part in torch.tensor(controls, dtype=torch.float32).split(16):
            level = 20.0 * torch.log10(mel_spectrogram(module(part), config).flatten(1).clamp(min=1e-7))
            parts.append(level.maximum(level.amax(1, keepdim=True) + FLOOR_DB))
    return torch.cat(parts).double().numpy()


def _sorted_axes(name, square):
    values, vectors = np.linalg.eigh(np.atleast_2d(square))
    axes = vectors.T[::-1] * np.sign(vectors[np.abs(vectors).argmax(0), range(len(values))])[::-1, None]
    shares = values[::-1] / max(values.sum(), 1e-12)
    return [Direction(f"{name} {k + 1}", axis, float(share))
            for k, (axis, share) in enumerate(zip(axes, shares, strict=True))]
