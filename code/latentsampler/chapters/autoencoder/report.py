"""The autoencoder in the report: regularisers, one-change ablation, few labels, transfer between sets, search.

Contents
--------
divergences, row, paired, best_own           the benchmark of regularisers, as numbers
table_divergences, closer, farther           the same as a table, and which differences hold
ablations, largest_ablation                  what each change of the default does
table_labels, accuracy                       the study of few labels
table_transfer, transfer                     training sets by test sets
best_trial                                   the recorded search
TABLES, FIGURES, DERIVED                     what the report's sources may name
"""

import numpy as np

from latentsampler.chapters.autoencoder.studies import figures_labels
from latentsampler.evaluation.changes import (
    change,
    difference,
    figure_changes,
    listed,
    mean_with_interval,
    seeds_of,
)
from latentsampler.evaluation.statistics import paired_difference
from latentsampler.runtime.latex import Phrase, count, signed, tabular, trained_on

NAMES = {"Plain": "none (plain autoencoder)", "MMDInverseMultiquadratic": "MMD, inverse multiquadratic",
         "MMDGaussian": "MMD, Gaussian", "SlicedWasserstein": "sliced Wasserstein", "Sinkhorn": "Sinkhorn",
         "CramerWold": r"Cram\'er--Wold", "KullbackLeibler": "Kullback--Leibler (VAE)", "Beta": r"$\beta$-VAE",
         "BetaVAE": r"$\beta$-VAE", "TotalCorrelation": r"total correlation ($\beta$-TCVAE)", "InfoVAE": "InfoVAE",
         "JensenShannon": "geometric Jensen--Shannon", "Renyi": r"R\'enyi", "Adversarial": "critic (WAE-GAN)",
         "RAEDecay": "RAE, weight decay", "RAEGradient": "RAE, gradient", "FlowPrior": "flow prior",
         "VampPrior": "VampPrior", "PCA": "PCA", "PitchPCA": "PCA given the pitch", "PythaeVAE": "VAE (pythae)",
         "PythaeBetaVAE": r"$\beta$-VAE (pythae)", "PythaeWAE": "WAE (pythae)", "PythaeInfoVAE": "InfoVAE (pythae)"}
BASELINES = ("PCA", "PitchPCA", "Pythae")  # in the benchmark of regularisers, and not our autoencoders
SETS = {"soundfont": "SoundFont", "toy": "toy", "both": "both"}
SEARCHED = {"encoder_noise": "noise on the codes", "reconstruction.l1": "weight of $L_1$",
            "schedule.learning_rate": "learning rate", "width": "width"}


def named(name):
    """Return a method's name as readers know it; a name not listed above, word by word."""
    return NAMES.get(name) or "".join(f" {c}" if c.isupper() and k else c for k, c in enumerate(name))


def divergences(records):
    """Return metrics of the benchmark of regularisers, its first latent size, and its methods."""
    record = records.read("autoencoder-benchmark", "divergences")
    methods = list(dict.fromkeys(name.split("/")[0] for name in record["metrics"]))
    return record["metrics"], record["config"]["sizes"][0], methods


def row(method, metric):
    """Return a function of records: a method's mean over seeds in the benchmark of regularisers."""
    def mean(records):
        metrics, size, _ = divergences(records)
        return float(np.mean(seeds_of(metrics, f"{method}/size{size}", metric)))
    return mean


def paired(metrics, size, method, other="Plain"):
    """Return the paired difference of two methods' distance; a method without seeds is set against each seed."""
    ours, theirs = (seeds_of(metrics, f"{name}/size{size}", "lsd_db") for name in (method, other))
    return paired_difference(ours * len(theirs) if len(ours) == 1 else ours, theirs)


def best_own(records):
    """Return which of our autoencoders rebuilds held-out notes best on average."""
    metrics, size, methods = divergences(records)
    own = [name for name in methods if not name.startswith(BASELINES)]
    return min(own, key=lambda name: np.mean(seeds_of(metrics, f"{name}/size{size}", "lsd_db")))


def between(one, other=None):
    """Return a function of records: the paired difference of two methods, the second by default the best of ours."""
    def value(records):
        metrics, size, _ = divergences(records)
        return tuple(paired(metrics, size, one, other or best_own(records)))[:3]
    return value


def table_divergences(records):
    """Return the table of regularisers at the first latent size, sorted by held-out distance.

    Means over seeds; the difference to the plain autoencoder, seed by seed, with its interval.
    """
    metrics, size, methods = divergences(records)
    rows = []
    for method in methods:
        mean = {name: np.mean(seeds_of(metrics, f"{method}/size{size}", name))
                for name in ("lsd_db", "sw2_effect", "prior_coverage")}
        against = "" if method == "Plain" else signed(paired(metrics, size, method))
        rows.append((mean["lsd_db"], [named(method), f"${mean['lsd_db']:.2f}$", against, f"${mean['sw2_effect']:.1f}$",
                                      f"${mean['prior_coverage']:.2f}$"]))
    return tabular(["regulariser", "LSD", "against none", "codes", "cover"], [cells for _, cells in sorted(rows)],
                   "lcccc")


def against_plain(outcome, without=()):
    """Return a function of records: methods that are "better" or "worse" than the plain autoencoder, in words."""
    def phrase(records):
        metrics, size, methods = divergences(records)
        return listed({named(method): change(*tuple(paired(metrics, size, method))[:3]) for method in methods
                       if not method.startswith(("Plain", *without))}, outcome)
    return phrase


