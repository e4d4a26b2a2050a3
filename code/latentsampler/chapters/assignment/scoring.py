"""Answers -> figures; always beside those of the answer that is always zero and of the exact solver.

Conventions
-----------
* A pair is a logit above 0. *Exact*: all entries of a matrix right, absent ones included. *Full*: nobody is absent.
* *Valid*: at most one pair in each row and column, and as many pairs as the smaller side has members.
* The cost gap is of the answer rounded to a valid one, as a share of the optimal cost (0.003 = 0.3 %).

Contents
--------
tensors             Matrices -> torch
answer              module + Matrices -> logits
score               logits + Matrices -> figures
equivariance_error  how far permuted inputs are from permuted answers
microseconds        CPU time of a matrix, in batches
judge               all of it, with the all-zero answer and SciPy in the same row
margin_curve        share of exact answers by what the second-best assignment costs more
"""

import time

import numpy as np
import torch

from latentsampler.chapters.assignment.generate import margins
from latentsampler.chapters.assignment.solvers import SOLVERS, rounded

BATCH = 256
EDGES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, np.inf)  # of margins, in the unit of distances


def tensors(matrices):
    """Return distances, rows, columns, assignment as tensors."""
    return tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in matrices)


def answer(module, matrices, published=False):
    """Return the logits ``(n, M, M)`` of a module on examples.

    Parameters
    ----------
    module : torch.nn.Module
        A network or solver.
    matrices : Matrices
        Examples.
    published : bool
        Whether absent directions lie far away already, so that nothing is to be marked.

    Returns
    -------
    torch.Tensor
        ``(n, M, M)``.
    """
    distances, rows, columns, _ = tensors(matrices)
    if published:
        rows, columns = torch.ones_like(rows), torch.ones_like(columns)
    with torch.inference_mode():
        return torch.cat([module(*(x[k:k + BATCH] for x in (distances, rows, columns)))
                          for k in range(0, len(distances), BATCH)])


def score(logits, matrices):
    """Return the figures of some answers.

    Parameters
    ----------
    logits : torch.Tensor
        ``(n, M, M)``.
    matrices : Matrices
        What was asked.

    Returns
    -------
    dict
        f1_positive, f1_weighted, exact, exact_full, valid, cost_gap, exact_rounded, exact_full_rounded.
    """
    truth, given = matrices.assignment, (logits > 0).numpy()
    whole = rounded(logits, *tensors(matrices)[1:3])
    full = matrices.rows.all(1) & matrices.columns.all(1)
    right, right_rounded = ((x == truth).all((1, 2)) for x in (given, whole))
    pairs = np.minimum(matrices.rows.sum(1), matrices.columns.sum(1))
    fits = (given.sum(1) <= 1).all(1) & (given.sum(2) <= 1).all(1) & (given.sum((1, 2)) == pairs)
    costs = [float((matrices.distances * x).sum(dtype=np.float64)) for x in (whole, truth)]
    share = float(truth.mean())
    ones, zeros = _f1(given, truth), _f1(~given, ~truth)
    return {"f1_positive": ones, "f1_weighted": share * ones + (1.0 - share) * zeros, "exact": float(right.mean()),
            "exact_full": _mean(right[full]), "valid": float(fits.mean()), "cost_gap": costs[0] / costs[1] - 1.0,
            "exact_rounded": float(right_rounded.mean()), "exact_full_rounded": _mean(right_rounded[full])}


def _f1(given, truth):
    both = int((given & truth).sum())
    return 2.0 * both / max(1, int(given.sum()) + int(truth.sum()))


def _mean(values):
    return float(values.mean()) if len(values) else 0.0


def equivariance_error(module, matrices, permutations=1000, seed=0, published=False):
    """Return the largest difference of a probability between a permuted input's answer and the permuted answer.

    Parameters
    ----------
    module : torch.nn.Module
        A network or solver.
    matrices : Matrices
        Examples; the first ``permutations`` are used, repeatedly if they are fewer.
    permutations : int
        Random orders of rows and columns, one an example.
    seed : int
        Of the orders.
    published : bool
        As for :func:`answer`.

    Returns
    -------
    float
        0 to 1.
    """
    chosen = matrices.take(np.arange(permutations) % matrices.count)
    random, size = np.random.default_rng(seed), chosen.rows.shape[1]
    row, column = (random.random((permutations, size)).argsort(1) for _ in range(2))
    place = np.arange(permutations)[:, None, None], row[:, :, None], column[:, None]
    moved = chosen._replace(distances=chosen.distances[place], rows=np.take_along_axis(chosen.rows, row, 1),
                            columns=np.take_along_axis(chosen.columns, column, 1))
    one, other = (torch.sigmoid(answer(module, x, published)).numpy() for x in (chosen, moved))
    return float(np.abs(one[place] - other).max())


def microseconds(module, matrices, repeats=3):
    """Return the CPU time of a matrix in batches of 256 on one thread: the shortest of some repeats."""
    few, times = matrices.take(np.arange(min(1024, matrices.count))), []
    for _ in range(repeats):
        begin = time.thread_time()
        answer(module, few)
        times.append(time.thread_time() - begin)
    return 1e6 * min(times) / few.count


def judge(module, matrices, published=False, timed=True):
    """Return all figures of a module, and in the same row those of the all-zero answer and of SciPy.

    Parameters
    ----------
    module : torch.nn.Module
        A network or solver.
    matrices : Matrices
        Examples.
    published : bool
        Whether absent directions lie far away and the module reads that.
    timed : bool
        Whether microseconds are wanted: they differ from run to run.

    Returns
    -------
    dict
        As of :func:`score`, equivariance_error, microseconds; the same names with ``all_zero_`` and ``scipy_``.
    """
    figures = {}
    for prefix, one in (("", module), ("all_zero_", SOLVERS["all-zero"]), ("scipy_", SOLVERS["scipy"])):
        logits = answer(one, matrices, published and not prefix)
        figures |= {prefix + name: value for name, value in score(logits, matrices).items()}
        if not prefix:
            figures["equivariance_error"] = equivariance_error(one, matrices, published=published)
        if timed:
            figures[f"{prefix}microseconds"] = microseconds(one, matrices)
    return figures


def margin_curve(module, matrices, known=None, published=False):
    """Return the share of exact answers by margin, on full matrices.

    Parameters
    ----------
    module : torch.nn.Module
        A network or solver.
    matrices : Matrices
        Examples.
    known : numpy.ndarray, optional
        Their margins, ``(n,)``; worked out when missing.
    published : bool
        As for :func:`answer`.

    Returns
    -------
    dict
        ``from LOW`` -> share of exact answers with a margin between LOW and the next of ``EDGES``.
    """
    full = np.flatnonzero(matrices.rows.all(1) & matrices.columns.all(1))
    few = matrices.take(full)
    margin = margins(few) if known is None else known[full]
    right = ((answer(module, few, published) > 0).numpy() == few.assignment).all((1, 2))
    inside = [(margin >= low) & (margin < high) for low, high in zip(EDGES, EDGES[1:], strict=False)]
    return {f"from {low:g}": float(right[chosen].mean()) for low, chosen in zip(EDGES, inside, strict=False)
            if chosen.any()}
