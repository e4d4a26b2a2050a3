"""What a change of one choice does to a metric: differences with intervals, as figures and in words.

Conventions
-----------
* Lower is better. A change is worse or better where its 95 % interval excludes zero, else undecided.
* A record of many runs names them ``<prefix>/seed<k>``; differences are taken seed by seed (Student's t).

Contents
--------
Change, change       mean difference, its interval, and which way it goes
seeds_of             a metric of such a record, by seed
difference           two (run, metric) pairs -> paired difference
mean_with_interval   values of a few seeds -> LaTeX
listed               changes that go one way, in words
figure_changes       all changes, sorted, with intervals
"""

from typing import NamedTuple

import numpy as np

from latentsampler.evaluation.comparison import outcome
from latentsampler.evaluation.statistics import paired_difference, t_interval
from latentsampler.runtime.latex import ACCENT, DARK, GOOD, PALE, WIDTH, Phrase, signed


class Change(NamedTuple):
    """Mean difference, its interval, and "worse", "better" or "undecided" (lower is better)."""

    mean: float
    low: float
    high: float
    outcome: str


def change(mean, low, high):
    """Return a Change: worse or better where the interval excludes zero."""
    return Change(mean, low, high, outcome(low, high))


def seeds_of(metrics, prefix, metric):
    """Return a metric of the runs ``<prefix>/seed<k>`` of a record that holds many.

    Parameters
    ----------
    metrics : dict
        Run -> {metric: number}.
    prefix, metric : str
        Which.

    Returns
    -------
    list of float
        By seed; empty if no run has the metric.
    """
    found = {int(name.rpartition("seed")[2]): figures[metric] for name, figures in metrics.items()
             if name.rpartition("/seed")[0] == prefix and metric in figures}
    return [found[seed] for seed in sorted(found)]


def difference(metrics, one, other):
    """Return the paired difference of two (prefix, metric) pairs over seeds, one - other: value, low, high."""
    return tuple(paired_difference(seeds_of(metrics, *one), seeds_of(metrics, *other)))[:3]


def mean_with_interval(values, digits=2):
    """Return mean and half of the 95 % interval (Student's t) of a few seeds, as LaTeX."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return f"${values.mean():.{digits}f}$"
    interval = t_interval(values)
    return f"${interval.value:.{digits}f} \\pm {(interval.high - interval.low) / 2:.{digits}f}$"


def listed(changes, wanted):
    """Return the changes of one outcome in words, the largest first.

    Parameters
    ----------
    changes : dict
        Name -> Change.
    wanted : str
        The outcome: "worse", "better" or "undecided".

    Returns
    -------
    Phrase
        ``name (+0.12 [0.05, 0.19])`` of each, or "none".
    """
    found = [(name, cell) for name, cell in changes.items() if cell.outcome == wanted]
    found.sort(key=lambda pair: -abs(pair[1].mean))
    return Phrase(", ".join(f"{name} ({signed(cell)})" for name, cell in found) or "none")


def figure_changes(changes, label):
    """Draw what each change does to one metric, the best change first; decided ones in colour.

    Parameters
    ----------
    changes : dict
        Name -> Change.
    label : str
        Of the axis.

    Returns
    -------
    matplotlib.figure.Figure
        One row a change, as wide as a column of the report.
    """
    import matplotlib.pyplot as plt

    order = sorted(changes, key=lambda name: changes[name].mean)
    colours = {"undecided": PALE, "worse": ACCENT, "better": GOOD}
    figure, axis = plt.subplots(figsize=(WIDTH, 0.5 + 0.15 * len(order)), layout="constrained")
    for row, name in enumerate(order):
        cell = changes[name]
        axis.plot([cell.low, cell.high], [row, row], color=colours[cell.outcome])
        axis.plot([cell.mean], [row], marker="o", markersize=3, color=colours[cell.outcome])
    axis.axvline(0.0, color=DARK, linewidth=0.5)
    axis.set_yticks(range(len(order)), order)
    axis.invert_yaxis()
    axis.set_xlabel(label)
    return figure
