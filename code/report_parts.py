"""Tables, figures and worked-out numbers of the report, each a function of records.

Conventions
-----------
* A function takes ``make_report.Records``; a table is LaTeX (``tabular`` with booktabs), a figure fits one column.
* ``FILES`` are the committed files beside records that something here reads.

Contents
--------
DERIVED, TABLES, FIGURES   name -> function
save                       a figure as PDF with embedded TrueType fonts
"""

import csv
from functools import partial
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the backend comes first
import numpy as np  # noqa: E402
from latentsampler.statistics import paired_difference, t_interval  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
TOY, MAP = ROOT / "toy" / "data" / "notes.csv", ROOT / "patch" / "generative.map.txt"
FILES = [TOY, MAP]
WIDTH = 3.45  # inches: one column
STYLE = {"font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 8, "axes.labelsize": 8,
         "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 7, "axes.linewidth": 0.6, "pdf.fonttype": 42,
         "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.0}
DARK, ACCENT, GOOD, PALE = "#303030", "#b03a2e", "#1f6f8b", "#9a9a9a"


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


def _rows(head, rows, columns):
    body = "\n".join(" & ".join(row) + r" \\" for row in rows)
    return f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{' & '.join(head)} \\\\\n\\midrule\n{body}\n\\bottomrule\n" \
           "\\end{tabular}\n"


# ---- data


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
    codes, colours = [], []
    for line in MAP.read_text().splitlines():
        *point, colour = line.rstrip(";").split()
        codes.append([float(value) for value in point])
        colours.append([int(digit) / 9 for digit in f"{int(colour):03d}"])
    codes, colours = np.array(codes), np.array(colours)
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 1.75), layout="constrained")
    for plane, axis in enumerate(axes):
        axis.scatter(codes[:, 2 * plane], codes[:, 2 * plane + 1], s=1.2, color=0.85 * colours, linewidth=0)
        axis.set(xlabel=f"$z_{2 * plane + 1}$", ylabel=f"$z_{2 * plane + 2}$", aspect="equal")
    return figure


# ---- comparisons

LEGIBLE = {"Plain": "none (plain autoencoder)", "MMDInverseMultiquadratic": "MMD, inverse multiquadratic",
           "MMDGaussian": "MMD, Gaussian", "SlicedWasserstein": "sliced Wasserstein", "Sinkhorn": "Sinkhorn",
           "CramerWold": r"Cram\'er--Wold", "KullbackLeibler": "Kullback--Leibler (VAE)", "Beta": r"$\beta$-VAE",
           "BetaVAE": r"$\beta$-VAE", "TotalCorrelation": r"total correlation ($\beta$-TCVAE)", "InfoVAE": "InfoVAE",
           "JensenShannon": "geometric Jensen--Shannon", "Renyi": r"R\'enyi", "Adversarial": "critic (WAE-GAN)",
           "RAEDecay": "RAE, weight decay", "RAEGradient": "RAE, gradient", "FlowPrior": "flow prior",
           "VampPrior": "VampPrior"}


def _named(name):
    """Return a method's name as readers know it; a name not listed above, word by word."""
    return LEGIBLE.get(name) or "".join(f" {c}" if c.isupper() and k else c for k, c in enumerate(name))


