"""Comparisons in the report: tables of methods, differences with intervals, each a function of records.

Conventions
-----------
* A function takes ``make.Records``. Intervals are those of 95 %, by Student's t over seeds unless a record
  brings its own; a difference is taken seed by seed.

Contents
--------
DERIVED, TABLES, FIGURES   name -> function
Phrase, number             words, and an interval, as LaTeX
"""

from functools import partial
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from latentsampler.evaluation.statistics import paired_difference, t_interval

WIDTH = 3.45  # inches: one column
DARK, ACCENT, GOOD, PALE = "#303030", "#b03a2e", "#1f6f8b", "#9a9a9a"


def rows_of(head, rows, columns):
    """Return a table in the style of booktabs."""
    body = "\n".join(" & ".join(row) + r" \\" for row in rows)
    return f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{' & '.join(head)} \\\\\n\\midrule\n{body}\n\\bottomrule\n" \
           "\\end{tabular}\n"


LEGIBLE = {"Plain": "none (plain autoencoder)", "MMDInverseMultiquadratic": "MMD, inverse multiquadratic",
           "MMDGaussian": "MMD, Gaussian", "SlicedWasserstein": "sliced Wasserstein", "Sinkhorn": "Sinkhorn",
           "CramerWold": r"Cram\'er--Wold", "KullbackLeibler": "Kullback--Leibler (VAE)", "Beta": r"$\beta$-VAE",
           "BetaVAE": r"$\beta$-VAE", "TotalCorrelation": r"total correlation ($\beta$-TCVAE)", "InfoVAE": "InfoVAE",
           "JensenShannon": "geometric Jensen--Shannon", "Renyi": r"R\'enyi", "Adversarial": "critic (WAE-GAN)",
           "RAEDecay": "RAE, weight decay", "RAEGradient": "RAE, gradient", "FlowPrior": "flow prior",
           "VampPrior": "VampPrior", "PCA": "PCA", "PitchPCA": "PCA told the pitch", "PythaeVAE": "VAE (pythae)",
           "PythaeBetaVAE": r"$\beta$-VAE (pythae)", "PythaeWAE": "WAE (pythae)", "PythaeInfoVAE": "InfoVAE (pythae)"}


def named(name):
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


class Change(NamedTuple):
    """What a change does: mean difference, its interval, and the verdict where lower is better."""

    mean: float
    low: float
    high: float
    verdict: str


def change(mean, low, high):
    """Return a Change: worse or better where the interval excludes zero."""
    return Change(mean, low, high, "worse" if low > 0 else "better" if high < 0 else "undecided")


def ablations(records):
    """Return what each change of the default does to the held-out distance (dB), seed by seed: name -> Change."""
    metrics = records.read("autoencoder-benchmark", "ablation")["metrics"]
    names = dict.fromkeys(name.rpartition("/")[0] for name in metrics)
    return {name: change(*difference(metrics, (name, "lsd_db"), ("default", "lsd_db")))
            for name in names if name != "default"}


PARTS = {"iterations-0": "no iteration", "iterations-1": "1 iteration", "iterations-2": "2 iterations",
         "iterations-5": "5 iterations", "iterations-8": "8 iterations", "no-bend": "asked pitch only",
         "no-noise": "no noise phases", "in-phase": "harmonics in phase"}


def parts(records, source="clean"):
    """Return what each part of the vocoder does to spectral convergence (dB), over recordings: name -> Change."""
    found = records.read("vocoder-benchmark", "parts")["metrics"][source]
    return {title: change(*found[name]["sc_db"]) for name, title in PARTS.items() if name in found}


def figure_changes(records, changes, label):
    """Draw what each change does to one metric, with intervals; the best change first."""
    found = changes(records)
    order = sorted(found, key=lambda name: found[name].mean)
    figure, axis = plt.subplots(figsize=(WIDTH, 0.5 + 0.15 * len(order)), layout="constrained")
    _forest(axis, order, [found[name] for name in order])
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
    return rows_of(["trained on", *(f"on {title}" for title in sets.values())], rows, "lccc")


