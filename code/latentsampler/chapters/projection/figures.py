"""Pictures and tables of the projection, each a function of records or of what is passed in.

Contents
--------
figure_space       the plane of two coordinates under each attribute
figure_slopes      the same plane on a grid: an attribute's slope against that of the best linear fit
figure_line        attributes along a straight line, with a linear fit of the whole and of each quarter
figure_sweep       the effect of one knob on all four attributes
figure_crosstalk   change of each attribute when each knob is turned, from a record
table_methods      all records as text
table_spaces       of the records that measure the latent space itself: disentanglement
"""

import matplotlib.pyplot as plt
import numpy as np

from latentsampler.attributes.targets import ATTRIBUTES, KNOBS
from latentsampler.runtime.records import read_records, table

COLUMNS = ("spearman", "monotone", "crosstalk", "crosstalk_mean", "drift_cents")
SPACES = ("interpretability", "scc", "mig", "sap", "modularity")


def figure_space(points, attributes, labels=("z1", "z2")):
    """Return a figure of points ``(n, 2)`` of a plane, coloured by each of four attributes ``(n, 4)`` in points."""
    figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained", sharex=True, sharey=True)
    for k, axis in enumerate(axes):
        low, high = np.nanquantile(attributes[:, k], [0.02, 0.98])
        dots = axis.scatter(points[:, 0], points[:, 1], c=attributes[:, k], s=9, cmap="viridis", vmin=low, vmax=high)
        figure.colorbar(dots, ax=axis, label=f"{ATTRIBUTES[k].__name__} (points)")
        axis.set(title=KNOBS[k], xlabel=labels[0])
    axes[0].set_ylabel(labels[1])
    return figure


def figure_slopes(grid, attributes):
    """Return a figure of where an attribute is nonlinear: its slope at each point of a grid of a plane.

    An arrow points where the attribute rises; its colour is the angle to the slope of the linear fit of all
    points. The titles give the share of variance that this fit explains, and that which the mean of a point's
    four neighbours predicts: where the second is larger, the attribute is smooth but nonlinear.

    Parameters
    ----------
    grid : numpy.ndarray
        ``(n,)`` coordinates, evenly apart, of both axes.
    attributes : numpy.ndarray
        ``(n, n, 4)`` points, first axis first.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each knob.
    """
    figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained", sharex=True, sharey=True)
    x, y = np.meshgrid(grid, grid, indexing="ij")
    for k, axis in enumerate(axes):
        values = attributes[:, :, k]
        known = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1)
        plane = np.linalg.lstsq(known, values.ravel(), rcond=None)[0]
        across, along = np.gradient(values, grid, grid)
        angle = np.degrees(np.arctan2(along, across) - np.arctan2(plane[1], plane[0]))
        angle = np.abs((angle + 180.0) % 360.0 - 180.0)
        arrows = axis.quiver(x, y, across, along, angle, cmap="magma", clim=(0, 180), width=0.008)
        inner = values[1:-1, 1:-1]
        near = (values[2:, 1:-1] + values[:-2, 1:-1] + values[1:-1, 2:] + values[1:-1, :-2]) / 4.0
        shares = (1.0 - np.var(values.ravel() - known @ plane) / np.var(values),
                  1.0 - np.var(inner - near) / np.var(inner))
        axis.set(title=KNOBS[k] + "\n{:.2f} plane, {:.2f} neighbours".format(*shares), xlabel="first coordinate")
    axes[0].set_ylabel("second coordinate")
    figure.colorbar(arrows, ax=axes, label="angle to the plane's slope (degrees)")
    return figure


