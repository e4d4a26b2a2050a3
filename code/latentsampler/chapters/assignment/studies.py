"""What is compared here: ``study assignment/methods | gradient``.

Contents
--------
STUDIES   name -> Study
"""

from pathlib import Path

import numpy as np
import torch

from latentsampler.chapters.assignment import comparisons, localiser
from latentsampler.experiments.grid import Study
from latentsampler.runtime.identity import file_hash

# networks of the chapter's runs, a file each, and the published checkpoint's arrays, which may be absent
METHODS = {"models": "build/assignment", "published": "build/hnet_2doa_weights.npz"}
GRADIENT = {"hungarian": "build/assignment/hungarian-3.pt", "ours": "build/assignment/messages.pt"}


def run_methods(setting, sources):
    """Judge all networks and solvers, in one process, since times are compared."""
    torch.set_num_threads(1)
    files = {path.stem: path for path in sorted(Path(sources["models"]).glob("*.pt"))}
    if Path(sources["published"]).is_file():
        files["published"] = Path(sources["published"])
    metrics, timings = comparisons.compare_methods(setting, files)
    return {"metrics": {**metrics, "morph": comparisons.compare_morphs()}, "timings": timings,
            "inputs": {name: file_hash(path) for name, path in files.items()}}


def run_gradient(name, seed, setting, sources):
    """Train and measure one way of matching."""
    torch.set_num_threads(1)
    return comparisons.run_way(name, seed, setting, **_files(sources))


def _files(sources):
    return {name: Path(path) for name, path in sources.items() if Path(path).is_file()}


def _gradient_cells(setting, sources):
    names = comparisons.ways(**_files(sources))
    return {f"{name}/seed{seed}": (name, seed, setting, sources) for seed in range(setting.seeds) for name in names}


def _gradient_timings(results):
    names = dict.fromkeys(key.rpartition("/")[0] for key in results)
    return {"timings": {name: float(np.median([found["seconds"] for key, found in results.items()
                                               if key.rpartition("/")[0] == name])) for name in names}}


def _inputs(sources):
    return " ".join(f"{name} {file_hash(path)}" for name, path in _files(sources).items())


STUDIES = {
    "methods": Study(
        "networks and solvers on the same matrices, at sizes 2 to 20", comparisons.METHODS,
        lambda setting, sources: {"all": (setting, sources)}, run_methods,
        lambda record: comparisons.table(record["metrics"], record["provenance"]["timings"], 10),
        lambda setting, sources: "drawn by seed", METHODS, small=comparisons.small(comparisons.METHODS),
        record=("assignment-benchmark", "methods"), metrics=lambda results: results["all"]["metrics"],
        extras=lambda results: {name: value for name, value in results["all"].items() if name != "metrics"}),
    "gradient": Study(
        "a localiser trained through each way of matching", localiser.SETTING, _gradient_cells, run_gradient,
        lambda record: comparisons.table_ways(record["metrics"], record["provenance"]["timings"]),
        lambda setting, sources: "drawn by seed " + _inputs(sources), GRADIENT,
        small=comparisons.small(localiser.SETTING), record=("assignment-benchmark", "gradient"),
        metrics=lambda results: {key: found["figures"] for key, found in results.items()}, extras=_gradient_timings),
}
