"""A recorded run again, from what its record says, and whether each of its numbers comes again.

Conventions
-----------
* On the machine and with the versions of the record, numbers agree exactly or they do not agree. Elsewhere the last
  bits of arithmetic differ and grow while training; then a tolerance says what still counts as the same.
* The record names its commit. ``source="current"`` runs today's source and says which files have changed since;
  ``source="recorded"`` takes the package out of that commit and runs that.
* A run may be checked by its first steps only: the rows of its history up to there must come again.

Contents
--------
rerun          a record -> its numbers, recorded and again
changed_environment  what of source, versions, machine and config is no longer as it was
find_store     the notes of a checksum, among the stores of this project
parts          a record's id -> chapter, run, seed
"""

import json
import math
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from latentsampler.experiments.chapters import (
    SHARED,
    check_offers,
    find_experiment,
    from_json,
    open_data,
    train_run,
)
from latentsampler.experiments.reproducibility import compare_numbers
from latentsampler.learning.training import watched
from latentsampler.runtime import records
from latentsampler.runtime.identity import as_json, path_hash

ROOT = records.RESULTS.parents[1]

SCRIPT = Path(__file__).with_name("recorded_source.py")


class _EnoughError(Exception):
    """The steps that were asked for are done."""


def rerun(record, data, out, steps=None, source="current", inputs=None, tolerance=0.0):
    """Run a record again.

    Parameters
    ----------
    record : dict
        From :func:`latentsampler.runtime.records.read_record`, of a chapter that trains.
    data : str or pathlib.Path
        The same notes.
    out : str or pathlib.Path
        File of the model.
    steps : int, optional
        Only so many, and only history is compared.
    source : str
        ``"current"`` or ``"recorded"``.
    inputs : dict, optional
        Argument of ``run`` -> path of the file that the run was given.
    tolerance : float
        Largest relative difference that is called ``close``.

    Returns
    -------
    list of Reproduced
        One per number.

    Raises
    ------
    ValueError
        If notes or other inputs are not those of the record.
    """
    chapter, run, seed = parts(record["id"])
    inputs = dict(inputs or {})
    check_offers(chapter, "rerun")
    _check_inputs(record, open_data(chapter, data).checksum, inputs)
    if source == "recorded":
        again = _run_recorded(record, chapter, run, seed, out, data, inputs, steps)
    else:
        again = _run_current(record, chapter, run, seed, out, data, inputs, steps)
    until = steps or math.inf
    recorded = {**({} if steps else record["metrics"]), **_rows(record["history"], until)}
    now = {**({} if steps else again["metrics"]), **_rows(again["history"], until)}
    return compare_numbers(recorded, json.loads(json.dumps(now)), tolerance)


def changed_environment(record):
    """Return what is no longer as it was when a record was made.

    Parameters
    ----------
    record : dict
        From :func:`latentsampler.runtime.records.read_record`.

    Returns
    -------
    list of str
        Sentences; empty when nothing differs, so that numbers must agree exactly.
    """
    chapter, run, _ = parts(record["id"])
    origin, now = record["provenance"], records.provenance(0.0, "")
    found = [] if not origin.get("changed") else ["the record was made with uncommitted edits to the source"]
    changed = _changed_since(origin["commit"], chapter)
    if changed is None:
        found.append(f"its commit {origin['commit'][:12]} is not in this repository")
    elif changed:
        found.append(f"{len(changed)} source files differ from commit {origin['commit'][:12]}: {', '.join(changed)}")
    for name in sorted(origin["versions"]):
        if origin["versions"][name] != now["versions"].get(name):
            found.append(f"{name} was {origin['versions'][name]}, is {now['versions'].get(name)}")
    if origin.get("machine") != now["machine"]:
        found.append(f"the machine was {origin.get('machine', 'not recorded')}, is {now['machine']}")
    if origin.get("threads", 1) != 1:
        found.append(f"it ran on {origin['threads']} threads, not one")
    runs = find_experiment(chapter).RUNS
    if run not in runs or as_json(runs[run]) != record["config"]:
        found.append(f"its config is no longer that of {chapter}/{run}")
    return found


