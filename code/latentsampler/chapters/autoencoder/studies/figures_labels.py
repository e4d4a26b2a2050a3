"""What the study of few labels found: its table, what was aimed at, and its picture, from the record.

Contents
--------
NAMES           the models, as the table names them
values          record, model, per cent, metric -> one number per seed
table_labels    the table as text
goals           what was aimed at, and by how much it was reached or missed
figure_labels   accuracies over the share of labels
"""

import matplotlib.pyplot as plt
import numpy as np

from latentsampler.chapters.autoencoder.studies.label_study import LABELS
from latentsampler.evaluation.statistics import paired_difference

NAMES = {"only": "labelled only", "probe": "probe", "known": "marginalised", "spread": "spread"}
ACCURACIES = (*LABELS, "mean")
POINTS = 3.0  # the goal: so close to all labels


def values(record, model, percent, metric):
    """Return one number per seed of a model at a share of labels.

    Parameters
    ----------
    record : dict
        From ``records.read_record``.
    model : str
        A key of ``NAMES``; with all labels "only" and "spread" are "known".
    percent : int
        Notes with labels.
    metric : str
        A label, "mean" of them (accuracies in per cent), or another figure of a cell.

    Returns
    -------
    numpy.ndarray
        ``(seeds,)``.
    """
    share, name = percent, metric
    if model == "probe":  # one training, probed with every share
        share, name = 0, f"{metric}_{percent}" if metric in ACCURACIES else metric
    elif percent == 100:
        model = "known"
    found = np.array([figures[name] for cell, figures in record["metrics"].items()
                      if cell.startswith(f"{model}/labels{share}/")])
    return 100.0 * found if metric in ACCURACIES else found


def table_labels(record):
    """Return the table of a record: a row per share and model, mean over seeds and deviation.

    Parameters
    ----------
    record : dict
        From ``records.read_record``.

    Returns
    -------
    str
        Accuracies in per cent, distance in dB, agreement with the prior as a multiple of chance.
    """
    columns = (*ACCURACIES, "lsd_db", "mmd2_effect")
    lines = [f"{'labels':>7s}  {'model':14s}" + "".join(f"{column:>16s}" for column in columns)]
    for percent in record["config"]["percents"]:
        for model in NAMES if percent < 100 else ("probe", "known"):
            label = "all known" if percent == 100 and model == "known" else NAMES[model]
            cells = [_cell(values(record, model, percent, column)) for column in columns]
            lines.append(f"{percent:5d} %  {label:14s}" + "".join(f"{cell:>16s}" for cell in cells))
    return "\n".join(lines)


def _cell(numbers):
    return f"{numbers.mean():.1f}" + (f" +- {numbers.std(ddof=1):.1f}" if len(numbers) > 1 else "")


def goals(record, percent=10):
    """Return in sentences how far few labels reach, and what the unlabelled notes add.

    Parameters
    ----------
    record : dict
        From ``records.read_record``.
    percent : int
        Which share is few.

    Returns
    -------
    str
        A line per label and for their mean.
    """
    covered = 100.0 * values(record, "spread", percent, "covered").mean()
    lines = [f"With {percent} % of the labels; {covered:.0f} % of the other notes are of a recording with a label."]
    for metric in ACCURACIES:
        spread, whole = values(record, "spread", percent, metric), values(record, "known", 100, metric)
        gap, gain = whole.mean() - spread.mean(), spread - values(record, "only", percent, metric)
        reached = "within" if gap <= POINTS else "not within"
        lines.append(f"{metric:11s} {gap:5.1f} points below all labels ({reached} {POINTS:g}), "
                     f"{gain.mean():+5.1f} by the unlabelled notes ({_interval(gain)})")
    return "\n".join(lines)


def _interval(differences):
    if len(differences) < 2:
        return "one seed"
    found = paired_difference(differences, np.zeros_like(differences))
    return f"95 %: {found.low:+.1f} to {found.high:+.1f}"


def figure_labels(record):
    """Return a figure of accuracies over the share of labels, a panel per label, with the range over seeds.

    Parameters
    ----------
    record : dict
        From ``records.read_record``.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels.
    """
    percents = record["config"]["percents"]
    figure, axes = plt.subplots(1, len(LABELS), figsize=(10, 3.2), sharey=True, layout="constrained")
    for axis, label in zip(axes, LABELS, strict=True):
        for model, name in NAMES.items():
            numbers = np.array([values(record, model, percent, label) for percent in percents])  # (shares, seeds)
            axis.plot(percents, numbers.mean(axis=1), marker="o", label=name)
            axis.fill_between(percents, numbers.min(axis=1), numbers.max(axis=1), alpha=0.15)
        axis.set(title=label, xscale="log", xlabel="notes with labels (%)")
        axis.set_xticks(percents, [str(percent) for percent in percents])
    axes[0].set_ylabel("accuracy, held-out recordings (%)")
    axes[0].legend(fontsize=8)
    return figure
