"""Search over fields of a chapter's ``Config``: many short runs, of which the hopeless end early.

Conventions
-----------
* What is minimised is the last ``valid`` of a run's history, on validation notes; no test note has a say.
* A run is pruned when its ``valid`` is worse than the median of the runs before it at the same step.
* The first trial is the run as it is, where its values lie within the space: a search that finds nothing says so.
* One process proposes the same values again for the same seed. Several processes share a study (see ``study``); any may
  be killed, and the same command goes on.

Contents
--------
Search      what is searched
plan        from a chapter's ``SEARCH``, or a given space
run_search  Search + notes -> study
as_record   study -> config, metrics and history of a record ``search/<chapter>-<run>/seed<k>``
"""

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from latentsampler.experiments import study as studies
from latentsampler.experiments.chapters import (
    check_offers,
    find_experiment,
    find_run,
    open_data,
    source_of,
    train_run,
    with_fields,
    with_steps,
)
from latentsampler.learning.training import watched
from latentsampler.runtime.extras import optional
from latentsampler.runtime.identity import as_json, path_hash, short_hash
from latentsampler.runtime.parallel import cluster, each


class Search(NamedTuple):
    """What is searched."""

    chapter: str
    run: str
    config: object  # the run's Config, with the steps of a trial
    space: dict  # dotted field -> range, see ``study.Space``
    seed: int  # of every trial's run, and of the proposals
    inputs: dict  # argument of ``run`` -> path of a file


