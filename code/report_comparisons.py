"""Comparisons in the report: tables of methods, differences with intervals, each a function of records.

Conventions
-----------
* A function takes ``make_report.Records``. Intervals are those of 95 %, by Student's t over seeds unless a record
  brings its own; a difference is taken seed by seed.

Contents
--------
DERIVED, TABLES, FIGURES   name -> function
Phrase, number             words, and an interval, as LaTeX
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from latentsampler.statistics import paired_difference, t_interval

WIDTH = 3.45  # inches: one column
DARK, ACCENT, GOOD, PALE = "#303030", "#b03a2e", "#1f6f8b", "#9a9a9a"


def _rows(head, rows, columns):
    body = "\n".join(" & ".join(row) + r" \\" for row in rows)
    return f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{' & '.join(head)} \\\\\n\\midrule\n{body}\n\\bottomrule\n" \
           "\\end{tabular}\n"


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


def table_labels(records):
    """Return the table of few labels: accuracies in per cent on held-out recordings, by model and share of labels."""
    from latentsampler.autoencoder.figures_labels import ACCURACIES, NAMES, values

    record = records.read("autoencoder-benchmark", "labels")
    percents = sorted(record["config"]["percents"])
    rows = [[f"{percent}", title, *(_with_interval(found, 0) for found in cells)]
            for percent in percents for name, title in NAMES.items()
            if percent < 100 or name not in ("only", "spread")
            if all(map(len, cells := [values(record, name, percent, metric) for metric in ACCURACIES]))]
    return _rows([r"\%", "model", "instr.", "pitch", "dyn.", "mean"], rows, "rlcccc")


PLAYERS = {"shipped": "ours", "untrained": "ours, untrained", "griffin-lim-60": "Griffin--Lim, 60",
           "fast-griffin-lim-60": "fast Griffin--Lim, 60", "mcnn-published": "MCNN, as published"}


def table_vocoder(records):
    """Return the table of players: spectral convergence with its interval over recordings, tune, and speed."""
    record = records.read("vocoder-benchmark", "full")
    sets, timings = record["metrics"]["sets"], record["provenance"]["timings"]
    names = [name for name in ("recordings", "decoded", "toy") if name in sets]
    rows = []
    for player, title in PLAYERS.items():
        if player in sets["recordings"]:
            cells = [_bracketed(sets[name][player]["sc_1024_db"]) for name in names]
            tune = f"${100 * sets['recordings'][player]['cents_within_10'][0]:.0f}$"
            rows.append([title, *cells, tune, f"${timings[player]['times_griffin_lim_60']:.1f}$"])
    return _rows(["from mels to sound", *(f"{name} (dB)" for name in names), r"in tune (\%)", "speed"], rows,
                 "l" + "c" * (len(names) + 2))


def _bracketed(values, digits=1):
    value, low, high = values
    if not np.isfinite([low, high]).all():
        return f"${value:.{digits}f}$"
    return f"${value:.{digits}f}$ [${low:.{digits}f}$, ${high:.{digits}f}$]"


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


def _listed(cells, digits=2):
    """Return ``name (+0.12 [0.05, 0.19])`` of some differences, or "none"."""
    return ", ".join(f"{name} ({number(cell, digits)})" for name, cell in cells) or "none"


def ablation(run, metric, verdict):
    """Return a function of records: the changes of an ablation with one verdict, the largest first."""
    def listed(records):
        from latentsampler.experiments.ablation import compare

        record = records.read("ablation", run)
        cells = [(name, found[metric]) for name, found in compare(
            record["config"], record["metrics"], {metric: "lower"}).items() if found.get(metric) is not None]
        return Phrase(_listed(sorted([(name, cell) for name, cell in cells if cell.verdict == verdict],
                                     key=lambda pair: -abs(pair[1].mean))))
    return listed


def against_plain(metric, sign):
    """Return a function of records: regularisers whose paired difference to the plain autoencoder has one sign."""
    def listed(records):
        record = records.read("autoencoder-benchmark", "divergences")
        size, metrics = record["config"]["sizes"][0], record["metrics"]
        found = []
        for method in dict.fromkeys(name.split("/")[0] for name in metrics):
            pair = [seeds_of(metrics, f"{name}/size{size}", metric) for name in (method, "Plain")]
            count = min(map(len, pair))
            if method != "Plain" and count > 1:
                interval = paired_difference(pair[0][:count], pair[1][:count])
                if interval.low * sign > 0 and interval.high * sign > 0:
                    found.append((abs(interval.value), f"{_named(method)} ({number(interval)})"))
        return Phrase(", ".join(text for _, text in sorted(found, reverse=True)) or "none")
    return listed


def number(interval, digits=2):
    """Return ``+0.12 [0.05, 0.19]`` as LaTeX."""
    return "${:+.{d}f}$ [${:.{d}f}$, ${:.{d}f}$]".format(*interval[:3], d=digits)


class Phrase(str):
    """Words that are LaTeX already."""


def table_knob_by_knob(records):
    """Return the table of the shipped knobs: what turning each does to its attribute, measured on the waveform."""
    found = records.read("projection", "knobs")["metrics"]
    rows = [["\\emph{" + name + "}", f"${100 * found[f'monotone_{name}']:.0f}$", f"${found[f'range_{name}']:.1f}$",
             f"${found[f'error_{name}']:.1f}$", f"${_worst(found, name):.2f}$"]
            for name in ("deep", "bright", "hard", "dirty")]
    return _rows(["knob", r"monotone (\%)", "range", "error", "cross-talk"], rows, "lcccc")


def _worst(found, name):
    return max(value for key, value in found.items() if key.startswith(f"crosstalk_{name}_"))


DERIVED = {
    **{f"ablation {verdict}": ablation("autoencoder-wae-reduced", "lsd_db", verdict) for verdict in
       ("worse", "better", "undecided")},
    **{f"vocoder ablation {verdict}": ablation("vocoder-harmonic", "sc_db", verdict) for verdict in
       ("worse", "better", "undecided")},
    "closer than plain": against_plain("lsd_db", -1), "farther than plain": against_plain("lsd_db", +1),
    "both against soundfont, on soundfont": transfer(("both", "soundfont"), ("soundfont", "soundfont")),
    "toy against soundfont, on soundfont": transfer(("toy", "soundfont"), ("soundfont", "soundfont")),
    "soundfont against toy, on toy": transfer(("soundfont", "toy"), ("toy", "toy")),
}
TABLES = {"transfer": table_transfer, "divergences": table_divergences, "knobs": table_knobs, "labels": table_labels,
          "vocoder": table_vocoder, "knob-by-knob": table_knob_by_knob}
FIGURES = {
    "ablation": partial(figure_ablation, run="autoencoder-wae-reduced", metric="lsd_db",
                        label="change of log-spectral distance (dB)"),
    "ablation-vocoder": partial(figure_ablation, run="vocoder-harmonic", metric="sc_db",
                                label="change of spectral convergence (dB)"),
}
