"""Run as a script by ``rerun --source recorded``, on the package of a recorded commit; imports nothing of today's.

The first argument is JSON: chapter, run, seed, out, data, device, inputs (name -> path), steps (0 for all) and result,
the file that gets metrics and history. Older packages hold chapters and stores elsewhere and load inputs themselves.
"""

import contextlib
import importlib
import importlib.util
import json
import sys

import torch


def _find(*names):
    """Return the first module of some names that the package has."""
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):
            if importlib.util.find_spec(name):
                return importlib.import_module(name)
    raise SystemExit(f"expected one of {', '.join(names)} in the recorded package")


def main(asked):
    """Run what was asked for and write its figures."""
    torch.set_num_threads(1)
    chapter = asked["chapter"]
    experiment = _find(f"latentsampler.chapters.{chapter}.experiment", f"latentsampler.{chapter}.experiment")
    training = _find("latentsampler.learning.training", "latentsampler.training")
    if hasattr(experiment, "open_data"):
        data = experiment.open_data(asked["data"])
        loaded = {name: experiment.INPUTS[name](path) for name, path in asked["inputs"].items()}
    else:
        export = _find("latentsampler.contract.export", "latentsampler.export")
        data = _find("latentsampler.data.store", "latentsampler.dataset.store").NoteDataset(asked["data"])
        paths = chapter == "projection"  # it took paths then
        loaded = {name: path if paths else export.load_scripted(path)[0] for name, path in asked["inputs"].items()}
    rows = []

    def watch(row):
        rows.append(row)
        if row["step"] >= asked["steps"]:
            raise StopIteration

    metrics, history = {}, rows
    with contextlib.suppress(StopIteration), training.watched(watch) if asked["steps"] else contextlib.nullcontext():
        metrics, history = experiment.run(experiment.RUNS[asked["run"]], asked["seed"], asked["out"], data,
                                          device=asked["device"], **loaded)
    with open(asked["result"], "w", encoding="utf-8") as file:
        json.dump({"metrics": metrics, "history": history}, file)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
