r"""Do codes come from the prior? Two tests, and by how much they do not.

Conventions
-----------
* Codes and prior samples are ``(n, d)``, as many of one as of the other: 256 in the benchmark.
* A p-value is by permutation: how often a random relabelling of the pooled points is at least as far apart. With 199
  relabellings the smallest is 0.005.
* A p-value says whether there is a difference; the *effect* says how large it is: the statistic as a multiple of the
  95 % quantile of the same statistic between two samples of the prior. At 1 or below, n codes cannot be told from n
  prior samples; the value grows with n.
* The kernel's widths and the projections' directions depend on the prior alone, so that effects of two models compare.

Contents
--------
two_sample_tests             both tests of codes against a sampler of the prior
mmd2, sliced_wasserstein     the statistics of two samples
permutation_p                statistics of relabellings -> p-value
"""

from typing import NamedTuple

import numpy as np
import torch

SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the median squared distance
N_DIRECTIONS = 64  # projections of the sliced distance
POOL = 4  # samples of the prior in the pool from which pairs are drawn, as a multiple of n
N_NULL = 200  # pairs of prior samples behind the 95 % quantile


class _Geometry(NamedTuple):
    """What both statistics are computed with."""

    width: float
    directions: np.ndarray


def two_sample_tests(codes, sample_prior, n=256, n_permutations=199, seed=0):
    """Test codes against the prior by MMD and by sliced Wasserstein distance.

    Parameters
    ----------
    codes : array_like
        ``(N, d)``; ``n`` of them are drawn, or all when there are fewer.
    sample_prior : callable
        ``sample_prior(n, generator) -> (n, d)`` tensor, with a ``torch.Generator``: ``sample_prior`` of a regulariser.
    n : int
        Codes and prior samples in the test.
    n_permutations : int
        Relabellings.
    seed : int
        Fixes every draw.

    Returns
    -------
    dict
        mmd2, mmd2_p, mmd2_effect, sw2, sw2_p, sw2_effect: numbers.

    Raises
    ------
    ValueError
        If codes are not a matrix of at least 8 rows, or not finite.

    References
    ----------
    Gretton et al., "A kernel two-sample test", JMLR 13, 2012, eq. 3 and section 5; Bonneel et al., "Sliced and Radon
    Wasserstein barycenters of measures", JMIV 51, 2015.
    """
    codes = np.asarray(codes, dtype=float)
    if codes.ndim != 2 or len(codes) < 8 or not np.isfinite(codes).all():
        raise ValueError(f"expected at least 8 finite codes of shape (n, d), got shape {codes.shape}")
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    n = min(n, len(codes))
    codes = codes[rng.choice(len(codes), n, replace=False)]
    prior = np.asarray(sample_prior((1 + POOL) * n, generator).detach(), dtype=float)
    prior, pool = prior[:n], prior[n:]
    geometry = _Geometry(_median_distance(pool), _directions(codes.shape[1], rng))
    labels = _labels(2 * n, n, n, n_permutations, rng)
    pairs = _labels(len(pool), n, n, N_NULL, rng)
    result = {}
    for name, statistics in (("mmd2", _mmd2_of), ("sw2", _sliced_of)):
        values = statistics(np.concatenate([codes, prior]), labels, geometry)  # (1 + n_permutations,)
        null = np.quantile(statistics(pool, pairs, geometry), 0.95)
        result |= {name: float(values[0]), f"{name}_p": permutation_p(values),
                   f"{name}_effect": float(values[0] / null)}
    return result


def permutation_p(values):
    """Return the p-value of ``values[0]`` against the relabelled ``values[1:]``; never 0 (Phipson and Smyth, 2010)."""
    return float(np.mean(values >= values[0] - 1e-12))


def mmd2(x, y):
    r"""Return the unbiased squared MMD with a mean of Gaussian kernels of five widths.

    :math:`k(x, y) = \frac15 \sum_s \exp(-\|x - y\|^2 / (s\, m))`, m the median squared distance within y.

    Parameters
    ----------
    x, y : numpy.ndarray
        ``(n, d)`` and ``(m, d)``; y is the prior's.

    Returns
    -------
    float
        At most 2; about 0, and sometimes below, for samples of one distribution.
    """
    geometry = _Geometry(_median_distance(y), None)
    return float(_mmd2_of(np.concatenate([x, y]), _labels(len(x) + len(y), len(x), len(y), 0, None), geometry)[0])


def sliced_wasserstein(x, y, seed=0):
    r"""Return the sliced 2-Wasserstein distance: the root of the mean over directions of squared quantile differences.

    Parameters
    ----------
    x, y : numpy.ndarray
        ``(n, d)`` each.
    seed : int
        Fixes the directions.

    Returns
    -------
    float
        In the codes' unit, >= 0; a shift by v counts :math:`\|v\| / \sqrt d`.
    """
    geometry = _Geometry(0.0, _directions(x.shape[1], np.random.default_rng(seed)))
    return float(_sliced_of(np.concatenate([x, y]), _labels(2 * len(x), len(x), len(x), 0, None), geometry)[0])


def _labels(total, n, m, count, rng):
    """Return 1 + count rows ``(., total)`` int8: 1 the first sample, 2 the second, 0 neither; row 0 in given order."""
    first = np.zeros(total, dtype=np.int8)
    first[:n], first[n:n + m] = 1, 2
    return np.stack([first] + [rng.permutation(first) for _ in range(count)])


def _mmd2_of(points, labels, geometry):
    squared = _squared_distances(points)
    kernel = sum(np.exp(-squared / (scale * geometry.width)) for scale in SCALES) / len(SCALES)  # (N, N), 1 on diagonal
    a, b = (labels == 1).astype(float).T, (labels == 2).astype(float).T  # (N, P)
    ka, kb = kernel @ a, kernel @ b
    n, m = a[:, 0].sum(), b[:, 0].sum()
    return (((a * ka).sum(0) - n) / (n * (n - 1)) + ((b * kb).sum(0) - m) / (m * (m - 1))
            - 2.0 * (a * kb).sum(0) / (n * m))


def _sliced_of(points, labels, geometry):
    projected = points.astype(np.float32) @ geometry.directions.astype(np.float32)  # (N, K)
    order = projected.argsort(axis=0).T  # (K, N): sorted once, every relabelling picks from it in order
    ranked = np.take_along_axis(projected.T, order, axis=1)
    n = int((labels[0] == 1).sum())
    result = np.empty(len(labels))
    for row, label in enumerate(labels):
        chosen = label[order]  # (K, N)
        difference = ranked[chosen == 1].reshape(-1, n) - ranked[chosen == 2].reshape(-1, n)  # (K, n)
        result[row] = np.sqrt(np.mean(difference ** 2))
    return result


def _squared_distances(points):
    norms = (points ** 2).sum(axis=1)
    return np.maximum(norms[:, None] + norms[None] - 2.0 * points @ points.T, 0.0)


def _median_distance(points):
    points = points[:512]
    return float(np.median(_squared_distances(points)[np.triu_indices(len(points), 1)])) or 1.0


def _directions(d, rng):
    directions = rng.standard_normal((d, N_DIRECTIONS))
    return directions / np.linalg.norm(directions, axis=0)