def find_store(checksum, folders=(ROOT / "build", ROOT / "data")):
    """Return the store of a checksum.

    Parameters
    ----------
    checksum : str
        As recorded.
    folders : sequence of pathlib.Path
        Where to look, three levels deep.

    Returns
    -------
    pathlib.Path
        The store's folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    for folder in folders:
        for depth in ("*", "*/*", "*/*/*"):
            for path in sorted(path for name in ("info.json", "store.json")
                               for path in Path(folder).glob(f"{depth}/{name}")):
                if _checksum(path) == checksum:
                    return path.parent
    raise FileNotFoundError(f"expected the notes with checksum {checksum[:12]}... in a store below "
                            f"{', '.join(str(folder) for folder in folders)}, found none; name them with --data")


def _checksum(path):
    """Return the checksum that a store's file names; None where it names none, since other programs use such names."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content.get("checksum") if isinstance(content, dict) else None


def parts(name):
    """Return chapter, run and seed of a record's id.

    Parameters
    ----------
    name : str
        ``CHAPTER/RUN/seedK``; ``seed0`` where it ends earlier.

    Returns
    -------
    tuple
        Chapter and run (str), seed (int).

    Raises
    ------
    ValueError
        If it is no such id.
    """
    found = re.fullmatch(r"(?:report/results/)?([^/]+)/([^/]+)(?:/seed(\d+))?/?", name)
    if not found:
        raise ValueError(f"expected a record CHAPTER/RUN/seedK, got {name!r}")
    return found[1], found[2], int(found[3] or 0)


def _rows(history, until):
    return {f"step {row['step']:.0f}": {k: v for k, v in row.items() if k != "step" and v == v}
            for row in history if row["step"] <= until}



def _check_inputs(record, checksum, inputs):
    origin = record["provenance"]
    if checksum != origin["dataset"]:
        raise ValueError(f"expected the notes with checksum {origin['dataset'][:12]}..., got {checksum[:12]}...")
    for name, expected in origin.get("inputs", {}).items():
        if name not in inputs:
            raise ValueError(f"the run was given a file {name}; name it with --input {name}=FILE")
        if (got := path_hash(inputs[name])) != expected:
            raise ValueError(f"expected a {name} with SHA-256 {expected[:12]}..., got {got[:12]}...")


def _run_current(record, chapter, run, seed, out, data, inputs, steps):
    experiment = find_experiment(chapter)
    config = experiment.RUNS.get(run)
    if config is None or as_json(config) != record["config"]:
        config = from_json(experiment.Config, record["config"])
    rows = []

    def watch(row):
        rows.append(row)
        if steps and row["step"] >= steps:
            raise _EnoughError

    try:
        with watched(watch):
            return train_run(chapter, config, seed, out, data, _device(record), inputs)
    except _EnoughError:
        return {"metrics": {}, "history": rows}


def _run_recorded(record, chapter, run, seed, out, data, inputs, steps):
    commit = record["provenance"]["commit"]
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen(["git", "archive", commit, "code"], cwd=ROOT, stdout=subprocess.PIPE) as archive:
            with tarfile.open(fileobj=archive.stdout, mode="r|") as files:
                files.extractall(folder, filter="data")
        result = Path(folder) / "result.json"
        asked = {"chapter": chapter, "run": run, "seed": seed, "out": str(Path(out).resolve()), "result": str(result),
                 "data": str(Path(data).resolve()), "device": _device(record), "steps": steps or 0,
                 "inputs": {name: str(Path(path).resolve()) for name, path in inputs.items()}}
        subprocess.run([sys.executable, "-P", str(SCRIPT), json.dumps(asked)], cwd=folder, check=True,
                       env={**os.environ, "PYTHONPATH": str(Path(folder) / "code")})
        return json.loads(result.read_text(encoding="utf-8"))


def _device(record):
    return record["provenance"]["device"].split()[0]


def _changed_since(commit, chapter):
    """Return the files that a chapter's runs depend on and that have changed, or None for an unknown commit."""
    own = Path(find_experiment(chapter).__file__).parent
    places = [str(path) for path in (*SHARED, own) if path.is_relative_to(ROOT)]
    command = ["git", "diff", "--name-only", "--diff-filter=a", commit, "--", *places]  # new ones were not used
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return None if done.returncode else [Path(line).name for line in done.stdout.splitlines()]
