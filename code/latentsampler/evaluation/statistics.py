"""How sure a number is: intervals by resampling, and differences between two ways measured on the same things.

Conventions
-----------
* Values are ``(n,)``, one per note or one per seed. Every random draw comes from an explicit seed.
* Notes of one recording are not independent of each other; give their recordings as ``groups``, and whole recordings
  are drawn, which makes an interval as wide as it should be.
* An interval holds the true value in ``confidence`` of all experiments, not of all notes.

Contents
--------
Interval             value, low, high
bootstrap_interval   of any statistic of notes
t_interval           of a mean over a few seeds
paired_difference    of the mean of a - b
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

FEW = 10  # under so many values a bootstrap is too narrow (for 3 seeds by more than half), and Student's t is taken


class Interval(NamedTuple):
    """An estimate and the ends of its confidence interval."""

    value: float
    low: float
    high: float


def bootstrap_interval(values, statistic=np.mean, groups=None, confidence=0.95, n_resamples=2000, seed=0):
    """Return a percentile bootstrap interval of a statistic.

    Parameters
    ----------
    values : array_like
        ``(n,)``, n at least 2.
    statistic : callable
        ``statistic(values (..., n), axis) -> (...)``, such as ``numpy.mean`` or ``numpy.median``; with groups it is
        called as ``statistic(values (n,))``.
    groups : array_like, optional
        ``(n,)``: what is drawn as a whole, such as the recording of each note.
    confidence : float
        In (0, 1).
    n_resamples : int
        How often values are drawn again.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Interval
        The statistic of the values, and the ends.

    Raises
    ------
    ValueError
        If there are fewer than two values or groups, or not as many groups as values.

    References
    ----------
    Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13; groups: Davison and Hinkley, *Bootstrap
    Methods and their Application*, 1997, section 3.8.
    """
    values = _checked(values)
    if groups is None:
        resampled = stats.bootstrap((values,), statistic, confidence_level=confidence, n_resamples=n_resamples,
                                    method="percentile", rng=np.random.default_rng(seed)).confidence_interval
        return Interval(float(statistic(values)), float(resampled.low), float(resampled.high))
    drawn = _resample_groups(values, groups, statistic, n_resamples, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(statistic(values)), float(low), float(high))


def _resample_groups(values, groups, statistic, n_resamples, rng):
    number = _numbers(groups, len(values))
    count = number.max() + 1
    drawn = rng.integers(count, size=(n_resamples, count))
    if statistic is np.mean:  # sums and counts are enough, and a hundred times faster
        sums, sizes = np.bincount(number, weights=values), np.bincount(number)
        return sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    members = [values[number == k] for k in range(count)]
    return np.array([statistic(np.concatenate([members[k] for k in row])) for row in drawn])


def _numbers(groups, n):
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(f"expected one group for each of {n} values, got shape {groups.shape}")
    names, number = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError("expected at least two groups, got one: nothing is known about others")
    return number


def _checked(values):
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"expected at least two values in one dimension, got shape {values.shape}")
    return values


def t_interval(values, confidence=0.95):
    """Return Student's interval of a mean, for a few values such as one per seed.

    Parameters
    ----------
    values : array_like
        ``(n,)``, n at least 2, drawn from about a normal distribution.
    confidence : float
        In (0, 1).

    Returns
    -------
    Interval
        Mean and ends.

    Raises
    ------
    ValueError
        If there are fewer than two values.
    """
    values = _checked(values)
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * stats.sem(values)
    return Interval(float(values.mean()), float(values.mean() - half), float(values.mean() + half))


def paired_difference(a, b, groups=None, confidence=0.95, n_resamples=2000, seed=0):
    """Return the mean of a - b over things measured both ways, with its interval.

    What makes one note harder than another cancels in each pair, so that this interval is much narrower than the two
    intervals of the means suggest. The difference is established when the interval leaves out 0.

    Parameters
    ----------
    a, b : array_like
        ``(n,)`` each, in the same order of notes or seeds.
    groups : array_like, optional
        ``(n,)``, as in :func:`bootstrap_interval`.
    confidence : float
        In (0, 1).
    n_resamples : int
        How often pairs are drawn again.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Interval
        Mean difference and ends: by bootstrap over pairs, or Student's for fewer than ten pairs or groups; of fewer
        than ten groups the means of the groups are what is compared.

    Raises
    ------
    ValueError
        If a and b differ in shape, or there are fewer than two pairs.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"expected pairs, got shapes {a.shape} and {b.shape}")
    difference = _checked(a - b)
    if groups is not None:
        number = _numbers(groups, len(difference))
        if number.max() + 1 < FEW:
            return t_interval(np.bincount(number, weights=difference) / np.bincount(number), confidence)
    elif len(difference) < FEW:
        return t_interval(difference, confidence)
    return bootstrap_interval(difference, groups=groups, confidence=confidence, n_resamples=n_resamples, seed=seed)
