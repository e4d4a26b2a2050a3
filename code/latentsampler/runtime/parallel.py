"""Independent tasks on all cores or on a cluster; a killed run goes on, and nothing runs twice.

Conventions
-----------
* Parallel work goes through joblib and nothing else: processes of this computer, or a Dask cluster by its address.
  One job needs no joblib.
* One thread per process: several tasks at once use the cores better than several threads of one.
* The result of a task is what its JSON file gives back: numbers, strings, lists and dicts with names.
* With a folder, a task writes its own result, under another name first, and a lock makes a second process wait for it:
  whoever is killed, a finished task is neither lost nor done again. On a cluster the workers must see the same folders.

Contents
--------
run_tasks   name -> arguments becomes name -> result
each        results of many calls as they come
cluster     joblib's work on a Dask cluster while a context lasts
"""

import contextlib
import fcntl
import json
import os
import statistics
import time
from functools import partial
from pathlib import Path

import torch

from latentsampler.runtime.extras import optional
from latentsampler.runtime.progress import progress_bar


def run_tasks(function, tasks, folder=None, n_jobs=1, scheduler=None, identity="", seconds=None, progress=True):
    """Run independent tasks, those that are not done yet.

    Parameters
    ----------
    function : callable
        ``function(*arguments)`` gives a result that JSON can hold. For more than one job it must be importable by name.
    tasks : dict
        Name (a file name; ``/`` makes folders) -> tuple of arguments; begun in this order.
    folder : str or pathlib.Path, optional
        Where results are kept as ``<name>.json``; without it they live in memory only.
    n_jobs : int
        Processes; -1 for all cores.
    scheduler : str, optional
        Address of a Dask cluster, which then does the work with all its workers.
    identity : str or dict
        Of everything that the names do not tell (data, source, settings), for all or by name: a result kept under
        another one is refused.
    seconds : float, optional
        Budget of wall-clock time: no task begins that would, by the median of those done, end after it.
    progress : bool
        Show a bar.

    Returns
    -------
    dict
        Name -> result, in the order of ``tasks``; without those for which the budget was too small.

    Raises
    ------
    ValueError
        If a kept result belongs to another identity.
    """
    folder = Path(folder) if folder is not None else None
    deadline = time.time() + seconds if seconds is not None else None
    identities = identity if isinstance(identity, dict) else dict.fromkeys(tasks, identity)
    found = {name: _read(_file(folder, name), identities[name]) for name in tasks}
    calls = [(name, identities[name], arguments) for name, arguments in tasks.items() if found[name] is None]
    work = partial(_work, function, folder, deadline)
    with progress_bar(total=len(tasks), initial=len(tasks) - len(calls), disable=not progress, unit="task") as bar:
        with cluster(scheduler):
            for name, outcome in each(work, calls, -1 if scheduler else n_jobs):
                found[name] = outcome
                bar.update()
                bar.set_postfix_str(name, refresh=False)
    return {name: outcome["result"] for name, outcome in found.items() if outcome is not None}


def each(function, calls, n_jobs=1):
    """Call a function many times, in processes with one thread each, and yield its results as they come.

    Parameters
    ----------
    function : callable
        Importable by name when there is more than one job.
    calls : iterable of tuple
        Arguments of each call; taken one after the other, when their turn comes.
    n_jobs : int
        Processes; -1 for all cores, or for all workers inside :func:`cluster`.

    Yields
    ------
    object
        One result per call, in no certain order.
    """
    if n_jobs == 1:
        torch.set_num_threads(1)
        yield from (function(*arguments) for arguments in calls)
        return
    import joblib

    with joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered") as parallel:
        yield from parallel(joblib.delayed(_in_one_thread)(function, *arguments) for arguments in calls)


@contextlib.contextmanager
def cluster(address):
    """Run joblib's work on the Dask cluster at an address while the context lasts; None means this computer."""
    if address is None:
        yield
        return
    distributed = optional("distributed", "cluster")
    import joblib

    with distributed.Client(address), joblib.parallel_config(backend="dask", wait_for_workers_timeout=60):
        yield


def _in_one_thread(function, *arguments):
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    with threadpool_limits(1):
        return function(*arguments)


def _work(function, folder, deadline, name, identity, arguments):
    """Return the name of a task and its outcome: kept, made now, or None when there is no time left for it."""
    with _locked(_file(folder, name)):
        outcome = _read(_file(folder, name), identity)  # another process may have done it meanwhile
        if outcome is None and not _too_late(folder, deadline):
            begin = time.perf_counter()
            result = function(*arguments)
            text = json.dumps({"identity": identity, "seconds": time.perf_counter() - begin, "result": result})
            _write(_file(folder, name), text)
            outcome = json.loads(text)
    return name, outcome


def _too_late(folder, deadline):
    if deadline is None:
        return False
    done = [json.loads(path.read_text())["seconds"] for path in folder.rglob("*.json")] if folder else []
    return time.time() + (statistics.median(done) if done else 0.0) > deadline


def _file(folder, name):
    return folder / f"{name}.json" if folder is not None else None


def _read(path, identity):
    if path is None or not path.is_file():
        return None
    outcome = json.loads(path.read_text(encoding="utf-8"))
    if outcome["identity"] != identity:
        raise ValueError(f"the result {path} belongs to other tasks: expected {identity!r}, got "
                         f"{outcome['identity']!r}; remove its folder or name another one")
    return outcome


def _write(path, text):
    if path is None:
        return
    partial_file = path.with_name(f"{path.name}.{os.uname().nodename}-{os.getpid()}.tmp")
    partial_file.write_text(text, encoding="utf-8")
    os.replace(partial_file, path)  # a kill leaves the result or nothing, never half of one


@contextlib.contextmanager
def _locked(path):
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # dies with its process
        yield
