"""Patterns decoded from the prior, against held-out ones.

Conventions
-----------
* Eight global features of a pattern: the six attributes, onsets per bar's second half less the first, and voices in
  use. For each, pairwise distances within a set and between sets (Yang and Lerch, 2020): the Kullback-Leibler
  divergence of the two densities and their overlap. Training against held-out patterns is the yardstick.
* A sample is the knobs of a training pattern with other codes from the standard normal.

Contents
--------
compare        model + data -> figures
features       patterns -> (n, 8)
kl_and_overlap two samples of one feature -> divergence, overlap
"""

import numpy as np
import torch

from latentsampler.chapters.rhythm.attributes import ATTRIBUTES, measure
from latentsampler.chapters.rhythm.model import N_KNOBS

FEATURES = (*ATTRIBUTES, "fill", "voices")
CLOSE = 2  # hits by which a copy may differ
SAMPLES = 1000


def compare(model, codes, data, train, held_out, seed):
    """Return the figures of samples from the prior.

    Parameters
    ----------
    model : torch.nn.Module
        With ``decode``.
    codes : torch.Tensor
        ``(n, L)``, points of the training patterns.
    data : Patterns
        The windows.
    train, held_out : numpy.ndarray
        Indices.
    seed : int
        Of the samples.

    Returns
    -------
    dict
        kl, overlap: means over features, samples against held-out; kl_train, overlap_train: training against
        held-out; kl_ratio, overlap_ratio; density_kl; new: share of samples that differ from every training pattern
        by more than two hits.
    """
    generator = torch.Generator().manual_seed(seed)
    n = min(SAMPLES, len(codes), len(held_out))
    z = torch.cat([codes[torch.randperm(len(codes), generator=generator)[:n], :N_KNOBS],
                   torch.randn(n, codes.shape[1] - N_KNOBS, generator=generator)], 1)
    with torch.inference_mode():
        samples = model.decode(z)
    pick = np.random.default_rng(seed)
    known = torch.from_numpy(data.patterns[train].astype(np.float32))
    sets = [features(samples), features(known[pick.permutation(len(known))[:n]]),
            features(torch.from_numpy(data.patterns[pick.permutation(held_out)[:n]].astype(np.float32)))]
    ours, theirs = (np.array([kl_and_overlap(part[:, k], sets[2][:, k]) for k in range(len(FEATURES))])
                    for part in sets[:2])
    differ = torch.cat([(part.sum(1, keepdim=True) + known[:, 0].sum((1, 2)) - 2.0 * part @ known[:, 0].flatten(1).T)
                        .min(1).values for part in samples[:, 0].flatten(1).split(250)])
    return {"kl": float(ours[:, 0].mean()), "overlap": float(ours[:, 1].mean()),
            "kl_train": float(theirs[:, 0].mean()), "overlap_train": float(theirs[:, 1].mean()),
            "kl_ratio": float(ours[:, 0].mean() / theirs[:, 0].mean()),
            "overlap_ratio": float(ours[:, 1].mean() / theirs[:, 1].mean()),
            "density_kl": float(ours[0, 0]), "new": float((differ > CLOSE).float().mean())}


def features(patterns):
    """Return the features ``(n, 8)`` of patterns."""
    onset = patterns[:, 0]
    fill = onset[:, :, 16:].sum((1, 2)) - onset[:, :, :16].sum((1, 2))
    voices = (onset.sum(2) > 0).sum(1).to(onset.dtype)
    return torch.cat([measure(patterns), fill[:, None], voices[:, None]], 1).numpy()


def kl_and_overlap(ours, held_out, bins=60):
    """Return how unlike two samples of a feature are.

    Parameters
    ----------
    ours, held_out : numpy.ndarray
        ``(n,)`` and ``(m,)``.
    bins : int
        Of the histograms of distances, over the range of both.

    Returns
    -------
    tuple of float
        Divergence of the distances between the sets from those within the held-out set, in nats, and the overlap
        (0 to 1) of the two histograms.
    """
    between = np.abs(ours[:, None] - held_out[None]).ravel()
    within = np.abs(held_out[:, None] - held_out[None])[np.triu_indices(len(held_out), 1)]
    edges = np.linspace(0.0, max(between.max(), within.max(), 1e-9), bins + 1)
    p, q = ((np.histogram(v, edges)[0] + 0.5) / (len(v) + 0.5 * bins) for v in (between, within))
    return float((p * np.log(p / q)).sum()), float(np.minimum(p, q).sum())
