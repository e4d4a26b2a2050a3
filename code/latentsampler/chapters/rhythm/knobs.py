"""Knobs of a rhythm model -> what they do to decoded patterns, in figures.

Conventions
-----------
* A knob is the attribute's quantile among the training patterns, 0 to 1. Everything is measured on decoded patterns.
* Spearman and cross-talk: all six knobs are drawn independently for each pattern; the rank correlation of every knob
  with every attribute measured again. A knob's own correlation is the first figure, the largest one with another
  attribute (absolute) the second.
* A sweep turns one knob through ``SETTINGS`` while all else stays; it is monotone when the attribute never moves
  against the knob by more than ``TOLERANCE`` training deviations.

Contents
--------
effects    model + points -> Spearman matrix, monotone shares
figures    the same as knob_spearman_min, knob_monotone_min, cross_talk_max, and per knob
"""

import numpy as np
import torch

from latentsampler.chapters.rhythm.attributes import ATTRIBUTES, measure
from latentsampler.chapters.rhythm.measures import rank_correlation

SETTINGS = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
TOLERANCE = 0.1


def effects(model, z, deviations, seed=0):
    """Return what the knobs do at some points.

    Parameters
    ----------
    model : object
        With ``place(patterns (B, 3, 9, 32)) -> knobs``, ``turn(z, knobs (B, 6)) -> z`` and ``decode``.
    z : torch.Tensor
        ``(n, L)``.
    deviations : torch.Tensor
        ``(6,)``, of the attributes in training.
    seed : int
        Of the knobs that are drawn.

    Returns
    -------
    correlation : numpy.ndarray
        ``(6, 6)``: knob, attribute.
    monotone : numpy.ndarray
        ``(6,)``, share of sweeps.
    """
    n = len(z)
    drawn = torch.rand(n, len(ATTRIBUTES), generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        correlation = rank_correlation(drawn, measure(model.decode(model.turn(z, drawn))))
        own, monotone = model.knobs(z), []
        for k in range(len(ATTRIBUTES)):
            values = []
            for setting in SETTINGS:
                turned = own.clone()
                turned[:, k] = setting
                values.append(measure(model.decode(model.turn(z, turned)))[:, k])
            steps = torch.stack(values, 1).diff(dim=1) / deviations[k]  # (n, 6)
            monotone.append(float((steps.min(1).values >= -TOLERANCE).float().mean()))
    return correlation, np.array(monotone)


def figures(correlation, monotone):
    """Return the figures of a model's knobs as a flat dict."""
    own = np.diag(correlation)
    across = np.abs(correlation - np.diag(own))
    return {"knob_spearman_min": float(own.min()), "knob_monotone_min": float(monotone.min()),
            "cross_talk_max": float(across.max()),
            **{f"spearman_{name}": float(own[k]) for k, name in enumerate(ATTRIBUTES)},
            **{f"monotone_{name}": float(monotone[k]) for k, name in enumerate(ATTRIBUTES)},
            **{f"cross_talk_{name}": float(across[k].max()) for k, name in enumerate(ATTRIBUTES)}}
