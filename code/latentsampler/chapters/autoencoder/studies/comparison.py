"""What the benchmark of divergences found: its table, and in plain language which differences hold.

Conventions
-----------
* Everything is computed from a record (``records.read_record``), nothing is typed.
* A difference holds when the 95 % interval of the paired difference over seeds excludes zero. With three seeds that
  asks for a difference that is large against the scatter of seeds.

Contents
--------
GROUPS               columns of the table, by what they are about
values               record, method, size, metric -> one number per seed
table_divergences    the table as text
goals                what was aimed at, and by how much it was reached or missed
reading              all of it in sentences
"""

from typing import NamedTuple

import numpy as np

from latentsampler.evaluation.statistics import paired_difference
from latentsampler.learning.regularisers import METHODS

OWN = tuple(method.__name__ for method in METHODS)
BASE, CHOSEN = "Plain", "MMDInverseMultiquadratic"
PAIRS = {"PythaeVAE": "KullbackLeibler", "PythaeBetaVAE": "Beta", "PythaeWAE": "MMDInverseMultiquadratic",
         "PythaeInfoVAE": "InfoVAE"}  # a peer, and ours of the same method
GROUPS = {
    "sound, held-out recordings": ("lsd_db", "lsd_low_db", "lsd_high_db", "known_lsd_db", "factors_lsd_db",
                                   "convergence_db"),
    "codes and prior": ("mmd2_effect", "mmd2_p", "sw2_effect", "sw2_p", "train_mmd2_effect", "train_sw2_effect",
                        "known_mmd2_effect", "known_sw2_effect", "active_units", "dead_dimensions"),
    "what codes know (known recordings)": ("known_knn_instrument", "known_linear_instrument", "known_knn_pitch",
                                           "known_linear_pitch", "known_knn_dynamics", "known_linear_dynamics"),
    "what codes know (held-out recordings)": ("knn_instrument", "linear_instrument", "knn_pitch", "linear_pitch",
                                              "knn_dynamics", "linear_dynamics"),
    "true factors": ("mig", "sap", "modularity", "dci_disentanglement", "dci_completeness", "dci_informativeness",
                     "interpretability", "scc"),
    "between and beyond notes": ("path_ratio", "unevenness", "prior_nearest_lsd_db", "prior_density",
                                 "prior_coverage"),
    "cost": ("parameters", "seconds"),
}
SHARE, MULTIPLE, ACCURACY = 0.25, 1.5, 0.95  # the goals


class Goal(NamedTuple):
    """One goal: what it asks, the figure, what was aimed at, and whether it is reached."""

    text: str
    figure: float
    aim: float
    reached: bool


def rows(record):
    """Return the rows of a record as a list of (method, size), in the order of the setting."""
    methods = list(record["config"]["methods"])
    found = {tuple(name.split("/")[:2]) for name in record["metrics"]}
    return sorted(((method, int(size.removeprefix("size"))) for method, size in found),
                  key=lambda row: (row[1] != 4, row[1], methods.index(row[0])))


def values(record, method, size, metric):
    """Return one metric of one row, a number per seed.

    Parameters
    ----------
    record : dict
        Of the benchmark.
    method : str
        Name.
    size : int
        Latent size.
    metric : str
        Name; "seconds" are of the provenance.

    Returns
    -------
    numpy.ndarray
        ``(n_seeds,)``; empty where there is no such row or figure.
    """
    cells = {name: cell for name, cell in record["metrics"].items() if name.startswith(f"{method}/size{size}/")}
    if metric == "seconds":
        return np.array([record["provenance"]["training_seconds"][name] for name in cells])
    return np.array([cell[metric] for cell in cells.values() if cell.get(metric) is not None])


def table_divergences(record, group=None):
    """Return the table of a record as text: a row per method and size, mean over seeds and deviation.

    Parameters
    ----------
    record : dict
        Of the benchmark.
    group : str, optional
        One of ``GROUPS``; all of them, one under the other, by default.

    Returns
    -------
    str
        Lines of equal width per group.
    """
    if group is None:
        return "\n\n".join(table_divergences(record, name) for name in GROUPS)
    columns = [name for name in GROUPS[group]
               if name != "seconds" or "training_seconds" in record.get("provenance", {})]
    lines = [f"{group}", f"{'method':26s}{'size':>5s}" + "".join(f"{name:>{_wide(name)}s}" for name in columns)]
    for method, size in rows(record):
        lines.append(f"{method:26s}{size:5d}" + "".join(
            f"{_cell(values(record, method, size, column)):>{_wide(column)}s}" for column in columns))
    return "\n".join(lines)


def _wide(name):
    return max(19, len(name) + 2)


def _cell(numbers):
    if not len(numbers):
        return "-"
    return f"{numbers.mean():.4g}" + (f" +- {numbers.std(ddof=1):.2g}" if len(numbers) > 1 else "")


