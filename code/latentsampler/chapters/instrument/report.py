"""The instrument in the report: the map of the shipped model's notes."""

import matplotlib.pyplot as plt
import numpy as np

from latentsampler.contract import notemap
from latentsampler.runtime.latex import WIDTH


def figure_map(records):
    """Draw the codes of the shipped model's notes in both planes, coloured as in the patch."""
    codes = notemap.read(records.file("patch/generative.map.txt"))
    colours = np.array([[int(digit) / 9 for digit in f"{int(colour):03d}"] for colour in codes[:, 4]])
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 1.75), layout="constrained")
    for plane, axis in enumerate(axes):
        axis.scatter(codes[:, 2 * plane], codes[:, 2 * plane + 1], s=1.2, color=0.85 * colours, linewidth=0)
        axis.set(xlabel=f"$z_{2 * plane + 1}$", ylabel=f"$z_{2 * plane + 2}$", aspect="equal")
    return figure


FIGURES = {"map": figure_map}
