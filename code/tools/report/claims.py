r"""What the report's text claims, worked out from records, so that a claim turns where its record does.

Conventions
-----------
* A function takes ``make.Records``.
* ``\decided{NAME}{ABOVE}{BELOW}{UNDECIDED}`` prints one of three wordings: the number ``DERIVED[NAME]`` is above zero,
  below, or its interval holds zero. ``\ifrecorded{KEY}{THIS}{THAT}`` prints one of two: a record has the key, or none.

Contents
--------
DERIVED, TABLES   name -> function
side              a number or an interval -> which of the three wordings
best_own          the best of our autoencoders in the comparison of regularisers
"""

import numpy as np

from tools.report.comparisons import (
    Phrase,
    ablations,
    against_plain,
    benchmark,
    benchmark_record,
    named,
    number,
    paired,
    rows_of,
    seeds_of,
)

OTHERS = ("PCA", "PitchPCA", "Pythae")  # in the comparison of regularisers, and not our autoencoders
METHODS = {"knobs": "point and handles", "latent": "point alone", "linear": "linear inverse",
           "flow": "conditional flow", "regularised-axes": "attribute-regularised axes",
           "conditional": "conditional decoder"}
WORDS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


def side(value):
    """Return 1 above zero, 2 below, 3 where an interval ``(value, low, high)`` holds zero or a number is zero."""
    low, high = (value[1], value[2]) if isinstance(value, tuple) else (value, value)
    return 1 if low > 0 else 2 if high < 0 else 3


def _divergences(records):
    record = records.read("autoencoder-benchmark", "divergences")
    return record["metrics"], record["config"]["sizes"][0]


def best_own(records):
    """Return which of our autoencoders rebuilds held-out notes best on average."""
    metrics, size = _divergences(records)
    own = [name for name in dict.fromkeys(name.split("/")[0] for name in metrics) if not name.startswith(OTHERS)]
    return min(own, key=lambda name: np.mean(seeds_of(metrics, f"{name}/size{size}", "lsd_db")))


def _between(one, other):
    """Return a function of records: the paired difference in held-out distance of two methods, over seeds."""
    def difference(records):
        metrics, size = _divergences(records)
        return tuple(paired(metrics, one, size, other or best_own(records)))[:3]
    return difference


def _seeds(records):
    return Phrase(_word(records.read("autoencoder-benchmark", "divergences")["config"]["seeds"]))


def _word(count):
    return WORDS.get(int(count), str(int(count)))


def _largest(records):
    """Return the ablation's decided change of the largest size, in words."""
    found = {name: cell for name, cell in ablations(records).items() if cell.verdict != "undecided"}
    if not found:
        return Phrase("none")
    name = max(found, key=lambda key: abs(found[key].mean))
    return Phrase(f"{name} ({number(found[name])})")


def _against_griffin_lim(player):
    return lambda records: tuple(benchmark_record(records)["metrics"]["pairs"]["recordings"][player]["sc_1024_db"])


def _where(run):
    """Return a function of records: on what a run was trained, and for how long, in words."""
    def told(records):
        device, seconds = (records.mean(f"{run}:provenance/{name}") for name in ("device", "seconds"))
        minutes = f"{max(1, round(seconds / 60))} minutes" if seconds >= 90 else f"{round(seconds)} seconds"
        kind, _, name = device.removesuffix(")").partition(" (")
        threads = records.mean(f"{run}:provenance/threads")
        if kind == "cpu":
            return Phrase(f"{_word(threads)} core{'s' * (threads > 1)} of a processor, {minutes}")
        return Phrase(f"a graphics processor ({name}), {minutes}")
    return told


def _search(records):
    return records.read("search", "autoencoder-wae-reduced")


def _settings(records):
    """Return the best trial's values, in words."""
    names = {"encoder_noise": "noise on the codes", "reconstruction.l1": "weight of $L_1$",
             "schedule.learning_rate": "learning rate", "width": "width"}
    best = _search(records)["metrics"]["best"]
    return Phrase(", ".join(f"{names.get(name, name)} {value:.2g}" for name, value in sorted(best.items())))


def table_knob_methods(records):
    """Return the table of ways to attach knobs: what is recorded, measured on the waveform."""
    rows = []
    for run, title in METHODS.items():
        if f"projection/{run}/monotone" in records:
            found = {name: records.mean(f"projection/{run}/{name}")
                     for name in ("sweeps", "monotone", "spearman", "crosstalk_mean", "drift_cents")}
            rows.append([title, f"{found['sweeps']:.0f}", f"${100 * found['monotone']:.0f}$",
                         f"${found['spearman']:.2f}$", f"${found['crosstalk_mean']:.2f}$",
                         f"${found['drift_cents']:.1f}$"])
    return rows_of(["method", "sweeps", r"mon. (\%)", "rank", "cross-talk", "cents"], rows, "lccccc")


DERIVED = {
    "own closer than plain": against_plain(-1, without=OTHERS),
    "best own": lambda records: Phrase(named(best_own(records))),
    "best own distance": lambda records: benchmark(best_own(records), "lsd_db")(records),
    "pitch pca against best": _between("PitchPCA", None), "pitch pca against plain": _between("PitchPCA", "Plain"),
    "pythae vae against vae": _between("PythaeVAE", "KullbackLeibler"),
    "seeds": _seeds,
    "ablation seeds": lambda records: Phrase(_word(
        records.read("autoencoder-benchmark", "ablation")["config"]["seeds"])),
    "ablation largest": _largest,
    "ours against griffin-lim": _against_griffin_lim("shipped"),
    "fast against griffin-lim": _against_griffin_lim("fast-griffin-lim-60"),
    "untrained against griffin-lim": _against_griffin_lim("untrained"),
    "times griffin-lim": lambda records: benchmark_record(records)["provenance"]["timings"]["shipped"][
        "times_griffin_lim_60"],
    "benchmark notes": lambda records: benchmark_record(records)["metrics"]["notes"]["recordings"],
    "autoencoder trained": _where("autoencoder/wae"), "vocoder trained": _where("vocoder/harmonic"),
    "linear part": lambda records: 1.0 if records.read("autoencoder", "wae")["config"].get("linear") else -1.0,
    "decoded above own": lambda records: (records.mean("vocoder/harmonic/decoded_sc_db")
                                          - records.mean("vocoder/harmonic/sc_db")),
    "network above linear reading": lambda records: (records.mean("projection/knobs/r2_network_recordings")
                                                     - records.mean("projection/knobs/r2_linear_recordings")),
    "shipped against pca": lambda records: (records.mean("autoencoder/wae/lsd_db")
                                            - records.mean("autoencoder/wae/pca_lsd_db")),
    "shipped against pitch pca": lambda records: (records.mean("autoencoder/wae/lsd_db")
                                                  - records.mean("autoencoder/wae/pitch_pca_lsd_db")),
    "trials": lambda records: len(_search(records)["metrics"]["trials"]),
    "default trial": lambda records: _search(records)["metrics"]["trials"]["0"]["valid"],
    "search gain": lambda records: (_search(records)["metrics"]["best_valid"]
                                    - _search(records)["metrics"]["trials"]["0"]["valid"]),
    "search settings": _settings,
}
TABLES = {"knob-methods": table_knob_methods}
