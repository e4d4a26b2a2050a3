"""Records in MLflow, where runs are compared, filtered and plotted; the committed files stay the source.

Conventions
-----------
* The extra ``tracking``; without it nothing is logged and nothing is said.
* The store is ``build/mlflow/mlflow.db`` (SQLite), or the server that ``MLFLOW_TRACKING_URI`` names.
* The folder of a record is an experiment, a record a run: its config as parameters, its history as curves, its metrics,
  its files and figures, and tags that hold the record's id and the commit. What is there already is not logged again.
* The runs inside a record of many (an ablation, a search, a benchmark) are runs beside it, with a tag ``part_of``: as
  runs below it, the page would hide them from its charts.
* A ``figures.py`` of a chapter may hold ``RECORD_FIGURES``, name -> function of one record; these are logged, too.

Contents
--------
connect         the MLflow client of this project's store
log_record      a record -> run
log_new_record  the same, when it is written: a failure costs the record nothing
logging_new     the same for every record that a block of code writes
log_all         all records that are not there yet
find_logged     the run of a record
"""

import hashlib
import importlib.util
import json
import logging
import math
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from latentsampler.experiments.cells import find_cells
from latentsampler.experiments.chapters import PACKAGE
from latentsampler.runtime import records
from latentsampler.runtime.extras import optional

HOME = records.RESULTS.parents[1] / "build" / "mlflow"


def connect():
    """Return an ``MlflowClient`` of the store that ``MLFLOW_TRACKING_URI`` names, or of the local one.

    Returns
    -------
    mlflow.MlflowClient
        Connected.

    Raises
    ------
    ModuleNotFoundError
        If the extra ``tracking`` is not installed.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    mlflow = optional("mlflow", "tracking")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not uri:
        optional("sqlalchemy", "tracking")
        optional("alembic", "tracking")
        HOME.mkdir(parents=True, exist_ok=True)
        uri = f"sqlite:///{HOME / 'mlflow.db'}"
    return mlflow.MlflowClient(uri, registry_uri=uri)  # mlflow.set_tracking_uri would change the environment


def log_record(client, name, results=records.RESULTS):
    """Log a record, unless it is there.

    Parameters
    ----------
    client : mlflow.MlflowClient
        From :func:`connect`.
    name : str
        ``CHAPTER/RUN/seedK``.
    results : pathlib.Path
        Where records live.

    Returns
    -------
    tuple
        The run's id (str), and whether it is new.
    """
    chapter, run, seed = name.split("/")
    record = records.read_record(chapter, run, int(seed.removeprefix("seed")), results)
    there = find_logged(client, record)
    if there is not None:
        return there, False
    origin, now = record["provenance"], round(1000 * time.time())
    begin = now - round(1000 * origin.get("seconds", 0.0))  # the length is the run's, the date that of the record
    experiment, tags = _experiment(client, chapter), _tags(record, run, seed)
    run_id = client.create_run(experiment, begin, tags, f"{run}/{seed}").info.run_id
    cells = find_cells(record)
    config = {key: value for key, value in record["config"].items() if not cells or key != "configs"}
    figures = {key: value for key, value in record["metrics"].items() if not cells or not isinstance(value, dict)}
    _log_numbers(client, run_id, config, figures, record["history"], (begin, now))
    for cell in cells:
        inner = client.create_run(experiment, begin, {**tags, "part_of": record["id"], "content": ""}, cell.name)
        _log_numbers(client, inner.info.run_id, cell.parameters, cell.metrics, cell.history, (begin, now))
        client.set_terminated(inner.info.run_id, end_time=now)
    for path in sorted((Path(results) / name).iterdir()):
        client.log_artifact(run_id, str(path), "record")
    _log_figures(client, run_id, chapter, record)
    client.set_terminated(run_id, end_time=now)
    return run_id, True


def log_new_record(folder):
    """Log a record that was just written; a missing extra is silent, any other failure one line."""
    if importlib.util.find_spec("mlflow") is None:
        return
    folder = Path(folder)
    try:
        log_record(connect(), "/".join(folder.parts[-3:]), folder.parents[2])
    except Exception as error:  # noqa: BLE001  a server that is down must not cost a run
        print(f"MLflow has not got the record ({error}); later: code/main.py track records", file=sys.stderr)


@contextmanager
def logging_new(results=None):
    """Log the records that are written while the block runs.

    Parameters
    ----------
    results : pathlib.Path, optional
        Where records live; the project's own by default.
    """
    results = Path(results or records.RESULTS)
    before = set(results.glob("*/*/seed*/config.json"))
    try:
        yield
    finally:
        for path in sorted(set(results.glob("*/*/seed*/config.json")) - before):
            log_new_record(path.parent)


def log_all(client, results=records.RESULTS):
    """Log all records that are not there yet.

    Parameters
    ----------
    client : mlflow.MlflowClient
        From :func:`connect`.
    results : pathlib.Path
        Where records live.

    Returns
    -------
    dict
        Record id -> whether it is new.
    """
    names = sorted(str(path.parent.relative_to(results)) for path in Path(results).glob("*/*/seed*/config.json"))
    return {name: log_record(client, name, results)[1] for name in names}


def find_logged(client, record):
    """Return the id of the run of a record with just this content, or None.

    Parameters
    ----------
    client : mlflow.MlflowClient
        From :func:`connect`.
    record : dict
        From :func:`latentsampler.runtime.records.read_record`.

    Returns
    -------
    str or None
        The run's id.
    """
    experiment = client.get_experiment_by_name(record["id"].split("/")[0])
    if experiment is None:
        return None
    wanted = (f"tags.record = '{record['id']}' and tags.content = '{_content(record)}' and "
              "attributes.status = 'FINISHED'")  # one that was killed while it was logged is logged again
    found = client.search_runs([experiment.experiment_id], wanted, max_results=1)
    return found[0].info.run_id if found else None


def _content(record):
    """Return the identity of a record's content; a record that was made again is another run."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def _experiment(client, chapter):
    found = client.get_experiment_by_name(chapter)
    if found is not None:
        return found.experiment_id
    local = None if os.environ.get("MLFLOW_TRACKING_URI") else (HOME / "artifacts" / chapter).as_uri()
    return client.create_experiment(chapter, artifact_location=local)


