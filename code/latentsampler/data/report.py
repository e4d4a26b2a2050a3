"""The notes in the report: front-ends and counts of the toy set."""

import csv

import matplotlib.pyplot as plt

from latentsampler.runtime.latex import ACCENT, DARK, PALE, WIDTH


def toy_table(records):
    """Return the rows of the toy set's committed table."""
    with open(records.file("toy/data/notes.csv"), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def front_ends(records):
    """Return the figures of every front-end of the recorded study, by name."""
    return records.read("dataset", "frontends")["metrics"]["front_ends"]


def seconds(records):
    """Return the length of a note in seconds."""
    hop, frames, rate = (records.mean(f"autoencoder/wae:config/mel/{name}")
                         for name in ("hop_length", "n_frames", "sample_rate"))
    return hop * frames / rate


def figure_frontends(records):
    """Draw ceiling and Griffin-Lim figure of every front-end over its number of values; the chosen one marked."""
    study = front_ends(records)
    figure, axis = plt.subplots(figsize=(WIDTH, 2.1), layout="constrained")
    for key, colour, label in (("griffin_lim_db", PALE, "Griffin–Lim"), ("ceiling_db", DARK, "ceiling")):
        axis.scatter([row["values"] / 1000 for row in study.values()], [row[key] for row in study.values()], s=14,
                     color=colour, label=label)
        axis.scatter([study["default"]["values"] / 1000], [study["default"][key]], s=60, facecolor="none",
                     edgecolor=ACCENT, linewidth=1.2)
    axis.set(xlabel="values per mel spectrogram (thousands)", ylabel="spectral convergence (dB)")
    axis.legend(frameon=False, loc="lower left")
    return figure


DERIVED = {
    "toy notes": lambda records: len(toy_table(records)),
    "toy instruments": lambda records: len({row["Instrument (in full)"] for row in toy_table(records)}),
    "front-ends": lambda records: len(front_ends(records)),
    "seconds": seconds,
}
FIGURES = {"frontends": figure_frontends}
