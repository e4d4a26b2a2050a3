"""What turning a knob does to the sound: sweeps played, measured and summed up.

Conventions
-----------
* A sweep turns one knob from .1 to .9 in five steps; the other knobs (within .1 to .9) and the key are drawn once.
* ``heard`` is ``(n, 5, 4)`` points: sweeps, steps, attributes in the order of the knobs; ``knob`` ``(n,)`` says which
  knob was turned.

Contents
--------
Sweeps, draw_sweeps   random sweeps
summarise             what was heard -> Spearman, monotone share, cross-talk, range, error
drift                 fundamentals along sweeps -> cents
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from latentsampler.attributes.targets import KNOBS

STEPS = np.linspace(0.1, 0.9, 5)
SLACK = 1.0  # points by which a monotone sweep may fall back


class Sweeps(NamedTuple):
    """Random sweeps.

    Attributes
    ----------
    knobs : numpy.ndarray
        ``(n, 5, 4)`` in [0, 1].
    pitch : numpy.ndarray
        ``(n,)`` MIDI note numbers.
    knob : numpy.ndarray
        ``(n,)``: which of the four is turned; each equally often.
    """

    knobs: np.ndarray
    pitch: np.ndarray
    knob: np.ndarray


def draw_sweeps(n, pitch_low, pitch_high, seed):
    """Return ``n`` random sweeps; the same seed gives the same."""
    rng = np.random.default_rng(seed)
    knob = np.arange(n) % 4
    knobs = np.repeat(rng.uniform(STEPS[0], STEPS[-1], (n, 1, 4)), len(STEPS), axis=1)
    knobs[np.arange(n), :, knob] = STEPS
    return Sweeps(knobs, rng.integers(int(pitch_low), int(pitch_high) + 1, n).astype(float), knob)


def summarise(heard, asked, knob, deviations):
    """Return the figures of a set of sweeps.

    Parameters
    ----------
    heard, asked : numpy.ndarray
        ``(n, 5, 4)`` points, measured and asked for.
    knob : numpy.ndarray
        ``(n,)``.
    deviations : numpy.ndarray
        ``(4,)`` points: of the dataset, the unit in which changes of different attributes are compared.

    Returns
    -------
    dict
        Over all: spearman and monotone (the worst knob's, and the mean share), crosstalk (worst pair) and
        crosstalk_mean. For each knob: spearman_K (median over its sweeps), monotone_K (share), range_K (points,
        median of last minus first), error_K (points, mean absolute), and crosstalk_K_O: median over sweeps of the
        change of attribute O as a share of the change of the knob's own, both in deviations.
    """
    result, pairs = {}, []
    for k, name in enumerate(KNOBS):
        own, wanted = heard[knob == k], asked[knob == k]  # (m, 5, 4)
        change = np.abs(own[:, -1] - own[:, 0]) / deviations  # (m, 4)
        share = np.median(change / np.maximum(change[:, [k]], 1e-9), axis=0)
        turned = own[:, :, k]
        result[f"spearman_{name}"] = float(np.median([rank_correlation(row) for row in turned]))
        result[f"monotone_{name}"] = float(np.mean((np.diff(turned, axis=1) >= -SLACK).all(axis=1)))
        result[f"range_{name}"] = float(np.median(turned[:, -1] - turned[:, 0]))
        result[f"error_{name}"] = float(np.mean(np.abs(own - wanted)[:, :, k]))
        others = {f"crosstalk_{name}_{other}": float(share[j]) for j, other in enumerate(KNOBS) if j != k}
        pairs.extend(others.values())
        result |= others
    return {"spearman": min(result[f"spearman_{name}"] for name in KNOBS),
            "monotone": float(np.mean([result[f"monotone_{name}"] for name in KNOBS])),
            "crosstalk": max(pairs), "crosstalk_mean": float(np.mean(pairs)), **result}


def rank_correlation(values):
    """Return Spearman's correlation of values ``(n,)`` with their order; 0 where nothing changes."""
    return 0.0 if np.ptp(values) == 0 else float(spearmanr(np.arange(len(values)), values).statistic)


def drift(hz):
    """Return how far the pitch wanders along sweeps.

    Parameters
    ----------
    hz : numpy.ndarray
        ``(n, 5)`` fundamentals; NaN where none was found.

    Returns
    -------
    dict
        drift_cents (median over sweeps of highest against lowest), drift_cents_90 (its 90 % quantile), and
        unvoiced (share of notes without a fundamental).
    """
    found = hz[np.isfinite(hz).sum(axis=1) > 1]
    span = 1200.0 * np.log2(np.nanmax(found, axis=1) / np.nanmin(found, axis=1))
    return {"drift_cents": float(np.median(span)), "drift_cents_90": float(np.quantile(span, 0.9)),
            "unvoiced": float(np.mean(~np.isfinite(hz)))}