def plan(name, space=None, steps=None, seed=0, inputs=None):
    """Return what is searched.

    Parameters
    ----------
    name : str
        ``CHAPTER/RUN``.
    space : dict, optional
        Dotted field -> range; the chapter's ``SEARCH`` by default.
    steps : int, optional
        Optimiser steps of a trial, instead of the run's own.
    seed : int
        Of every trial's run, and of the proposals.
    inputs : dict, optional
        Argument of ``run`` -> path of a file.

    Returns
    -------
    Search
        For :func:`run_search`.

    Raises
    ------
    ValueError
        If there is no space, a field is unknown, or a range is none.
    """
    chapter, run, config = find_run(name)
    check_offers(chapter, "search")
    space = space or getattr(find_experiment(chapter), "SEARCH", None)
    if not space:
        raise ValueError(f"expected a space: {chapter}.experiment has no SEARCH; give one with --space FILE")
    if steps:
        config = with_steps(config, steps)
        if hasattr(config, "schedule"):  # a trial is judged before it ends
            config = with_fields(config, {"schedule.valid_every": max(1, min(config.schedule.valid_every, steps // 4))})
    ranges = studies.Space(space).ranges
    for field in ranges:
        _value(config, field)
    return Search(chapter, run, config, ranges, seed, dict(inputs or {}))


def run_search(what, data, folder, trials, n_jobs=1, scheduler=None, seconds=None, progress=True):
    """Run trials until a study has so many, or the time is up.

    Parameters
    ----------
    what : Search
        From :func:`plan`.
    data : str or pathlib.Path
        A store, or a packed one.
    folder : str or pathlib.Path
        Keeps the study: the same call goes on with it. Other notes, ranges or sources are kept apart.
    trials : int
        How many the study shall have.
    n_jobs : int
        Processes; -1 for all cores.
    scheduler : str, optional
        Address of a Dask cluster that sees the same folder.
    seconds : float, optional
        Budget: no trial begins that would, by the median of those complete, end after it.
    progress : bool
        Say what each trial gave.

    Returns
    -------
    optuna.Study
        For :func:`as_record`.
    """
    optional("optuna", "search")
    origin = [what.chapter, as_json(what.config), what.space, what.seed, open_data(what.chapter, data).checksum,
              {name: path_hash(path) for name, path in what.inputs.items()}, source_of(what.chapter)]
    folder = Path(folder) / f"{what.chapter}-{what.run}-{short_hash(origin)}"
    deadline = None if seconds is None else time.time() + seconds
    work = (what, data, folder, trials, deadline, progress)
    study = studies.open_study(folder, what.seed, _first(what))
    with cluster(scheduler):
        processes = _processes(-1 if scheduler else n_jobs)
        list(each(_work, [work] * processes, -1 if scheduler else processes))
    _work(*work)  # what a killed process has left, and nothing else
    return study


def as_record(what, study):
    """Return config, metrics and history of a study's record; history has every ``valid`` of every trial.

    Parameters
    ----------
    what : Search
        What was searched.
    study : optuna.Study
        From :func:`run_search`.

    Returns
    -------
    tuple of dict, dict, list of dict
        For :func:`latentsampler.runtime.records.write_record`.
    """
    done = studies.finished(study)
    config = {"chapter": what.chapter, "run": what.run, "base": as_json(what.config), "seed": what.seed,
              "space": {name: list(given) for name, given in what.space.items()}}
    states = {name: sum(trial.state.name == name for trial in done) for name in ("COMPLETE", "PRUNED", "FAIL")}
    trials = {str(k): {"state": trial.state.name, "params": trial.params,
                       **({"valid": trial.value} if trial.state.name == "COMPLETE" else {})}
              for k, trial in enumerate(done)}
    complete = [key for key, trial in trials.items() if "valid" in trial]
    best = min(complete, key=lambda key: trials[key]["valid"], default=None)
    metrics = {"trials": trials, "complete": states["COMPLETE"], "pruned": states["PRUNED"], "failed": states["FAIL"]}
    if best is not None:
        metrics |= {"best_trial": int(best), "best_valid": trials[best]["valid"], "best": trials[best]["params"]}
    history = [{"trial": k, "step": step, "valid": value} for k, trial in enumerate(done)
               for step, value in sorted(trial.intermediate_values.items())]
    return config, metrics, history


def _value(config, field):
    """Return the value of a dotted field."""
    for name in field.split("."):
        there = config if isinstance(config, dict) else vars(config)
        if name not in there:
            raise ValueError(f"expected a field of the config ({', '.join(there)}), got {field!r}")
        config = there[name]
    return config


def _first(what):
    """Return the run's own values, when the space has them."""
    values = {field: _value(what.config, field) for field in what.space}
    return values if studies.Space(what.space).holds(values) else None


def _processes(n_jobs):
    if n_jobs > 0:
        return n_jobs
    import joblib

    return joblib.effective_n_jobs(n_jobs)  # cores, or workers of a cluster


def _work(what, data, folder, trials, deadline, progress):
    """Do trials until none is left to begin."""
    study, space = studies.open_study(folder, what.seed), studies.Space(what.space)
    while not _too_late(study, deadline) and (claimed := studies.claim(study, space, folder, trials)):
        trial, values, mark = claimed
        with mark:
            _try(what, data, folder, study, trial, values)
            if progress:
                state = study.get_trials(deepcopy=False)[trial.number]
                print(f"trial {trial.number}: {state.state.name.lower()}"
                      + (f", valid {state.value:.4g}" if state.value is not None else "") + f", {values}", flush=True)


def _try(what, data, folder, study, trial, values):
    optuna = optional("optuna", "search")
    out = folder / f"{short_hash(values)}.pt"  # a repeated trial finds the checkpoint of the first

    def watch(row):
        if "valid" not in row:
            raise ValueError(f"expected a history with `valid` of {what.chapter}, got {', '.join(row)}")
        trial.report(row["valid"], round(row["step"]))
        if trial.should_prune():
            raise optuna.TrialPruned

    try:
        with watched(watch):
            result = train_run(what.chapter, with_fields(what.config, values), what.seed, out, data,
                               inputs=what.inputs)
        study.tell(trial, result["history"][-1]["valid"])
    except optuna.TrialPruned:
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    except (FloatingPointError, ValueError) as error:
        trial.set_user_attr("failed", str(error))
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        if isinstance(error, ValueError):
            raise  # a mistake in the space or in the inputs: better told than counted
    for path in (out, out.with_name(f"{out.name}.ckpt")):
        path.unlink(missing_ok=True)


def _too_late(study, deadline):
    if deadline is None:
        return False
    lengths = [trial.duration.total_seconds() for trial in studies.finished(study)
               if trial.state.name == "COMPLETE" and trial.duration]
    return time.time() + (float(np.median(lengths)) if lengths else 0.0) > deadline
