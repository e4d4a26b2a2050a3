"""The single runs inside a record of many: an ablation, a search, a benchmark.

Conventions
-----------
* An ablation's or benchmark's metrics are ``NAME[/sizeN...]/seedK`` -> figures; a search's are ``trials``.

Contents
--------
Cell         one run inside a record
find_cells   a record -> its cells, none for a record of one run
"""

import re
from typing import NamedTuple


class Cell(NamedTuple):
    """One run inside a record: its name, what sets it apart, its figures, and its rows of history."""

    name: str
    parameters: dict
    metrics: dict
    history: list


def find_cells(record):
    """Return the runs inside a record.

    Parameters
    ----------
    record : dict
        From :func:`latentsampler.runtime.records.read_record`.

    Returns
    -------
    list of Cell
        Empty for a record of one run.
    """
    metrics = record["metrics"]
    if isinstance(metrics.get("trials"), dict):
        return [_trial(record, key, trial) for key, trial in metrics["trials"].items()]
    return [_run(record, key, figures) for key, figures in metrics.items()
            if isinstance(figures, dict) and re.search(r"/seed\d+$", key)]


def _trial(record, key, trial):
    rows = [row for row in record["history"] if row["trial"] == int(key)]
    figures = {"valid": trial["valid"]} if "valid" in trial else {}
    return Cell(f"trial{key}", {**trial["params"], "state": trial["state"]}, figures,
                [{"step": row["step"], "valid": row["valid"]} for row in rows])


def _run(record, key, figures):
    name, *others = key.split("/")
    parameters = {"name": name}
    for part in others:  # size4 -> size: 4
        word, number = re.fullmatch(r"(.*?)(\d*)", part).groups()
        parameters[word] = number
    config = record["config"].get("configs", {}).get(name, {})
    names = record["config"].get("names", [])
    rows = [{k: v for k, v in row.items() if k not in ("run", "seed")} for row in record["history"]
            if name in names and row["run"] == names.index(name) and row["seed"] == int(parameters["seed"])]
    return Cell(key, {**config, **parameters}, figures, rows)
