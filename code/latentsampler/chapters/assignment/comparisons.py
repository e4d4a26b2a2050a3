"""Comparisons of many: ways to assign at every size, and ways to train a localiser through an assignment.

Conventions
-----------
* Timings are no metrics: they come apart, and go into a record's provenance.

Contents
--------
Setting          sizes of the comparison of methods; METHODS is the recorded one
compare_methods  networks' files and all solvers at each size
compare_morphs   morph, cross-fade and the latent line of two synthetic notes
ways             ways of matching by name
run_way          one way and seed -> figures and seconds
small            a setting with a tenth of the examples
table, table_ways   figures as text
"""

from dataclasses import dataclass, replace

import numpy as np

from latentsampler.chapters.assignment import localiser, morph, scoring
from latentsampler.chapters.assignment.data import Source
from latentsampler.chapters.assignment.experiment import load
from latentsampler.chapters.assignment.generate import PUBLISHED, Recipe, margins
from latentsampler.chapters.assignment.solvers import SOLVERS

SHOWN = ("f1_positive", "f1_weighted", "exact", "exact_full", "exact_full_rounded", "valid", "cost_gap")


@dataclass(frozen=True)
class Setting:
    """Sizes of the comparison of methods.

    Parameters
    ----------
    sizes : tuple of int
        Of matrices.
    count, margin_count : int
        Matrices of each size; those of size 2 by whose margin answers are sorted.
    seed : int
        Of their draw.
    """

    sizes: tuple = (2, 5, 10, 15, 20)
    count: int = 1000
    margin_count: int = 30000
    seed: int = 11


METHODS = Setting()
SLOW = {"sinkhorn .005 x 500": 10}  # milliseconds a matrix: not at sizes above


def compare_methods(setting, files):
    """Judge networks and solvers on the same matrices.

    Parameters
    ----------
    setting : Setting
        Sizes.
    files : dict
        Name -> file of a network; one of a single size is judged at that size only.

    Returns
    -------
    tuple
        name -> ``size<M>`` -> figures, and ``margin`` -> name -> curve at size 2; and the same shape of microseconds.
    """
    metrics, timings = {"margin": {}}, {}
    loaded = {name: load(path) for name, path in files.items()}
    methods = {**{name: (module, 0) for name, module in SOLVERS.items()}, **loaded}
    for size in setting.sizes:
        matrices = Source(Recipe(size), setting.count, setting.seed).matrices
        for name, (module, needed) in methods.items():
            if needed in (0, size) and size <= SLOW.get(name, size):
                figures = scoring.score(scoring.answer(module, matrices), matrices)
                if name in loaded:
                    figures["equivariance_error"] = scoring.equivariance_error(module, matrices)
                metrics.setdefault(name, {})[f"size{size}"] = figures
                timings.setdefault(name, {})[f"size{size}"] = scoring.microseconds(module, matrices.take(slice(256)))
    _published(setting, methods, metrics)
    return metrics, timings


def _published(setting, methods, metrics):
    """Add figures on the published recipe at size 2, and curves over margins."""
    drawn = Source(PUBLISHED, setting.margin_count, setting.seed).matrices
    known = margins(drawn)
    metrics["ties"] = {"size2": float((known < 1e-6).mean())}
    for name, (module, needed) in methods.items():
        if needed in (0, 2):
            logits = scoring.answer(module, drawn, published=needed == 2)
            metrics[name]["published2"] = scoring.score(logits, drawn)
            metrics["margin"][name] = scoring.margin_curve(module, drawn, known, published=needed == 2)


def ways(hungarian=None, ours=None):
    """Return ways of matching by name; networks where their files are given."""
    named = {"permutation-invariant": localiser.permutation_invariant, "exact, stopped": localiser.exact_stopped,
             "sinkhorn .1 x 20": localiser.entropic(0.1, 20), "sinkhorn .02 x 50": localiser.entropic(0.02, 50),
             "min-sum x 24": localiser.through(SOLVERS["min-sum x 24"])}
    files = {"HungarianNet": hungarian, "MessageNet": ours}
    return named | {name: localiser.through(load(path)[0]) for name, path in files.items() if path}


def run_way(name, seed, setting, hungarian=None, ours=None):
    """Return the figures of one way and seed, and CPU seconds of a step."""
    match = ways(hungarian, ours)[name]
    figures, seconds = localiser.train_localiser(match, setting, seed)
    return {"figures": {**figures, **localiser.gradient_agreement(match, setting.sources, seed=seed)},
            "seconds": seconds}


def note(f0, levels, seconds=morph.SECONDS, stretch=0.0):
    """Return a synthetic note: partials with levels in dB, of a string as stiff as ``stretch``, decaying."""
    time = np.arange(int(seconds * morph.SAMPLE_RATE)) / morph.SAMPLE_RATE
    n = np.arange(1, len(levels) + 1)
    hz = n * f0 * np.sqrt(1.0 + stretch * n ** 2)
    gain = 10.0 ** (np.asarray(levels) / 20.0)
    return 0.2 * np.exp(-1.5 * time) * (gain[:, None] * np.sin(2.0 * np.pi * hz[:, None] * time)).sum(0)


def compare_morphs(steps=8):
    """Return the measured path of the strongest partial between two notes, a fifth apart, morphed and cross-faded."""
    one, other = note(220.0, [0, -6, -9, -12, -18, -24]), note(330.0, [0, -12, -4, -20, -10, -26, -16], stretch=4e-4)
    glides, fades, pairs = morph.between(one, other, SOLVERS["min-sum x 24"], steps)
    report = {"pairs": pairs, "steps": steps}
    for name, waveforms in (("morph", glides), ("crossfade", fades)):
        path = morph.strongest(waveforms)
        rises = 1200.0 * np.diff(np.log2(path))  # cents
        loudness = morph.integrated_loudness(waveforms, morph.SAMPLE_RATE)
        report[name] = {"strongest_hz": path.tolist(), "largest_jump": morph.largest_jump(path),
                        "rising": float((rises > 1.0).mean()), "loudness_range": float(np.ptp(loudness))}
    return report


def small(setting):
    """Return a setting with a tenth of the examples, to see that it works."""
    if isinstance(setting, Setting):
        return replace(setting, count=setting.count // 10, margin_count=setting.margin_count // 10)
    return replace(setting, seeds=2, examples=setting.examples // 10, tests=setting.tests // 10,
                   schedule=replace(setting.schedule, steps=setting.schedule.steps // 10))


def table(metrics, timings, size):
    """Return the figures of all methods at one size as text."""
    rows = [f"{'':22s} " + " ".join(f"{name[:18]:>18s}" for name in (*SHOWN, "microseconds"))]
    for name, figures in metrics.items():
        if f"size{size}" in figures and name in timings:
            values = [*(figures[f"size{size}"][key] for key in SHOWN), timings[name][f"size{size}"]]
            rows.append(f"{name:22s} " + " ".join(f"{value:18.4f}" for value in values))
    return "\n".join(rows)


def table_ways(metrics, timings):
    """Return the figures of all ways to train a localiser as text."""
    rows = [f"{'trained through':24s} {'degrees':>9s} {'ms a step':>9s} {'cosine':>9s} {'near ties':>9s}"]
    for name, seconds in timings.items():
        found = [figures for key, figures in metrics.items() if key.rpartition("/")[0] == name]
        values = [float(np.mean([one[key] for one in found])) for key in ("error_degrees", "cosine", "near_tie")]
        rows.append(f"{name:24s} {values[0]:9.2f} {1e3 * seconds:9.2f} {values[1]:9.4f} {values[2]:9.4f}")
    return "\n".join(rows)
