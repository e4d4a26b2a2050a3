"""Recorded results: what was run, with what outcome, by which code on which data.

A record is a folder ``report/results/<chapter>/<run>/seed<k>/`` with

* ``config.json``      the ``Config`` that was run,
* ``metrics.json``     numbers that a rerun reproduces byte for byte (no timings),
* ``history.csv``      one row per validation,
* ``provenance.json``  commit, versions, machine, device, seconds, checksums of dataset and other inputs.

Where MLflow is installed, commands log the records that they write there, too (see ``experiments.tracking``); the
files here stay the source.

Every number, table and figure of book and report is a function of records.

Contents
--------
write_record, read_record, read_records   one record; all seeds of all runs of a chapter
summary, table                            mean and deviation over seeds; all runs of a chapter as text
provenance                                commit, versions, machine, device, seconds, checksums
outdated                                  records whose config is no longer their RUNS entry
"""

import csv
import json
import math
import platform
import subprocess
from dataclasses import asdict, is_dataclass
from pathlib import Path

import numpy as np
import torch

from latentsampler.runtime.identity import as_json, path_hash

RESULTS = Path(__file__).resolve().parents[3] / "report" / "results"


def write_record(chapter, run, seed, config, metrics, history, provenance, results=None):
    """Write one record.

    Parameters
    ----------
    chapter, run : str
        Names of the chapter's folder and of its ``RUNS`` entry.
    seed : int
        Seed of the run.
    config : dataclass or dict
        What was run.
    metrics : dict
        Name -> number, or nested dicts of numbers; no timings.
    history : list of dict
        Rows of ``history.csv``; may be empty.
    provenance : dict
        From :func:`provenance`.
    results : pathlib.Path, optional
        Where records live; ``RESULTS`` by default.

    Returns
    -------
    pathlib.Path
        The record's folder.

    Raises
    ------
    FileExistsError
        If the record is there already: records are not overwritten.
    """
    folder = Path(results or RESULTS) / chapter / run / f"seed{seed}"
    if folder.exists():
        raise FileExistsError(f"the record {chapter}/{run}/seed{seed} is there already; "
                              f"remove {folder} first if it is meant to be replaced")
    folder.mkdir(parents=True)
    _dump(folder / "config.json", asdict(config) if is_dataclass(config) else config)
    _dump(folder / "metrics.json", metrics)
    _dump(folder / "provenance.json", provenance)
    names = list(dict.fromkeys(name for row in history for name in row))
    with open(folder / "history.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
    return folder


def read_record(chapter, run, seed=0, results=None):
    """Read one record.

    Parameters
    ----------
    chapter, run : str
        As written.
    seed : int
        Seed of the run.
    results : pathlib.Path, optional
        Where records live; ``RESULTS`` by default.

    Returns
    -------
    dict
        id (str), config, metrics, provenance (dict), history (list of dict of float).

    Raises
    ------
    FileNotFoundError
        If there is no such record; the message lists those that there are.
    """
    folder = Path(results or RESULTS) / chapter / run / f"seed{seed}"
    if not folder.is_dir():
        there = sorted("/".join(p.parts[-4:-1]) for p in folder.parents[2].glob("*/*/seed*/config.json"))
        raise FileNotFoundError(f"expected a record {chapter}/{run}/seed{seed}; "
                                f"there are: {', '.join(there) or 'none'}")
    record = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
              for name in ("config", "metrics", "provenance")}
    with open(folder / "history.csv", newline="", encoding="utf-8") as file:
        record["history"] = [{k: float(v) if v else math.nan for k, v in row.items()} for row in csv.DictReader(file)]
    return {"id": f"{chapter}/{run}/seed{seed}", **record}


def read_records(chapter, results=None):
    """Read all records of a chapter.

    Parameters
    ----------
    chapter : str
        Name of the chapter's folder.
    results : pathlib.Path, optional
        Where records live; ``RESULTS`` by default.

    Returns
    -------
    dict
        Run -> list of records, by seed.
    """
    found = {}
    for path in sorted((Path(results or RESULTS) / chapter).glob("*/seed*/config.json")):
        run, seed = path.parent.parent.name, int(path.parent.name.removeprefix("seed"))
        found.setdefault(run, []).append((seed, read_record(chapter, run, seed, results)))
    return {run: [record for _, record in sorted(pairs, key=lambda pair: pair[0])] for run, pairs in found.items()}


def summary(records, metric):
    """Return mean and sample deviation of a metric over the seeds of one run.

    Parameters
    ----------
    records : list of dict
        Records of one run.
    metric : str
        Name in ``metrics``.

    Returns
    -------
    tuple of float
        Mean, and deviation (NaN for one seed).
    """
    values = np.array([record["metrics"][metric] for record in records], dtype=float)
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else math.nan


def table(records, columns):
    """Return the records of a chapter as text: a row per run, mean over seeds and deviation where there is one.

    Parameters
    ----------
    records : dict
        From :func:`read_records`.
    columns : sequence of str
        Names in ``metrics``; a dash where a run has no such figure.

    Returns
    -------
    str
        Lines of equal width.
    """
    lines = [f"{'run':16s}" + "".join(f"{name:>16s}" for name in columns)]
    for run, seeds in records.items():
        cells = []
        for name in columns:
            mean, deviation = summary(seeds, name) if name in seeds[0]["metrics"] else (math.nan, math.nan)
            cells.append(("-" if math.isnan(mean) else f"{mean:.4g}")
                         + ("" if math.isnan(deviation) else f" +- {deviation:.2g}"))
        lines.append(f"{run:16s}" + "".join(f"{cell:>16s}" for cell in cells))
    return "\n".join(lines if records else ["no records yet: run `make weights`"])


def provenance(seconds, checksum, device="cpu", inputs=None):
    """Return what a record says of its origin.

    Parameters
    ----------
    seconds : float
        Wall-clock seconds of the run.
    checksum : str
        Of the dataset.
    device : str
        Where it ran.
    inputs : dict, optional
        Name -> path of other files that the run has read, such as a model.

    Returns
    -------
    dict
        commit, changed (uncommitted edits), versions, machine, device, threads, seconds, dataset, and inputs where
        there are any (name -> SHA-256).
    """
    name = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    return {
        "commit": _git("rev-parse", "HEAD"), "changed": bool(_git("status", "--porcelain", "--", "code", "toy")),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "machine": _machine(), "device": f"{device} ({name})", "threads": torch.get_num_threads(),
        "seconds": round(seconds, 1), "dataset": checksum,
        **({"inputs": {key: path_hash(path) for key, path in inputs.items()}} if inputs else {}),
    }


def outdated(chapter, runs, results=None):
    """Return the records whose config no longer equals their ``RUNS`` entry.

    Parameters
    ----------
    chapter : str
        Name of the chapter's folder.
    runs : dict
        Name -> Config, the chapter's ``RUNS``.
    results : pathlib.Path, optional
        Where records live; ``RESULTS`` by default.

    Returns
    -------
    list of str
        Record ids.
    """
    current = {name: as_json(config) for name, config in runs.items()}
    return [record["id"] for run, records in read_records(chapter, results).items() for record in records
            if current.get(run) != record["config"]]


def _dump(path, content):
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _machine():
    """Return the processor's name: the last bits of a run depend on its arithmetic."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _git(*arguments):
    try:
        done = subprocess.run(["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
