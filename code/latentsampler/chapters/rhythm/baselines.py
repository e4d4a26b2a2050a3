"""What copies patterns without learning much: the scores that a model has to beat.

Contents
--------
compare   patterns -> name -> figures of copies
nearest   patterns -> the training pattern with the fewest different onsets
"""

import numpy as np
import torch

from latentsampler.chapters.rhythm.grid import quantised
from latentsampler.chapters.rhythm.measures import copy_scores

REFERENCES = 6000  # training windows that PCA and nearest pattern may use


def compare(data, train, held_out, size):
    """Return the figures of every baseline.

    Parameters
    ----------
    data : Patterns
        The windows.
    train, held_out : numpy.ndarray
        Indices of training windows and of those to copy.
    size : int
        Numbers that PCA may use for a pattern.

    Returns
    -------
    dict
        mean, nearest, pca, flat (a copy with no offsets and the mean velocity), quantised (a copy without offsets)
        -> figures of `measures.copy_scores`; lost_hits: share of hits that the grid has no room for.
    """
    train = train[::max(1, len(train) // REFERENCES)]
    known, wanted = (torch.from_numpy(data.patterns[i].astype(np.float32)) for i in (train, held_out))
    step_ms, n = data.step_ms(held_out), len(wanted)
    straight = torch.from_numpy(quantised(wanted.numpy()))
    flat = straight.clone()
    flat[:, 1] = wanted[:, 0] * known[:, 1].sum() / known[:, 0].sum()
    found = {"mean": mean_pattern(known).expand(n, -1, -1, -1), "nearest": known[nearest(known, wanted)],
             "pca": pca_copy(known, wanted, size), "flat": flat, "quantised": straight}
    lost = sum(int(data.table[i]["lost"]) for i in held_out)
    return {**{name: copy_scores(copies, wanted, step_ms) for name, copies in found.items()},
            "lost_hits": lost / (lost + float(wanted[:, 0].sum()))}


def mean_pattern(known):
    """Return one pattern ``(3, 9, 32)`` for all: the likeliest cells, as many as there are on average."""
    share = known[:, 0].mean(0)  # (9, 32)
    count = int(known[:, 0].sum((1, 2)).mean().round())
    onset = (share >= share.flatten().sort(descending=True).values[count - 1]).float()
    rest = known[:, 1:].sum(0) / known[:, 0].sum(0).clamp(min=1.0)  # (2, 9, 32)
    return torch.cat([onset[None], onset * rest])


def nearest(known, wanted):
    """Return for each pattern the index of the training pattern whose onsets differ least: ``(n,)``."""
    a, b = wanted[:, 0].flatten(1), known[:, 0].flatten(1)
    return torch.cat([(part.sum(1, keepdim=True) + b.sum(1) - 2.0 * part @ b.T).argmin(1) for part in a.split(512)])


def pca_copy(known, wanted, size):
    """Return the copies of patterns by principal components of the onset grid, velocities and offsets beside it."""
    flat = known.flatten(1)
    mean, (_, _, axes) = flat.mean(0), torch.linalg.svd(flat - flat.mean(0), full_matrices=False)
    back = ((wanted.flatten(1) - mean) @ axes[:size].T @ axes[:size] + mean).reshape(wanted.shape)
    onset = (back[:, 0] > 0.5).float()
    share = back[:, 0].clamp(min=0.3)  # velocity and offset of the grid are times the onset
    return torch.stack([onset, onset * (back[:, 1] / share).clamp(1.0 / 127.0, 1.0),
                        onset * (back[:, 2] / share).clamp(-0.5, 0.4999)], 1)
