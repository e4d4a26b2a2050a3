"""Patterns and their copies, knobs and their effects -> numbers; knows no model class.

Contents
--------
onset_scores    F1 and Matthews' correlation over all cells
copy_scores     originals + copies -> onset_f1, onset_mcc, velocity_mae, timing_mae_steps, timing_mae_ms
rank_correlation   Spearman's, by columns
"""

import numpy as np
import torch
from scipy.stats import rankdata


def onset_scores(copies, originals):
    """Return F1 and Matthews' correlation coefficient of onsets ``(B, 9, 32)``, all cells together."""
    copies, originals = copies > 0.5, originals > 0.5
    hit = float((copies & originals).sum())
    extra, missed = float(copies.sum()) - hit, float(originals.sum()) - hit
    right = copies.numel() - hit - extra - missed
    f1 = 2.0 * hit / max(1.0, 2.0 * hit + extra + missed)
    product = (hit + extra) * (hit + missed) * (right + extra) * (right + missed)
    return f1, (hit * right - extra * missed) / max(1.0, product**0.5)


def copy_scores(copies, originals, step_ms):
    """Return how well patterns are copied.

    Parameters
    ----------
    copies, originals : torch.Tensor
        ``(B, 3, 9, 32)``.
    step_ms : numpy.ndarray
        ``(B,)``, length of a step.

    Returns
    -------
    dict
        onset_f1, onset_mcc; velocity_mae (0..1), timing_mae_steps and timing_mae_ms: mean over onsets that both
        have, NaN where there is none.
    """
    f1, mcc = onset_scores(copies[:, 0], originals[:, 0])
    both = (copies[:, 0] > 0.5) & (originals[:, 0] > 0.5)  # (B, 9, 32)
    difference = (copies - originals).abs()
    late = torch.as_tensor(step_ms, dtype=torch.float32)[:, None, None] * difference[:, 2]
    return {"onset_f1": f1, "onset_mcc": mcc, "velocity_mae": float(difference[:, 1][both].mean()),
            "timing_mae_steps": float(difference[:, 2][both].mean()), "timing_mae_ms": float(late[both].mean())}


def rank_correlation(x, y):
    """Return Spearman's correlation of every column of x ``(n, a)`` with every column of y ``(n, b)``: ``(a, b)``."""
    ranks = [np.apply_along_axis(rankdata, 0, np.asarray(v, dtype=float)) for v in (x, y)]
    deviations = [r - r.mean(0) for r in ranks]
    norms = [np.maximum(np.sqrt((d**2).sum(0)), 1e-12) for d in deviations]
    return deviations[0].T @ deviations[1] / norms[0][:, None] / norms[1][None]