def table_divergences(records):
    """Return the table of regularisers at the first latent size, sorted by held-out distance.

    Means over seeds; the difference to the plain autoencoder, seed by seed, with its interval.
    """
    record = records.read("autoencoder-benchmark", "divergences")
    metrics, size = record["metrics"], record["config"]["sizes"][0]
    rows = []
    for method in dict.fromkeys(name.split("/")[0] for name in metrics):
        prefix = f"{method}/size{size}"
        mean = {name: np.mean(seeds_of(metrics, prefix, name)) for name in ("lsd_db", "sw2_effect", "prior_coverage")}
        against = "" if method == "Plain" else number(paired(metrics, method, size))
        rows.append((mean["lsd_db"], [named(method), f"${mean['lsd_db']:.2f}$", against, f"${mean['sw2_effect']:.1f}$",
                                      f"${mean['prior_coverage']:.2f}$"]))
    return rows_of(["regulariser", "LSD", "against none", "codes", "cover"], [row for _, row in sorted(rows)], "lcccc")


def paired(metrics, method, size, other="Plain", metric="lsd_db"):
    """Return the paired difference of two methods, by default to the plain one; one without seeds against each seed."""
    ours, theirs = (seeds_of(metrics, f"{name}/size{size}", metric) for name in (method, other))
    return paired_difference(ours * len(theirs) if len(ours) == 1 else ours, theirs)


def table_labels(records):
    """Return the table of few labels: accuracies in per cent on held-out recordings, by model and share of labels."""
    from latentsampler.chapters.autoencoder.studies.figures_labels import ACCURACIES, NAMES, values

    record = records.read("autoencoder-benchmark", "labels")
    percents = sorted(record["config"]["percents"])
    rows = [[f"{percent}", title, *(_with_interval(found, 0) for found in cells)]
            for percent in percents for name, title in NAMES.items()
            if percent < 100 or name not in ("only", "spread")
            if all(map(len, cells := [values(record, name, percent, metric) for metric in ACCURACIES]))]
    return rows_of([r"\%", "model", "instr.", "pitch", "dyn.", "mean"], rows, "rlcccc")


PLAYERS = {"shipped": "ours", "untrained": "ours, untrained", "griffin-lim-60": "Griffin--Lim, 60",
           "fast-griffin-lim-60": "fast Griffin--Lim, 60", "mcnn-published": "MCNN, as published"}


def table_vocoder(records):
    """Return the table of players: spectral convergence with its interval over recordings, tune, and speed."""
    record = benchmark_record(records)
    sets, timings = record["metrics"]["sets"], record["provenance"]["timings"]
    names = [name for name in ("recordings", "decoded", "toy") if name in sets]
    rows = []
    for player, title in PLAYERS.items():
        if player in sets["recordings"]:
            cells = [_bracketed(sets[name][player]["sc_1024_db"]) for name in names]
            tune = f"${100 * sets['recordings'][player]['cents_within_10'][0]:.0f}$"
            rows.append([title, *cells, tune, f"${timings[player]['times_griffin_lim_60']:.1f}$"])
    return rows_of(["from mels to sound", *(f"{name} (dB)" for name in names), r"in tune (\%)", "speed"], rows,
                 "l" + "c" * (len(names) + 2))


def benchmark_record(records):
    """Return the record that compares all ways from mel to sound: the full one, or else the small one."""
    full = (records.results / "vocoder-benchmark" / "full" / "seed0").is_dir()
    return records.read("vocoder-benchmark", "full" if full else "small")


def _bracketed(values, digits=1):
    value, low, high = values
    if not np.isfinite([low, high]).all():
        return f"${value:.{digits}f}$"
    return f"${value:.{digits}f}$ [${low:.{digits}f}$, ${high:.{digits}f}$]"


def difference(metrics, one, other):
    """Return the paired difference of two (run, metric) pairs over seeds, one - other, with its 95 % interval."""
    return tuple(paired_difference(seeds_of(metrics, *one), seeds_of(metrics, *other)))[:3]


def transfer(one, other):
    """Return a function of records: a difference between two cells (trained on, tested on) of the transfer table."""
    return lambda records: difference(records.read("autoencoder-benchmark", "transfer")["metrics"], one, other)


def _listed(cells, digits=2):
    """Return ``name (+0.12 [0.05, 0.19])`` of some differences, or "none"."""
    return ", ".join(f"{name} ({number(cell, digits)})" for name, cell in cells) or "none"