def ablations(records):
    """Return what each change of the default does to the held-out distance (dB), seed by seed: name -> Change."""
    metrics = records.read("autoencoder-benchmark", "ablation")["metrics"]
    names = dict.fromkeys(name.rpartition("/")[0] for name in metrics)
    return {name: change(*difference(metrics, (name, "lsd_db"), ("default", "lsd_db")))
            for name in names if name != "default"}


def largest_ablation(records):
    """Return the ablation's decided change of the largest size, in words."""
    found = {name: cell for name, cell in ablations(records).items() if cell.outcome != "undecided"}
    if not found:
        return Phrase("none")
    name = max(found, key=lambda key: abs(found[key].mean))
    return Phrase(f"{name} ({signed(found[name])})")


def seeds(study):
    """Return a function of records: how many seeds a study ran, as a word."""
    return lambda records: Phrase(count(records.read("autoencoder-benchmark", study)["config"]["seeds"]))


def table_labels(records):
    """Return the table of few labels: accuracies in per cent on held-out recordings, by model and share of labels."""
    record = records.read("autoencoder-benchmark", "labels")
    rows = []
    for percent in sorted(record["config"]["percents"]):
        for name, title in figures_labels.NAMES.items():
            found = [figures_labels.values(record, name, percent, metric) for metric in figures_labels.ACCURACIES]
            if all(map(len, found)) and (percent < 100 or name not in ("only", "spread")):
                rows.append([f"{percent}", title, *(mean_with_interval(values, 0) for values in found)])
    return tabular([r"\%", "model", "instr.", "pitch", "dyn.", "mean"], rows, "rlcccc")


def accuracy(model, percent, metric):
    """Return a function of records: mean accuracy in per cent of the study of few labels."""
    return lambda records: float(figures_labels.values(records.read("autoencoder-benchmark", "labels"), model,
                                                       percent, metric).mean())


def table_transfer(records):
    """Return the table of training sets by test sets: held-out log-spectral distance."""
    metrics = records.read("autoencoder-benchmark", "transfer")["metrics"]
    rows = [[title, *(mean_with_interval(seeds_of(metrics, name, other)) for other in SETS)]
            for name, title in SETS.items()]
    return tabular(["trained on", *(f"on {title}" for title in SETS.values())], rows, "lccc")


def transfer(one, other):
    """Return a function of records: the difference of two entries (trained on, tested on) of the transfer table."""
    return lambda records: difference(records.read("autoencoder-benchmark", "transfer")["metrics"], one, other)


def _search(records):
    return records.read("search", "autoencoder-wae-reduced")["metrics"]


def best_trial(records):
    """Return the best trial's values, in words."""
    return Phrase(", ".join(f"{SEARCHED.get(name, name)} {value:.2g}"
                            for name, value in sorted(_search(records)["best"].items())))


def _shipped_against(baseline):
    return lambda records: records.mean("autoencoder/wae/lsd_db") - records.mean(f"autoencoder/wae/{baseline}_lsd_db")


TABLES = {"divergences": table_divergences, "labels": table_labels, "transfer": table_transfer}
FIGURES = {"ablation": lambda records: figure_changes(ablations(records), "change of log-spectral distance (dB)")}
DERIVED = {
    "methods": lambda records: len(records.read("autoencoder-benchmark", "divergences")["config"]["methods"]),
    "seeds": seeds("divergences"),
    "closer than plain": against_plain("better"), "farther than plain": against_plain("worse"),
    "own closer than plain": against_plain("better", without=BASELINES),
    "best own": lambda records: Phrase(named(best_own(records))),
    "best own distance": lambda records: row(best_own(records), "lsd_db")(records),
    "pitch pca": row("PitchPCA", "lsd_db"), "pitch pca against best": between("PitchPCA"),
    "pythae vae against vae": between("PythaeVAE", "KullbackLeibler"),
    "plain codes": row("Plain", "sw2_effect"), "vae codes": row("KullbackLeibler", "sw2_effect"),
    "mmd codes": row("MMDInverseMultiquadratic", "sw2_effect"),
    "mmd held": row("MMDInverseMultiquadratic", "mmd2_effect"),
    "mmd trained": row("MMDInverseMultiquadratic", "train_mmd2_effect"),
    "ablation seeds": seeds("ablation"), "ablation largest": largest_ablation,
    "ablation worse": lambda records: listed(ablations(records), "worse"),
    "ablation better": lambda records: listed(ablations(records), "better"),
    "pitch of spread 1": accuracy("spread", 1, "pitch"), "mean of spread 10": accuracy("spread", 10, "mean"),
    "mean of known 10": accuracy("known", 10, "mean"), "mean of known 100": accuracy("known", 100, "mean"),
    "mean of only 10": accuracy("only", 10, "mean"), "mean of probe 10": accuracy("probe", 10, "mean"),
    "both against soundfont, on soundfont": transfer(("both", "soundfont"), ("soundfont", "soundfont")),
    "toy against soundfont, on soundfont": transfer(("toy", "soundfont"), ("soundfont", "soundfont")),
    "soundfont against toy, on toy": transfer(("soundfont", "toy"), ("toy", "toy")),
    "autoencoder trained": trained_on("autoencoder/wae"),
    "shipped against pca": _shipped_against("pca"), "shipped against pitch pca": _shipped_against("pitch_pca"),
    "trials": lambda records: len(_search(records)["trials"]),
    "default trial": lambda records: _search(records)["trials"]["0"]["valid"],
    "search gain": lambda records: _search(records)["best_valid"] - _search(records)["trials"]["0"]["valid"],
    "search settings": best_trial,
}
