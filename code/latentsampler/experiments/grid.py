"""The one grid of studies: cells that are kept, resumed, recorded and shown as a table.

A chapter's module ``studies`` holds ``STUDIES`` (name -> :class:`Study`); ``main.py study CHAPTER/NAME`` runs one. A
cell is one measured run; its result is kept in a file as soon as it ends, so a killed study goes on where it was, and
nothing is measured twice.

Contents
--------
Study          what is compared, on what, and how it is shown
find_study     "CHAPTER/NAME" -> Study
study_names    all of them
run_study      Study + setting + sources -> cell -> result
as_record      results in the form of a record that was read
write_study    results -> report/results/
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from latentsampler.runtime import records
from latentsampler.runtime.identity import as_json


def _no_extras(results):
    return {}


@dataclass(frozen=True)
class Study:
    """What is compared, on what, and how it is shown.

    Parameters
    ----------
    text : str
        One line for the help.
    setting : dataclass or dict
        What all cells share; becomes the record's config.
    cells : callable
        ``(setting, sources) -> {name: arguments of run_cell}``, in the order in which they shall run: seed by seed, so
        that a study that is cut off has whole rows. A name is ``VARIANT[/sizeN...]/seedK`` where there are seeds.
    run_cell : callable
        ``(*arguments) -> dict`` that JSON can hold; importable by name.
    table : callable
        ``record -> str``.
    checksum : callable
        ``(setting, sources) -> str``: identity of the data.
    sources : dict
        Option -> default, a path or a word: what the study reads.
    small : dataclass or dict, optional
        A setting of minutes instead of hours, to see that it works.
    record : tuple of str, optional
        Folder and name of the record; chapter and name of the study by default.
    identity : callable, optional
        ``(setting, sources, cell name) -> str`` of everything that the cell's name does not tell; setting and checksum
        by default.
    metrics : callable, optional
        ``results -> metrics`` of the record; the results by default.
    config : callable, optional
        ``results -> dict``, the record's config where it is not the setting.
    extras : callable, optional
        ``results -> dict``, what its provenance says beside the usual, such as timings.
    """

    text: str
    setting: object
    cells: Callable
    run_cell: Callable
    table: Callable
    checksum: Callable
    sources: dict = field(default_factory=dict)
    small: object = None
    record: tuple = ()
    identity: Callable | None = None
    metrics: Callable = dict
    config: Callable | None = None
    extras: Callable = _no_extras


def find_study(text):
    """Return the study of ``CHAPTER/NAME``.

    Parameters
    ----------
    text : str
        Such as ``autoencoder/divergences``; ``data`` stands for the note stores.

    Returns
    -------
    Study
        The entry of ``STUDIES``, with its ``record`` filled in.

    Raises
    ------
    ValueError
        If there is no such study; the message lists those that there are.
    """
    chapter, _, name = text.partition("/")
    module = _module(chapter) if chapter.isidentifier() else None
    if module is None or name not in (found := importlib.import_module(module).STUDIES):
        raise ValueError(f"expected a study of: {', '.join(study_names())}; got {text!r}")
    study = found[name]
    return study if study.record else replace(study, record=(chapter, name))


def study_names():
    """Return ``CHAPTER/NAME`` of all studies, sorted."""
    package = importlib.import_module("latentsampler.chapters")
    folders = {path.parent.name for root in package.__path__ for path in Path(root).glob("*/__init__.py")} | {"data"}
    return sorted(f"{chapter}/{name}" for chapter in folders if (module := _module(chapter))
                  for name in importlib.import_module(module).STUDIES)


def run_study(study, setting, sources, folder, n_jobs=1, scheduler=None, seconds=None, progress=True):
    """Run the cells that are not done yet.

    Parameters
    ----------
    study : Study
        Which.
    setting : dataclass or dict
        Its own, or its ``small`` one.
    sources : dict
        Option -> path or word.
    folder : pathlib.Path
        Keeps the results.
    n_jobs : int
        Processes; -1 for all cores.
    scheduler : str, optional
        Address of a Dask cluster.
    seconds : float, optional
        Budget: no cell begins that would end after it.
    progress : bool
        Show a bar.

    Returns
    -------
    dict
        Cell -> result, without those for which the budget was too small.
    """
    from latentsampler.runtime.parallel import run_tasks

    identity = study.identity
    if identity is None:
        whole = f"{setting} {study.checksum(setting, sources)}"
        return run_tasks(study.run_cell, study.cells(setting, sources), folder, n_jobs, scheduler, whole,
                         seconds, progress)
    cells = study.cells(setting, sources)
    return run_tasks(study.run_cell, cells, folder, n_jobs, scheduler,
                     {name: identity(setting, sources, name) for name in cells}, seconds, progress)


def as_record(study, setting, results):
    """Return results in the form of a record that was read: config, metrics, and what provenance says beside."""
    config = as_json(setting) if study.config is None else study.config(results)
    return {"config": config, "metrics": study.metrics(results), "provenance": study.extras(results)}


def write_study(study, setting, results, sources, seconds, suffix="", to=None):
    """Write the record of a study.

    Parameters
    ----------
    study : Study
        Which.
    setting : dataclass or dict
        What was run.
    results : dict
        From :func:`run_study`.
    sources : dict
        Option -> path or word.
    seconds : float
        Wall-clock seconds.
    suffix : str
        Added to the record's name.
    to : pathlib.Path, optional
        Where records live.

    Returns
    -------
    pathlib.Path
        The record's folder.
    """
    content = as_record(study, setting, results)
    origin = {**records.provenance(seconds, study.checksum(setting, sources)), **content["provenance"]}
    folder, name = study.record
    return records.write_record(folder, name + suffix, 0, content["config"], content["metrics"], [], origin, to)


def _module(chapter):
    """Return the name of the module with a chapter's studies, None where there is none."""
    place = "latentsampler.data" if chapter == "data" else f"latentsampler.chapters.{chapter}"
    try:
        return f"{place}.studies" if importlib.util.find_spec(f"{place}.studies") else None
    except ModuleNotFoundError:
        return None