def _tags(record, run, seed):
    origin = record["provenance"]
    told = {name: str(origin[name]) for name in ("device", "machine", "dataset", "changed") if name in origin}
    return {**told, "record": record["id"], "run": run, "seed": seed.removeprefix("seed"), "content": _content(record),
            "mlflow.source.git.commit": origin.get("commit", ""), "mlflow.source.name": "code/main.py"}


def _log_numbers(client, run_id, config, figures, history, span):
    from mlflow.entities import Metric, Param

    begin, end = span
    parameters = [Param(_safe(name), str(value)[:5000]) for name, value in _flat(config)]
    metrics = [Metric(_safe(name), float(value), end, 0) for name, value in _flat(figures)
               if isinstance(value, int | float)]
    last = max([row.get("step", 0) for row in history], default=1) or 1
    rows = [row for row in history if "step" in row and not {"run", "trial"} & row.keys()]  # those are of the cells
    curves = [Metric(f"history/{_safe(name)}", value, round(begin + (end - begin) * row["step"] / last),
                     round(row["step"])) for row in rows for name, value in row.items() if name != "step"]
    numbers = [metric for metric in (*metrics, *curves) if math.isfinite(metric.value)]
    for start in range(0, len(parameters), 100):
        client.log_batch(run_id, params=parameters[start:start + 100])
    for start in range(0, len(numbers), 1000):
        client.log_batch(run_id, metrics=numbers[start:start + 1000])


def _flat(values, prefix=""):
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _safe(name):
    """Return a name that MLflow takes: letters, digits, and some signs."""
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)[:240]


def _log_figures(client, run_id, chapter, record):
    from latentsampler.experiments import figures

    named = dict(figures.RECORD_FIGURES.get(chapter, figures.RECORD_FIGURES[""]))
    if (PACKAGE / "chapters" / chapter / "figures.py").is_file():
        named |= getattr(importlib.import_module(f"latentsampler.chapters.{chapter}.figures"), "RECORD_FIGURES", {})
    with tempfile.TemporaryDirectory() as folder:
        for name, draw in named.items():
            if (figure := draw(record)) is not None:
                path = Path(folder) / f"{name}.png"
                figure.savefig(path, dpi=100)
                client.log_artifact(run_id, str(path), "figures")
