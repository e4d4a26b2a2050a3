"""Two circles walked in steps: which points are played when, and their sum as sound.

The k-th point of a circle is its centre plus d / 2 (cos, sin)(2 pi k / s), d its diameter, s its steps per turn.

Contents
--------
circle_point   the k-th point of one circle
walk_points    controls of a whole walk
mix            notes at their start times -> one waveform
"""

import numpy as np
import torch

from latentsampler.chapters.instrument.generative import with_defaults


def circle_point(centre, diameter, steps, k):
    """Return the k-th point of a circle as ``(2,)`` float64."""
    angle = 2.0 * np.pi * k / steps
    return np.asarray(centre, dtype=float) + 0.5 * diameter * np.array([np.cos(angle), np.sin(angle)])


def walk_points(metadata, n_points, steps=(8, 12), share=0.7, pitches=(48, 55, 60, 63, 67)):
    """Return the controls of a walk on two circles that fill a share of the latent ranges.

    Parameters
    ----------
    metadata : dict
        Of a ``generative.pt`` whose first four controls are latent.
    n_points : int
        Notes to play.
    steps : tuple of int
        Steps per turn of the first and the second circle.
    share : float
        Diameter of each circle as a share of the smaller range of its plane.
    pitches : sequence of int
        MIDI note numbers, in turn; held within the model's range.

    Returns
    -------
    numpy.ndarray
        ``(n_points, 5)`` float32: x1, y1, x2, y2, pitch.
    """
    low, high = (np.array([control[key] for control in metadata["controls"]]) for key in ("min", "max"))
    centre, size = (low + high) / 2, high - low
    points = np.empty((n_points, 5))
    for k in range(n_points):
        for plane in (0, 1):
            pair = slice(2 * plane, 2 * plane + 2)
            points[k, pair] = circle_point(centre[pair], share * size[pair].min(), steps[plane], k)
        points[k, 4] = np.clip(pitches[k % len(pitches)], low[4], high[4])
    return points.astype(np.float32)


def render_points(module, metadata, points):
    """Return the notes ``(n, n_samples)`` float32 of points ``(n, K)`` or fewer controls, one by one as a host does."""
    with torch.inference_mode():
        return np.concatenate([module(with_defaults(metadata, point.tolist())).numpy() for point in np.asarray(points)])


def mix(notes, starts, n_samples):
    """Return the sum of notes at their start times.

    Parameters
    ----------
    notes : numpy.ndarray
        ``(n, length)``.
    starts : sequence of int
        First sample of each note.
    n_samples : int
        Length of the result; what reaches beyond is cut.

    Returns
    -------
    numpy.ndarray
        ``(n_samples,)`` float32.
    """
    total = np.zeros(n_samples, dtype=np.float64)
    for note, start in zip(notes, starts, strict=True):
        end = min(n_samples, start + len(note))
        total[start:end] += note[:max(0, end - start)]
    return total.astype(np.float32)
