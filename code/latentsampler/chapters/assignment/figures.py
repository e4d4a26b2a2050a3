"""Pictures and tables of the chapter, each a function of records or of what is passed in.

Contents
--------
figure_matrix    a distance matrix with its assignment and an answer
figure_margins   share of exact answers over margins, from the record of methods
figure_sizes     share of exact answers over sizes, from the same
figure_paths     the strongest partial along a morph and a cross-fade
table_ablation   what each change does, from a record of an ablation
"""

import matplotlib.pyplot as plt
import numpy as np

from latentsampler.evaluation.comparison import compare
from latentsampler.experiments.ablation import better_of

METHODS = {"messages": "MessageNet", "min-sum x 24": "min-sum, 24 rounds", "published": "HungarianNet, published",
           "hungarian-2": "HungarianNet, ours", "exchangeable-10": "exchangeable", "hungarian-10": "HungarianNet, ours",
           "sinkhorn .02 x 50": "Sinkhorn .02, 50", "sinkhorn .005 x 500": "Sinkhorn .005, 500", "greedy": "greedy"}
STYLES = dict(zip(METHODS, ("C0-o", "C1--s", "C3-^", "C3:v", "C2-D", "C3:v", "C4-x", "C5-x", "C7-+"), strict=True))


def figure_matrix(distances, assignment, logits):
    """Return a figure of a matrix ``(R, C)``: distances, the optimal assignment, and probabilities of an answer."""
    figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
    shown = ((distances, "distances"), (assignment, "optimal assignment"), (1.0 / (1.0 + np.exp(-logits)), "answer"))
    for axis, (values, title) in zip(axes, shown, strict=True):
        axis.imshow(values, cmap="viridis")
        axis.set(title=title, xlabel="predictions", ylabel="references")
    return figure


def figure_margins(metrics, size=(3.45, 1.5)):
    """Return a figure of the share of exact answers by margin at size 2, from metrics of the record of methods."""
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    for name in ("messages", "min-sum x 24", "published", "sinkhorn .02 x 50", "greedy"):
        if name in metrics["margin"]:
            curve = metrics["margin"][name]
            axis.plot(range(len(curve)), list(curve.values()), STYLES[name], markersize=3, label=METHODS[name])
            axis.set_xticks(range(len(curve)), [label.removeprefix("from ") for label in curve])
    axis.set(xlabel="margin of the optimum: from ... on", ylabel="exact", ylim=(-0.02, 1.03))
    axis.legend(frameon=False, fontsize=6)
    return figure


def figure_sizes(metrics, size=(3.45, 2.1)):
    """Return a figure of the share of exact answers over sizes, from metrics of the record of methods."""
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    for name in METHODS:
        sizes = sorted(int(key.removeprefix("size")) for key in metrics.get(name, {}) if key.startswith("size"))
        if sizes:
            axis.plot(sizes, [metrics[name][f"size{n}"]["exact"] for n in sizes], STYLES[name], markersize=3,
                      label=METHODS[name])
    axis.set(xlabel="size", ylabel="exact", ylim=(-0.02, 1.03))
    handles = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    axis.legend(handles.values(), handles.keys(), frameon=False, fontsize=5)
    return figure


def figure_paths(report, size=(3.45, 1.8)):
    """Return a figure of the strongest partial along the steps of a morph and of a cross-fade."""
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    for name, style in (("morph", "C0-o"), ("crossfade", "C3:s"), ("latent", "C2--^")):
        if name in report:
            path = report[name]["strongest_hz"]
            axis.plot(range(1, len(path) + 1), path, style, markersize=3, label=name)
    axis.set(xlabel="step", ylabel="strongest partial (Hz)")
    axis.legend(frameon=False)
    return figure


def table_ablation(record, metrics=("f1_positive", "exact", "exact_full")):
    """Return what each change does to some metrics: name -> metric -> Difference, from a record of an ablation."""
    compared = compare(record["config"], record["metrics"], better_of(record["config"]))
    return {name: {metric: changes[metric] for metric in metrics} for name, changes in compared.items()}
