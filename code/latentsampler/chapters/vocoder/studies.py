"""What is compared here: ``study vocoder/benchmark | parts``, each one cell, since speeds must be of one process.

Contents
--------
STUDIES   name -> Study
"""

import torch

from latentsampler.chapters.vocoder import benchmark, parts
from latentsampler.contract.export import load_scripted
from latentsampler.data.arrays import find_stores
from latentsampler.data.store import NoteDataset
from latentsampler.experiments.grid import Study
from latentsampler.runtime.identity import path_hash

SOURCES = {"data": "build/weights/notes", "toy": "build/toy", "model": "patch/model.pt", "vocoder": "patch/vocoder.pt",
           "mcnn": "build/weights/mcnn-published.pt"}
FILES = {"mcnn-published": "mcnn", "shipped": "vocoder"}  # row -> source


def run_benchmark(setting, sources):
    """Measure all vocoders on the same notes.

    Parameters
    ----------
    setting : Settings
        How much.
    sources : dict
        data, toy (stores; toy may be absent), model, vocoder and mcnn (files; the last may be absent).

    Returns
    -------
    dict
        metrics, timings, inputs (name -> SHA-256).
    """
    torch.set_num_threads(1)
    files = {row: sources[name] for row, name in FILES.items()}
    toy = NoteDataset(sources["toy"]) if find_stores(sources["toy"]) else None
    metrics, timings = benchmark.run_benchmark(setting, NoteDataset(sources["data"]),
                                               load_scripted(sources["model"])[0], files, toy)
    there = {"model": sources["model"], **{row: path for row, path in files.items() if path.is_file()}}
    return {"metrics": metrics, "timings": timings, "inputs": {row: path_hash(path) for row, path in there.items()}}


def run_parts(setting, sources):
    """Measure the untrained vocoder with one part changed at a time; arguments as for :func:`run_benchmark`."""
    torch.set_num_threads(1)
    metrics = parts.run_parts(setting, NoteDataset(sources["data"]), load_scripted(sources["model"])[0])
    return {"metrics": metrics, "inputs": {"model": path_hash(sources["model"])}}


def _whole(setting, sources):
    return {"all": (setting, sources)}


def _checksum(setting, sources):
    return NoteDataset(sources["data"]).checksum


def _metrics(results):
    return results["all"]["metrics"]


def _extras(results):
    return {name: value for name, value in results["all"].items() if name != "metrics"}


def _table(record):
    return benchmark.table(record["metrics"], record["provenance"]["timings"])


STUDIES = {
    "benchmark": Study("Griffin-Lim, MCNN and the shipped vocoder on the same notes", benchmark.SETTINGS["full"],
                       _whole, run_benchmark, _table, _checksum, SOURCES, small=benchmark.SETTINGS["small"],
                       record=("vocoder-benchmark", "full"), metrics=_metrics, extras=_extras),
    "parts": Study("what each part of the harmonic vocoder is worth, before training", parts.SETTINGS["parts"], _whole,
                   run_parts, lambda record: parts.table(record["metrics"]), _checksum,
                   {name: SOURCES[name] for name in ("data", "model")}, small=parts.Settings(notes=6),
                   record=("vocoder-benchmark", "parts"), metrics=_metrics, extras=_extras),
}
