"""Figures and tables of the chapter, functions of records.

Contents
--------
figure_pattern   pattern -> grid of voices and steps
figure_control   record of a run -> how well every knob works
table_copies     record of a run -> copies by the model and by what needs no model, as rows
"""

import numpy as np

from latentsampler.chapters.rhythm.attributes import ATTRIBUTES
from latentsampler.chapters.rhythm.grid import VOICES

TITLES = {"mean": "one pattern for all", "nearest": "nearest training pattern", "pca": "PCA of the grid",
          "flat": "flat grid, mean velocity", "quantised": "quantised copy"}
COLUMNS = ("onset_f1", "onset_mcc", "velocity_mae", "timing_mae_steps", "timing_mae_ms")


def figure_pattern(pattern, title=""):
    """Draw a pattern: darker is louder, a mark's place within its step is its offset.

    Parameters
    ----------
    pattern : numpy.ndarray
        ``(3, 9, 32)``.
    title : str
        Above the grid.

    Returns
    -------
    matplotlib.figure.Figure
        With one axis.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 2), layout="constrained")
    voice, step = np.nonzero(pattern[0] > 0.5)
    axis.scatter(step + pattern[2, voice, step], voice, c=pattern[1, voice, step], cmap="Greys", vmin=-0.3, vmax=1.0,
                 marker="s", s=40)
    axis.set(xlim=(-1, 32), yticks=range(len(VOICES)), yticklabels=VOICES, xticks=range(0, 32, 4), title=title,
             xticklabels=range(1, 9), xlabel="beat")
    return figure


def figure_control(metrics):
    """Draw each knob's rank correlation with its own attribute, and the largest with another one.

    Parameters
    ----------
    metrics : dict
        Of a run's record.

    Returns
    -------
    matplotlib.figure.Figure
        With one axis.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(3.3, 1.9), layout="constrained")
    place = np.arange(len(ATTRIBUTES))
    axis.bar(place - 0.2, [metrics[f"spearman_{name}"] for name in ATTRIBUTES], 0.4, color="0.2", label="own")
    axis.bar(place + 0.2, [metrics[f"cross_talk_{name}"] for name in ATTRIBUTES], 0.4, color="0.7", label="another")
    axis.set(ylabel="Spearman", ylim=(0, 1), xticks=place)
    axis.set_xticklabels(ATTRIBUTES, rotation=30, ha="right")
    axis.legend(frameon=False, loc="center right")
    return figure


def table_copies(metrics):
    """Return rows (title, figures in the order of ``COLUMNS``): the model first, then what needs no model."""
    rows = [("rhythm.pt", [metrics[name] for name in COLUMNS])]
    return rows + [(title, [metrics["baselines"][key][name] for name in COLUMNS]) for key, title in TITLES.items()]
