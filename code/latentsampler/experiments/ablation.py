"""A base and its named deltas, over seeds, within a budget of time: what each delta changes, with its interval.

Conventions
-----------
* A delta is a whole Config; what it changes against the base is read off the two.
* All start from the same seeds, so a delta is compared with the base seed by seed: the seeds' own scatter, which the
  two share, drops out. Runs come seed by seed, so that a budget which ends early leaves whole pairs.
* A delta counts as worse or better only when the 95 % interval of its difference excludes zero. With many deltas and
  metrics, one in twenty of the differences that are none will still be called one.
* A run whose loss is no longer finite has failed, and the table says so.

Contents
--------
Plan          what is to be run
plan          from a chapter's ``ABLATIONS`` or ``RUNS``, by names
run_ablation  Plan + notes -> metrics and histories
as_record     the same as config, metrics and history
record        the same as a record ``ablation/<chapter>-<base>/seed0``
better_of     which metrics its chapter judges
table         a record's differences as text
"""

from pathlib import Path
from typing import NamedTuple

from latentsampler.evaluation.comparison import compare
from latentsampler.experiments.chapters import (
    check_offers,
    find_experiment,
    find_run,
    open_data,
    source_of,
    train_run,
    with_steps,
)
from latentsampler.runtime import records
from latentsampler.runtime.identity import as_json, path_hash, short_hash
from latentsampler.runtime.parallel import run_tasks

MODEL = "unused.pt"  # what a run must write; only its figures are kept


class Plan(NamedTuple):
    """What is to be run."""

    chapter: str
    base: str  # the run that all are compared with
    configs: dict  # name -> Config; the base first, by its own name
    seeds: tuple
    inputs: dict  # argument of ``run`` -> path of a file, the same for all


def plan(name, deltas=None, seeds=3, steps=None, inputs=None):
    """Return the plan of an ablation.

    Parameters
    ----------
    name : str
        ``CHAPTER/RUN`` of the base.
    deltas : sequence of str, optional
        Names in the chapter's ``ABLATIONS[RUN]`` or ``RUNS``; all of the former by default.
    seeds : int
        How many: 0, 1, ...
    steps : int, optional
        Optimiser steps of every run, instead of its own.
    inputs : dict, optional
        Argument of ``run`` -> path.

    Returns
    -------
    Plan
        For :func:`run_ablation`.

    Raises
    ------
    ValueError
        If a name is unknown, there is no delta, or there are fewer than two seeds.
    """
    chapter, base, config = find_run(name)
    check_offers(chapter, "ablate")
    experiment = find_experiment(chapter)
    own = getattr(experiment, "ABLATIONS", {}).get(base, {})
    there = {**experiment.RUNS, **own}
    chosen = list(own) if deltas is None else list(deltas)
    if unknown := [delta for delta in chosen if delta not in there or delta == base]:
        raise ValueError(f"expected deltas of {name} ({', '.join(k for k in there if k != base)}), got "
                         f"{', '.join(unknown)}")
    if not chosen or seeds < 2:
        raise ValueError(f"expected at least one delta and two seeds, got {len(chosen)} and {seeds}: name deltas with "
                         f"--deltas, out of {', '.join(k for k in there if k != base)}")
    configs = {base: config, **{delta: there[delta] for delta in chosen}}
    if steps:
        configs = {key: with_steps(value, steps) for key, value in configs.items()}
    return Plan(chapter, base, configs, tuple(range(seeds)), dict(inputs or {}))


def run_ablation(what, data, folder, n_jobs=1, scheduler=None, seconds=None, device="cpu", progress=True):
    """Run what is not done yet.

    Parameters
    ----------
    what : Plan
        From :func:`plan`.
    data : str or pathlib.Path
        A store, or a packed one.
    folder : str or pathlib.Path
        Keeps the results: a killed ablation goes on, and one with more deltas or seeds uses what is there. Results of
        other notes or of a changed source are kept apart.
    n_jobs : int
        Processes; -1 for all cores.
    scheduler : str, optional
        Address of a Dask cluster.
    seconds : float, optional
        Budget: no run begins that would end after it.
    device : str
        ``"cpu"`` or ``"cuda"``.
    progress : bool
        Show a bar.

    Returns
    -------
    dict
        ``NAME/seedK`` -> {"metrics", "history"}, or {"failed": reason}; without those that the budget left out.
    """
    folder = Path(folder) / f"{what.chapter}-{what.base}-{short_hash(_origin(what, data))}"
    files = {f"{name}/seed{seed}": (f"{name}-{short_hash(as_json(config))}/seed{seed}", (what, name, seed, data, folder,
                                                                                         device))
             for seed in what.seeds for name, config in what.configs.items()}
    done = run_tasks(_run, dict(files.values()), folder, n_jobs, scheduler, seconds=seconds, progress=progress)
    return {key: done[file] for key, (file, _) in files.items() if file in done}


