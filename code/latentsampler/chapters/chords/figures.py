"""Pictures and tables of the chapter, each a function of records or of what is passed in.

Contents
--------
table_prediction   the study over five splits, the published figures beside it
table_codes        what comes back, and what samples are like
figure_positions   accuracy by beat ahead
figure_plane       which chord a progression begins with, over the plane of a circle
figure_roll        notes over time
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from latentsampler.chapters.chords import studies
from latentsampler.chapters.chords.alphabet import NONE, spell

# accuracy on A1 by beat ahead, as given for the method of Carsault et al., MLSP 2019
POSITIONS = (0.745, 0.53, 0.44, 0.35, 0.32, 0.29, 0.28, 0.28)
CODES = {"vae_accuracy": "beats that come back (A3)", "vae_whole": "pieces without a mistake",
         "code_deviation": "mean deviation of the codes", "sample_ratio": "perplexity of samples / of songs",
         "longest_copy": "longest copy in 64 drawn beats", "step_changes_p95": "chords that change in a step, 95 %",
         "step_within_2": "steps that change at most two chords"}


def table_prediction(record):
    """Return the table of the study over five splits as text."""
    return studies.table(record)


def table_codes(record):
    """Return the figures of codes and samples of a run as text."""
    return "\n".join(f"{text:40s}{record['metrics'][name]:10.3g}" for name, text in CODES.items())


def figure_positions(record):
    """Return a figure of the accuracy on A1 by beat ahead, as the reference asks it, beside the reference's."""
    figure, axis = plt.subplots(figsize=(4.5, 2.6), layout="constrained")
    ahead = np.arange(1, 9)
    axis.plot(ahead, [record["metrics"][f"position_{k}"] for k in ahead], marker="o", label="this model")
    axis.plot(ahead, POSITIONS, marker="s", linestyle="--", label="published")
    axis.set(xlabel="beats ahead", ylabel="accuracy (A1)", ylim=(0, 1))
    axis.legend()
    return figure


def figure_plane(module, points=25, limit=2.5):
    """Return a figure of the first plane of a ``chords.pt``: the root with which the progression of a point begins."""
    line = torch.linspace(-limit, limit, points)
    x, y = torch.meshgrid(line, line, indexing="xy")
    controls = torch.stack([x.flatten(), y.flatten()], 1)  # (points^2, 2): the others are at their defaults
    with torch.no_grad():
        first = module.symbols(controls)[:, 0]
    root = torch.where(first == NONE, -1, first // 14).view(points, points).numpy()
    figure, axis = plt.subplots(figsize=(4, 3.4), layout="constrained")
    axis.imshow(np.ma.masked_less(root, 0), origin="lower", extent=(-limit, limit) * 2, cmap="twilight", vmin=0,
                vmax=12)
    for index in np.linspace(0, points - 1, 5).astype(int):
        for other in np.linspace(0, points - 1, 5).astype(int):
            axis.text(line[other] * 0.9, line[index] * 0.9, spell(first.view(points, points)[index, other]),
                      ha="center", va="center", fontsize=7)
    axis.set(xlabel="circle 1 x", ylabel="circle 1 y")
    return figure


def figure_roll(notes):
    """Return a piano roll of notes ``(M, 4)``: beat, pitch, velocity, length."""
    figure, axis = plt.subplots(figsize=(7, 2.4), layout="constrained")
    axis.barh(notes[:, 1], notes[:, 3], left=notes[:, 0], height=0.9, color=plt.cm.Blues(0.3 + 0.7 * notes[:, 2]))
    axis.set(xlabel="beat", ylabel="MIDI note")
    return figure