def figure_line(positions, measured):
    """Return a figure of attributes ``(n, 4)`` at positions ``(n,)`` along a line of the space.

    Where an attribute is smooth, four short lines fit; where one long line does not, it is nonlinear. The titles give
    the share of variance that each explains.
    """
    figure, axes = plt.subplots(1, 4, figsize=(13, 3), layout="constrained", sharex=True)
    quarters = np.array_split(np.arange(len(positions)), 4)
    for k, axis in enumerate(axes):
        axis.plot(positions, measured[:, k], ".", color="black")
        whole, pieces = (straight(positions, measured[:, k], parts)
                         for parts in ([np.arange(len(positions))], quarters))
        axis.plot(positions, whole, "--", label="one line")
        for part in quarters:
            axis.plot(positions[part], pieces[part], color="tab:orange")
        shares = (1.0 - np.var(measured[:, k] - fit) / np.var(measured[:, k]) for fit in (whole, pieces))
        axis.set(title=KNOBS[k] + "\n{:.2f} straight, {:.2f} in quarters".format(*shares), xlabel="position (sd)")
    axes[0].set_ylabel("points")
    return figure


def straight(positions, values, parts):
    """Return the least-squares lines ``(n,)`` through values ``(n,)``, one for each of some parts (index arrays)."""
    fitted = np.empty(len(values))
    for part in parts:
        fitted[part] = np.polyval(np.polyfit(positions[part], values[part], 1), positions[part])
    return fitted


def figure_sweep(knob, positions, measured, deviations):
    """Return a figure of one sweep.

    Parameters
    ----------
    knob : int
        Which was turned.
    positions : numpy.ndarray
        ``(n,)`` of the knob.
    measured : numpy.ndarray
        ``(n, 4)`` points.
    deviations : sequence of float
        Four, in points, of the dataset.

    Returns
    -------
    matplotlib.figure.Figure
        Changes of all four attributes, in deviations.
    """
    figure, axis = plt.subplots(figsize=(5, 3), layout="constrained")
    for k, name in enumerate(KNOBS):
        axis.plot(positions, (measured[:, k] - measured[0, k]) / deviations[k], label=name, marker=".",
                  linewidth=2.5 if k == knob else 1.2)
    axis.set(xlabel=f"knob {KNOBS[knob]}", ylabel="change (deviations)")
    figure.legend(loc="outside right center")
    return figure


def figure_crosstalk(record):
    """Return a figure of the cross-talk matrix of a record: rows are knobs, columns attributes, in percent."""
    matrix = np.array([[1.0 if a == b else record["metrics"][f"crosstalk_{a}_{b}"] for b in KNOBS] for a in KNOBS])
    figure, axis = plt.subplots(figsize=(4, 3.4), layout="constrained")
    image = axis.imshow(100.0 * matrix, cmap="magma_r", vmin=0, vmax=100)
    for row, column in np.ndindex(4, 4):
        axis.text(column, row, f"{100 * matrix[row, column]:.0f}", ha="center", va="center",
                  color="white" if matrix[row, column] > 0.5 else "black")
    axis.set(xticks=range(4), xticklabels=[attribute.__name__ for attribute in ATTRIBUTES], yticks=range(4),
             yticklabels=KNOBS, ylabel="knob turned")
    axis.tick_params(axis="x", rotation=30)
    figure.colorbar(image, ax=axis, label="change, % of the knob's own")
    return figure


def table_methods(records=None):
    """Return the records of this chapter as text; the committed ones if none are given.

    Parameters
    ----------
    records : dict, optional
        From ``read_records``.

    Returns
    -------
    str
        A row per method; every figure is measured on rendered notes.
    """
    return table(read_records("projection") if records is None else records, COLUMNS)


def table_spaces(records=None):
    """Return how well single axes of each model's space predict the attributes, as text.

    Parameters
    ----------
    records : dict, optional
        From ``read_records``; the committed ones if none are given.

    Returns
    -------
    str
        A row per record that has such figures; all scores are at most 1, the best.
    """
    records = read_records("projection") if records is None else records
    found = {run: [{"metrics": {name: seed["metrics"][f"z_{name}"] for name in SPACES}} for seed in seeds]
             for run, seeds in records.items() if "z_scc" in seeds[0]["metrics"]}
    return table(found, SPACES)