def record(what, results, data, seconds, device="cpu", to=None):
    """Write the record of an ablation.

    Parameters
    ----------
    what : Plan
        What was run.
    results : dict
        From :func:`run_ablation`.
    data : str or pathlib.Path
        The notes.
    seconds : float
        Wall-clock seconds.
    device : str
        Where it ran.
    to : pathlib.Path, optional
        Where records live; the project's own by default.

    Returns
    -------
    pathlib.Path
        The record's folder.
    """
    config, metrics, history = as_record(what, results)
    origin = records.provenance(seconds, open_data(what.chapter, data).checksum, device, what.inputs)
    return records.write_record("ablation", f"{what.chapter}-{what.base}", 0, config, metrics, history, origin, to)


def as_record(what, results):
    """Return config, metrics and history of an ablation's record; history has a run's index in ``names``."""
    names = list(what.configs)
    config = {"chapter": what.chapter, "base": what.base, "names": names, "seeds": list(what.seeds),
              "configs": {name: as_json(value) for name, value in what.configs.items()}}
    metrics = {key: result.get("metrics", {}) for key, result in results.items()}
    history = [{"run": names.index(key.rpartition("/")[0]), "seed": int(key.rpartition("seed")[2]), **row}
               for key, result in results.items() for row in result.get("history", [])]
    return config, metrics, history


def better_of(config):
    """Return which metrics an ablation's record is judged by, and which direction is better; None for all numbers."""
    return getattr(find_experiment(config["chapter"]), "BETTER", None)


def table(config, metrics, better=None):
    """Return the comparison as text: the base's means, then a row per delta.

    Parameters
    ----------
    config, metrics : dict
        Of a record made by :func:`record`.
    better : dict, optional
        Metric -> ``"lower"`` or ``"higher"``; the chapter's ``BETTER`` by default.

    Returns
    -------
    str
        Lines of equal width.
    """
    compared = compare(config, metrics, better_of(config) if better is None else better)
    columns = list(next(iter(compared.values())))
    rows = [["", "runs", *columns], [config["base"], _count(config, metrics, config["base"]),
                                     *[_mean(config, metrics, name) for name in columns]]]
    for delta, cells in compared.items():
        rows.append([delta, _count(config, metrics, delta),
                     *["-" if cell is None else f"{cell.mean:+.3g} [{cell.low:+.3g}, {cell.high:+.3g}] {cell.outcome}"
                       for cell in cells.values()]])
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(lines)


def _count(config, metrics, name):
    """Return how many runs came to an end; those that failed are told."""
    there = [metrics[f"{name}/seed{seed}"] for seed in config["seeds"] if f"{name}/seed{seed}" in metrics]
    failed = sum(not run for run in there)
    return f"{len(there) - failed}" + (f", {failed} failed" if failed else "")


def _mean(config, metrics, metric):
    values = [metrics[key][metric] for seed in config["seeds"]
              if metrics.get(key := f"{config['base']}/seed{seed}")]
    return f"{sum(values) / len(values):.4g}"


def _origin(what, data):
    """Return what the results depend on besides Config and seed."""
    inputs = {name: path_hash(path) for name, path in what.inputs.items()}
    return [what.chapter, inputs, open_data(what.chapter, data).checksum, source_of(what.chapter)]


def _run(what, name, seed, data, folder, device):
    out = folder / name / f"seed{seed}" / MODEL
    try:
        return train_run(what.chapter, what.configs[name], seed, out, data, device, what.inputs)
    except FloatingPointError as error:
        return {"failed": str(error)}
    finally:
        out.unlink(missing_ok=True)
