"""What the chapter's page of the report draws on: tables, figures and worked-out numbers, functions of records.

Conventions
-----------
* A function takes the report's ``Records``; a table is LaTeX (``tabular`` with booktabs).

Contents
--------
TABLES, FIGURES, DERIVED   name -> function
"""

import numpy as np

from latentsampler.chapters.assignment import figures
from latentsampler.runtime.latex import tabular

SHOWN = {"all-zero": "all zero", "published": "HungarianNet, published", "hungarian-2": "HungarianNet",
         "hungarian-10": "HungarianNet", "exchangeable-10": "exchangeable layers", "greedy": "greedy",
         "sinkhorn .02 x 50": "Sinkhorn .02, 50", "sinkhorn .005 x 500": "Sinkhorn .005, 500",
         "min-sum x 24": "min-sum, 24", "messages-2": "MessageNet, size 2 only", "messages": "MessageNet",
         "scipy": "SciPy"}


def table_methods(records, size):
    """Return the table of all methods at one size; the all-zero answer and SciPy are rows of it."""
    record = records.read("assignment-benchmark", "methods")
    metrics, times = record["metrics"], record["provenance"]["timings"]
    rows = []
    for name, title in SHOWN.items():
        found = metrics.get(name, {}).get(f"size{size}")
        if found and not (name == "messages-2" and size > 2):
            rows.append([title, *(f"{found[key]:.3f}" for key in ("f1_weighted", "f1_positive", "exact", "exact_full")),
                         f"{found['exact_full_rounded']:.3f}", f"{100 * found['cost_gap']:.2f}",
                         f"{times[name][f'size{size}']:.0f}"])
    head = ["", "wF1", "F1", "exact", "full", "rounded", r"gap \%", r"$\mu$s"]
    return tabular(head, rows, "lrrrrrrr")


def table_ablation(records):
    """Return what each change does to the share of exact answers, in equal steps and in equal seconds."""
    both = [figures.table_ablation(records.read("ablation", f"assignment-{name}"))
            for name in ("ablation", "ablation-seconds")]
    rows = [[name, *(_change(part[name]["exact"] if name in part else None) for part in both)] for name in both[0]]
    return tabular(["change", "equal steps", "equal seconds"], rows, "lrr")


def _change(found):
    if found is None:
        return "--"
    text = f"{found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}]".replace("-", "$-$")
    return text if found.outcome == "undecided" else f"\\textbf{{{text}}}"


def table_gradient(records):
    """Return the table of ways to train a localiser: error over seeds, time, direction of the gradient."""
    record = records.read("assignment-benchmark", "gradient")
    metrics, times = record["metrics"], record["provenance"]["timings"]
    rows = []
    for name, seconds in times.items():
        found = [figures_ for key, figures_ in metrics.items() if key.rpartition("/")[0] == name]
        errors = np.array([one["error_degrees"] for one in found])
        deviation = f" $\\pm$ {errors.std(ddof=1):.2f}" if len(errors) > 1 else ""
        means = [np.mean([one[key] for one in found]) for key in ("cosine", "near_tie")]
        rows.append([name, f"{errors.mean():.2f}{deviation}", f"{1e3 * seconds:.1f}",
                     *(f"{mean:.3f}".replace("-", "$-$") for mean in means)])
    return tabular(["trained through", r"error ($^\circ$)", "ms a step", "cosine", "at near-ties"], rows, "lrrrr")


def _worst_gradient(records):
    metrics = records.read("assignment-benchmark", "gradient")["metrics"]
    return min(found["cosine"] for found in metrics.values())


def _ablation_base(records):
    metrics = records.read("ablation", "assignment-ablation")["metrics"]
    return float(np.mean([found["exact"] for key, found in metrics.items() if key.startswith("ablation/")]))


def _time(name, size):
    def found(records):
        return records.read("assignment-benchmark", "methods")["provenance"]["timings"][name][f"size{size}"]
    return found


TABLES = {"assignment-methods-2": lambda records: table_methods(records, 2),
          "assignment-methods-10": lambda records: table_methods(records, 10),
          "assignment-ablation": table_ablation, "assignment-gradient": table_gradient}
FIGURES = {"assignment-margins": lambda records: figures.figure_margins(
               records.read("assignment-benchmark", "methods")["metrics"]),
           "assignment-sizes": lambda records: figures.figure_sizes(
               records.read("assignment-benchmark", "methods")["metrics"]),
           "assignment-paths": lambda records: figures.figure_paths(
               records.read("assignment-benchmark", "methods")["metrics"]["morph"])}
DERIVED = {"assignment worst gradient": _worst_gradient, "assignment ablation base": _ablation_base,
           "assignment microseconds": _time("messages", 10), "assignment microseconds scipy": _time("scipy", 10),
           "assignment microseconds min-sum": _time("min-sum x 24", 10),
           "assignment microseconds sinkhorn": _time("sinkhorn .02 x 50", 10)}