def goals(record):
    """Return the goals of the benchmark.

    Parameters
    ----------
    record : dict
        Of the benchmark.

    Returns
    -------
    list of Goal
        In the order of the table.
    """
    found = []
    linear = [name for name in dict(rows(record)) if "PCA" in name]
    for size in sorted({size for _, size in rows(record)} - {2}):
        for name in linear:
            theirs, ours = (values(record, method, size, "lsd_db") for method in (name, _best(record, size)))
            if len(theirs) and len(ours):
                share = 1.0 - ours.mean() / theirs.mean()
                found.append(Goal(f"distance of {_best(record, size)} below that of {name} at size {size}, as a share",
                                  share, SHARE, share >= SHARE))
    for name in ("mmd2_effect", "sw2_effect", "train_mmd2_effect", "train_sw2_effect"):
        figure = values(record, CHOSEN, 4, name).mean()
        found.append(Goal(f"{name} of {CHOSEN}, in prior-against-prior quantiles", figure, MULTIPLE,
                          figure <= MULTIPLE))
    dead = values(record, CHOSEN, 4, "dead_dimensions").max()
    found.append(Goal(f"dead dimensions of {CHOSEN}, any seed", dead, 0.0, dead == 0))
    known = values(record, CHOSEN, 4, "known_knn_instrument").mean()
    found.append(Goal(f"kNN instrument of {CHOSEN} on held-out notes of known recordings", known, ACCURACY,
                      known >= ACCURACY))
    return found + _beside_pythae(record)


def _beside_pythae(record):
    found = []
    for peer, ours in PAIRS.items():
        if (peer, 4) in rows(record) and (ours, 4) in rows(record):
            ahead = values(record, ours, 4, "lsd_db").mean() - values(record, peer, 4, "lsd_db").mean()
            found.append(Goal(f"distance of {ours} less that of {peer}, dB", ahead, 0.0, ahead <= 0))
            ratio = values(record, ours, 4, "seconds").mean() / values(record, peer, 4, "seconds").mean()
            found.append(Goal(f"time of a step of {ours} over that of {peer}", ratio, 1.0, ratio <= 1))
    return found


def _best(record, size):
    """Return the method of ours with the smallest mean distance at a size."""
    own = [method for method, other in rows(record) if other == size and method in OWN]
    return min(own, key=lambda method: values(record, method, size, "lsd_db").mean())


def reading(record):
    """Return what the record says, in sentences.

    Parameters
    ----------
    record : dict
        Of the benchmark.

    Returns
    -------
    str
        A paragraph on sound, one on codes and prior, one line per goal.
    """
    lines = [_compare(record, "lsd_db", "log-spectral distance on held-out recordings (dB, lower is better)", -1),
             _compare(record, "prior_nearest_lsd_db", "distance of prior samples to real notes (dB, lower is better)",
                      -1),
             _compare(record, "knn_instrument", "kNN instrument on held-out recordings (higher is better)", 1),
             _agreement(record)]
    lines += [f"Goal {'reached' if goal.reached else 'missed'}: {goal.text}: {goal.figure:.3g}, aimed at "
              f"{goal.aim:.3g}." for goal in goals(record)]
    return "\n".join(lines)


def _compare(record, metric, text, sign):
    methods = [method for method, size in rows(record) if size == 4]
    base = values(record, BASE, 4, metric)
    better, worse, open_ = [], [], []
    for method in methods:
        other = values(record, method, 4, metric)
        if method == BASE or not len(other):
            continue
        if len(other) == 1 and method not in OWN:
            other = np.repeat(other, len(base))  # a linear peer has no seed: it is the same beside every one of ours
        if len(other) != len(base) or len(base) == 1:
            open_.append(f"{method} ({sign * (other.mean() - base.mean()) * sign:+.2f})")
            continue
        difference = paired_difference(other, base)
        name = f"{method} ({difference.value:+.2f})"
        decided = difference.low > 0 or difference.high < 0
        (open_ if not decided else better if sign * difference.value > 0 else worse).append(name)
    return (f"{text[0].upper()}{text[1:]}, against the plain autoencoder ({base.mean():.2f}). "
            f"Better: {', '.join(better) or 'none'}. Worse: {', '.join(worse) or 'none'}. "
            f"Not decided: {', '.join(open_) or 'none'}.")


def _agreement(record):
    fine = [method for method, size in rows(record) if size == 4 and all(
        len(values(record, method, 4, name)) and values(record, method, 4, name).mean() <= MULTIPLE
        for name in ("mmd2_effect", "sw2_effect"))]
    return (f"Codes within {MULTIPLE} times the prior-against-prior quantile by both tests: "
            f"{', '.join(fine) or 'none'}; of all others the prior is not where the notes are.")