def told(changes, verdict):
    """Return a function of records: the changes with one verdict, the largest first, in words."""
    def listed(records):
        cells = [(name, cell) for name, cell in changes(records).items() if cell.verdict == verdict]
        return Phrase(_listed(sorted(cells, key=lambda pair: -abs(pair[1].mean))))
    return listed


def against_plain(sign, without=()):
    """Return a function of records: methods whose difference to the plain autoencoder has one sign, in words."""
    def listed(records):
        record = records.read("autoencoder-benchmark", "divergences")
        size, metrics = record["config"]["sizes"][0], record["metrics"]
        methods = dict.fromkeys(name.split("/")[0] for name in metrics)
        found = {method: paired(metrics, method, size) for method in methods
                 if not method.startswith(("Plain", *without))}
        kept = [(method, cell) for method, cell in found.items() if cell.low * sign > 0 and cell.high * sign > 0]
        return Phrase(", ".join(f"{named(method)} ({number(cell)})" for method, cell in
                                sorted(kept, key=lambda pair: -abs(pair[1].value))) or "none")
    return listed


def benchmark(method, metric):
    """Return a function of records: a method's mean over seeds in the benchmark of regularisers."""
    def mean(records):
        record = records.read("autoencoder-benchmark", "divergences")
        return float(np.mean(seeds_of(record["metrics"], f"{method}/size{record['config']['sizes'][0]}", metric)))
    return mean


def labels(model, percent, metric):
    """Return a function of records: mean accuracy in per cent of the study of few labels."""
    from latentsampler.chapters.autoencoder.studies.figures_labels import values

    return lambda records: float(values(records.read("autoencoder-benchmark", "labels"), model, percent, metric).mean())


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
    return rows_of(["knob", r"monotone (\%)", "range", "error", "cross-talk"], rows, "lcccc")


def _worst(found, name):
    return max(value for key, value in found.items() if key.startswith(f"crosstalk_{name}_"))


DERIVED = {
    **{f"ablation {verdict}": told(ablations, verdict) for verdict in ("worse", "better", "undecided")},
    **{f"parts {verdict}": told(parts, verdict) for verdict in ("worse", "better", "undecided")},
    "closer than plain": against_plain(-1), "farther than plain": against_plain(+1),
    "methods": lambda records: len(records.read("autoencoder-benchmark", "divergences")["config"]["methods"]),
    "pitch pca": benchmark("PitchPCA", "lsd_db"), "pca": benchmark("PCA", "lsd_db"),
    "plain": benchmark("Plain", "lsd_db"), "plain codes": benchmark("Plain", "sw2_effect"),
    "mmd codes": benchmark("MMDInverseMultiquadratic", "sw2_effect"),
    "mmd held": benchmark("MMDInverseMultiquadratic", "mmd2_effect"),
    "mmd trained": benchmark("MMDInverseMultiquadratic", "train_mmd2_effect"),
    "vae codes": benchmark("KullbackLeibler", "sw2_effect"),
    "pitch of spread 1": labels("spread", 1, "pitch"), "mean of spread 10": labels("spread", 10, "mean"),
    "mean of known 10": labels("known", 10, "mean"), "mean of only 10": labels("only", 10, "mean"),
    "mean of known 100": labels("known", 100, "mean"), "mean of probe 10": labels("probe", 10, "mean"),
    "parts decoded": lambda records: max(abs(cell.mean) for cell in parts(records, "decoded").values()),
    "vocoder whole": lambda records: tuple(
        records.read("vocoder-benchmark", "parts")["metrics"]["clean"]["whole"]["sc_db"]),
    "vocoder decoded": lambda records: tuple(
        records.read("vocoder-benchmark", "parts")["metrics"]["decoded"]["whole"]["sc_db"]),
    "both against soundfont, on soundfont": transfer(("both", "soundfont"), ("soundfont", "soundfont")),
    "toy against soundfont, on soundfont": transfer(("toy", "soundfont"), ("soundfont", "soundfont")),
    "soundfont against toy, on toy": transfer(("soundfont", "toy"), ("toy", "toy")),
}
TABLES = {"transfer": table_transfer, "divergences": table_divergences, "labels": table_labels,
          "vocoder": table_vocoder, "knob-by-knob": table_knob_by_knob}
FIGURES = {
    "ablation": partial(figure_changes, changes=ablations, label="change of log-spectral distance (dB)"),
    "parts": partial(figure_changes, changes=parts, label="change of spectral convergence (dB)"),
}
