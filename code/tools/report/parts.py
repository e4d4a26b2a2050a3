"""Tables, figures and worked-out numbers of the report by name, each a function of records.

Conventions
-----------
* A function takes ``make.Records``; a table is LaTeX (``tabular`` with booktabs), a figure fits one column.
* ``FILES`` are the committed files beside records that something here, or the text, shows.

Contents
--------
DERIVED, TABLES, FIGURES   name -> function, with those of ``comparisons`` and ``claims``
save                       a figure as PDF with embedded TrueType fonts
"""

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the backend comes first
import numpy as np  # noqa: E402
from latentsampler.contract import notemap  # noqa: E402

from tools.report import claims, comparisons  # noqa: E402
from tools.report.comparisons import ACCENT, DARK, PALE, WIDTH  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
TOY, MAP = ROOT / "toy" / "data" / "notes.csv", ROOT / "patch" / "generative.map.txt"
FILES = [TOY, MAP, ROOT / "patch" / "pictures" / "main.png"]
STYLE = {"font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 8, "axes.labelsize": 8,
         "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 7, "axes.linewidth": 0.6, "pdf.fonttype": 42,
         "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.0}


def save(figure, path):
    """Write a figure as PDF, the same bytes for the same figure."""
    with plt.rc_context(STYLE):  # the font type counts when it is written
        figure.savefig(path, metadata={"CreationDate": None, "Producer": None, "Creator": None})
    plt.close(figure)


def _styled(draw):
    def drawn(records):
        with plt.rc_context(STYLE):
            return draw(records)
    return drawn


def toy_table():
    """Return the rows of the toy set's committed table."""
    with open(TOY, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def figure_frontends(records):
    """Draw ceiling and Griffin-Lim figure of every front-end over its number of values; the chosen one marked."""
    study = records.read("dataset", "frontends")["metrics"]["front_ends"]
    figure, axis = plt.subplots(figsize=(WIDTH, 2.1), layout="constrained")
    for key, colour, label in (("griffin_lim_db", PALE, "Griffin–Lim"), ("ceiling_db", DARK, "ceiling")):
        axis.scatter([row["values"] / 1000 for row in study.values()], [row[key] for row in study.values()], s=14,
                     color=colour, label=label)
        axis.scatter([study["default"]["values"] / 1000], [study["default"][key]], s=60, facecolor="none",
                     edgecolor=ACCENT, linewidth=1.2)
    axis.set(xlabel="values per mel spectrogram (thousands)", ylabel="spectral convergence (dB)")
    axis.legend(frameon=False, loc="lower left")
    return figure


def figure_map(records):
    """Draw the codes of the shipped model's notes in both planes, coloured as in the patch."""
    codes = notemap.read(MAP)
    colours = np.array([[int(digit) / 9 for digit in f"{int(colour):03d}"] for colour in codes[:, 4]])
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 1.75), layout="constrained")
    for plane, axis in enumerate(axes):
        axis.scatter(codes[:, 2 * plane], codes[:, 2 * plane + 1], s=1.2, color=0.85 * colours, linewidth=0)
        axis.set(xlabel=f"$z_{2 * plane + 1}$", ylabel=f"$z_{2 * plane + 2}$", aspect="equal")
    return figure


DERIVED = {
    **comparisons.DERIVED, **claims.DERIVED,
    "toy notes": lambda records: len(toy_table()),
    "toy instruments": lambda records: len({row["Instrument (in full)"] for row in toy_table()}),
    "front-ends": lambda records: len(records.read("dataset", "frontends")["metrics"]["front_ends"]),
    "seconds": lambda records: (records.mean("autoencoder/wae:config/mel/hop_length")
                                * records.mean("autoencoder/wae:config/mel/n_frames")
                                / records.mean("autoencoder/wae:config/mel/sample_rate")),
}
TABLES = {**comparisons.TABLES, **claims.TABLES}
FIGURES = {name: _styled(draw) for name, draw in {"frontends": figure_frontends, "map": figure_map,
                                                  **comparisons.FIGURES}.items()}