def _with_interval(values, digits=2):
    """Return mean and half of the 95 % interval (Student's t) of a few seeds, as LaTeX."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return f"${values.mean():.{digits}f}$"
    interval = t_interval(values)
    return f"${interval.value:.{digits}f} \\pm {(interval.high - interval.low) / 2:.{digits}f}$"


def seeds_of(metrics, prefix, metric):
    """Return a metric of the runs ``<prefix>/seed<k>`` of a record that holds many, by seed."""
    found = {int(name.rpartition("seed")[2]): figures[metric] for name, figures in metrics.items()
             if name.rpartition("/seed")[0] == prefix and metric in figures}
    return [found[seed] for seed in sorted(found)]


def figure_ablation(records, run, metric, label):
    """Draw what each change of a default does to one metric, with intervals; the best change first."""
    from latentsampler.experiments.ablation import compare

    record = records.read("ablation", run)
    compared = {name: cells.get(metric) for name, cells in
                compare(record["config"], record["metrics"], {metric: "lower"}).items()}
    compared = {name: cell for name, cell in compared.items() if cell is not None}
    order = sorted(compared, key=lambda name: compared[name].mean)
    figure, axis = plt.subplots(figsize=(WIDTH, 0.5 + 0.155 * len(order)), layout="constrained")
    _forest(axis, order, [compared[name] for name in order])
    axis.set_xlabel(label)
    return figure


def _forest(axis, names, differences):
    """Draw differences with their intervals, one row a name; those whose interval excludes zero in colour."""
    colours = {"undecided": PALE, "worse": ACCENT, "better": GOOD}
    for row, difference in enumerate(differences):
        axis.plot([difference.low, difference.high], [row, row], color=colours[difference.verdict])
        axis.plot([difference.mean], [row], marker="o", markersize=3, color=colours[difference.verdict])
    axis.axvline(0.0, color=DARK, linewidth=0.5)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()


def table_transfer(records):
    """Return the table of training sets by test sets: held-out log-spectral distance."""
    metrics = records.read("autoencoder-benchmark", "transfer")["metrics"]
    sets = {"soundfont": "SoundFont", "toy": "toy", "both": "both"}
    rows = [[title, *(_with_interval(seeds_of(metrics, name, other)) for other in sets)]
            for name, title in sets.items()]
    return _rows(["trained on", *(f"on {title}" for title in sets.values())], rows, "lccc")


COLUMNS = {"lsd_db": ("LSD (dB)", 2), "sw2_effect": ("codes", 1), "known_knn_instrument": ("instr.", 2),
           "mig": ("MIG", 2), "prior_coverage": ("cover", 2)}


def table_divergences(records):
    """Return the table of regularisers at four latent dimensions, sorted by held-out distance."""
    record = records.read("autoencoder-benchmark", "divergences")
    size = record["config"]["sizes"][0]
    methods = dict.fromkeys(name.split("/")[0] for name in record["metrics"])
    first = next(iter(record["metrics"].values()))
    columns = {name: about for name, about in COLUMNS.items() if name in first}
    found = {method: {name: seeds_of(record["metrics"], f"{method}/size{size}", name) for name in columns}
             for method in methods}
    found = {method: cells for method, cells in found.items() if cells["lsd_db"]}
    rows = [[_named(method), *(_with_interval(cells[name], columns[name][1]) for name in columns)]
            for method, cells in sorted(found.items(), key=lambda pair: np.mean(pair[1]["lsd_db"]))]
    return _rows(["regulariser", *(title for title, _ in columns.values())], rows, "l" + "c" * len(columns))


KNOB_RUNS = {"knobs": "closed loop, with handles", "latent": "closed loop, $z$ alone", "flow": "flow",
             "linear": "linear inverse", "regularised-axes": "AR axes", "conditional": "conditional"}


def table_knobs(records):
    """Return the table of ways to turn four perceptual knobs, measured on the waveform."""
    found = {name: runs[0]["metrics"] for name, runs in records.read_all("projection").items() if name in KNOB_RUNS}
    rows = [[title, f"${found[name]['spearman']:.2f}$", f"${100 * found[name]['monotone']:.0f}$",
             f"${found[name]['crosstalk_mean']:.2f}$", f"${found[name]['drift_cents']:.0f}$"]
            for name, title in KNOB_RUNS.items() if name in found]
    return _rows(["way", r"$\rho$", r"mon.\ (\%)", "cross-talk", "drift (ct)"], rows, "lcccc")


def difference(metrics, one, other):
    """Return the paired difference of two (run, metric) pairs over seeds, one - other, with its 95 % interval."""
    return tuple(paired_difference(seeds_of(metrics, *one), seeds_of(metrics, *other)))[:3]


def transfer(one, other):
    """Return a function of records: a difference between two cells (trained on, tested on) of the transfer table."""
    return lambda records: difference(records.read("autoencoder-benchmark", "transfer")["metrics"], one, other)


DERIVED = {
    "both against soundfont, on soundfont": transfer(("both", "soundfont"), ("soundfont", "soundfont")),
    "toy against soundfont, on soundfont": transfer(("toy", "soundfont"), ("soundfont", "soundfont")),
    "soundfont against toy, on toy": transfer(("soundfont", "toy"), ("toy", "toy")),
    "toy notes": lambda records: len(toy_table()),
    "toy instruments": lambda records: len({row["Instrument (in full)"] for row in toy_table()}),
    "front-ends": lambda records: len(records.read("dataset", "frontends")["metrics"]["front_ends"]),
    "seconds": lambda records: (records.mean("autoencoder/wae:config/mel/hop_length")
                                * records.mean("autoencoder/wae:config/mel/n_frames")
                                / records.mean("autoencoder/wae:config/mel/sample_rate")),
}
TABLES = {"transfer": table_transfer, "divergences": table_divergences, "knobs": table_knobs}
FIGURES = {
    "frontends": _styled(figure_frontends), "map": _styled(figure_map),
    "ablation": _styled(partial(figure_ablation, run="autoencoder-wae-reduced", metric="lsd_db",
                                label="change of log-spectral distance (dB)")),
    "ablation-vocoder": _styled(partial(figure_ablation, run="vocoder-harmonic", metric="sc_db",
                                        label="change of spectral convergence (dB)")),
}
