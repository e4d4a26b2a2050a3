"""Variants against their base, seed by seed: which differences hold.

Conventions
-----------
* A variant counts as worse or better only when the 95 % interval of its difference excludes zero. With many variants
  and metrics, one in twenty of the differences that are none will still be called one.

Contents
--------
Difference   what a variant changes in one metric
compare      figures of a base and its variants -> differences, intervals and outcomes
outcome      interval -> better, worse or undecided
"""

import math
from typing import NamedTuple

import numpy as np

from latentsampler.evaluation.statistics import paired_difference


class Difference(NamedTuple):
    """What a delta changes in one metric: mean difference to the base, its interval, pairs, and the outcome."""

    mean: float
    low: float
    high: float
    pairs: int
    outcome: str


def compare(config, metrics, better=None):
    """Compare every delta with its base.

    Parameters
    ----------
    config, metrics : dict
        Of a record ``ablation/...``: ``base``, ``names`` and ``seeds``; ``NAME/seedK`` -> figures.
    better : dict, optional
        Metric -> ``"lower"`` or ``"higher"``; all numbers of a run, without a direction, by default.

    Returns
    -------
    dict
        Delta -> metric -> Difference; None where fewer than two pairs are there.
    """
    base = config["base"]
    first = metrics.get(f"{base}/seed{config['seeds'][0]}", {})
    chosen = better or dict.fromkeys([name for name, value in first.items() if isinstance(value, float)])
    return {delta: {metric: _difference(config, metrics, delta, metric, wanted)
                    for metric, wanted in chosen.items() if metric in first}
            for delta in config["names"] if delta != base}


def _difference(config, metrics, delta, metric, wanted):
    pairs = []
    for seed in config["seeds"]:
        two = [metrics.get(f"{name}/seed{seed}", {}).get(metric, math.nan) for name in (delta, config["base"])]
        if all(math.isfinite(value) for value in two):
            pairs.append(two)
    if len(pairs) < 2:
        return None
    mean, low, high = paired_difference(*np.array(pairs).T)
    return Difference(mean, low, high, len(pairs), outcome(low, high, wanted))


def outcome(low, high, wanted="lower"):
    """Return what an interval of a difference decides.

    Parameters
    ----------
    low, high : float
        The interval.
    wanted : str or None
        ``"lower"`` or ``"higher"``; None where neither is better.

    Returns
    -------
    str
        "undecided" where the interval holds zero; else "better" or "worse", without a direction "higher" or "lower".
    """
    if low <= 0.0 <= high:
        return "undecided"
    moved = "higher" if low > 0.0 else "lower"
    if wanted is None:
        return moved
    return "better" if moved == wanted else "worse"
