"""Pictures of records of any chapter, each a function of one record.

Contents
--------
figure_history    loss terms and validation over steps
figure_ablation   what each delta changes, with intervals
figure_study      trials of a search, and each field against what it gave
RECORD_FIGURES    which of them belong to the records of a folder
"""

import math

import matplotlib.pyplot as plt

from latentsampler.evaluation.comparison import compare
from latentsampler.experiments.ablation import better_of

COLOURS = {"better": "tab:green", "worse": "tab:red", "undecided": "tab:gray", "lower": "tab:blue",
           "higher": "tab:orange"}


def figure_history(record):
    """Return a figure of a run's loss terms, or None for a record without steps.

    Parameters
    ----------
    record : dict
        From :func:`latentsampler.runtime.records.read_record`.

    Returns
    -------
    matplotlib.figure.Figure or None
        A line per column of its history.
    """
    rows = record["history"]
    if not rows or "step" not in rows[0]:
        return None
    figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
    for name in dict.fromkeys(name for row in rows for name in row if name != "step"):
        pairs = [(row["step"], row[name]) for row in rows if math.isfinite(row.get(name, math.nan))]
        axis.plot(*zip(*pairs, strict=True), label=name, color="black" if name == "valid" else None)
    axis.set(xlabel="step", title=record["id"], yscale="symlog")
    axis.legend(loc="upper right", fontsize=8)
    plt.close(figure)
    return figure


def figure_ablation(record, better=None):
    """Return a figure of an ablation: a panel per metric, a row per delta.

    Parameters
    ----------
    record : dict
        Of an ablation.
    better : dict, optional
        Metric -> ``"lower"`` or ``"higher"``; the chapter's ``BETTER`` by default.

    Returns
    -------
    matplotlib.figure.Figure
        Differences to the base with their 95 % intervals; gray where the interval holds zero.
    """
    config = record["config"]
    compared = compare(config, record["metrics"], better_of(config) if better is None else better)
    metrics = list(next(iter(compared.values())))
    figure, axes = plt.subplots(1, len(metrics), figsize=(1.5 + 2.6 * len(metrics), 1.2 + 0.35 * len(compared)),
                                sharey=True, layout="constrained", squeeze=False)
    for axis, metric in zip(axes[0], metrics, strict=True):
        axis.axvline(0.0, color="black", linewidth=0.8)
        for row, cells in enumerate(compared.values()):
            if (found := cells[metric]) is not None:
                axis.plot([found.low, found.high], [row, row], color=COLOURS[found.outcome])
                axis.plot(found.mean, row, "o", color=COLOURS[found.outcome])
        axis.set(xlabel=f"{metric}: delta - base", ylim=(len(compared) - 0.5, -0.5))
    axes[0, 0].set_yticks(range(len(compared)), list(compared))
    figure.suptitle("{chapter}/{base}, {n} seeds, 95 % intervals of paired differences".format(
        **record["config"], n=len(record["config"]["seeds"])), fontsize=10)
    plt.close(figure)
    return figure


def figure_study(record):
    """Return a figure of a search: trials in order with the best so far, and each field against the result.

    Parameters
    ----------
    record : dict
        Of a search.

    Returns
    -------
    matplotlib.figure.Figure
        Crosses are trials that were ended early, at the last ``valid`` they had.
    """
    trials, space = record["metrics"]["trials"], record["config"]["space"]
    last = {}
    for row in record["history"]:
        last[str(int(row["trial"]))] = row["valid"]
    columns = 1 + len(space)
    figure, axes = plt.subplots(1, columns, figsize=(2.6 * columns + 1, 3.2), sharey=True, layout="constrained")
    order = sorted(trials, key=int)  # JSON has them in the order of their letters
    done = [key for key in order if trials[key]["state"] == "COMPLETE"]
    _scatter(axes[0], trials, last, {key: int(key) for key in order})
    best = [min(trials[k]["valid"] for k in done[:n + 1]) for n in range(len(done))]
    axes[0].step([int(key) for key in done], best, where="post", color="black", linewidth=1, label="best so far")
    axes[0].set(xlabel="trial", ylabel="valid")
    axes[0].legend(fontsize=8)
    for axis, (field, (kind, *values)) in zip(axes[1:], space.items(), strict=True):
        places = {value: k for k, value in enumerate(values)}
        _scatter(axis, trials, last, {key: places[trials[key]["params"][field]] if kind == "choice"
                                      else trials[key]["params"][field] for key in order})
        axis.set_xlabel(field)
        if kind == "log":
            axis.set_xscale("log")
            axis.set_xticks(values, [f"{value:g}" for value in values])
            axis.minorticks_off()
        elif kind == "choice":
            axis.set_xticks(range(len(values)), [str(value) for value in values])
    plt.close(figure)
    return figure


def _scatter(axis, trials, last, places):
    for state, marker, colour in (("COMPLETE", "o", "tab:blue"), ("PRUNED", "x", "tab:gray")):
        keys = [key for key in places if trials[key]["state"] == state and key in last]
        axis.plot([places[key] for key in keys], [last[key] for key in keys], marker, color=colour)
    best = min((key for key in places if "valid" in trials[key]), key=lambda key: trials[key]["valid"], default=None)
    if best is not None:
        axis.plot(places[best], trials[best]["valid"], "*", color="tab:red", markersize=13)


RECORD_FIGURES = {"": {"history": figure_history}, "ablation": {"ablation": figure_ablation},
                  "search": {"study": figure_study}}
