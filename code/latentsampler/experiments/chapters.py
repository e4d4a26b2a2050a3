"""One run of any chapter, by name, as a function that any process can call.

Contents
--------
chapter_names     the chapters that train something
find_experiment   chapter -> its module ``experiment``
find_run          "CHAPTER/RUN" -> chapter, run, Config
check_offers      refuses a command that a chapter says it has not
open_data         path -> the chapter's data
load_inputs       paths -> files of other chapters, loaded
with_fields       Config with some fields changed, by dotted names
with_steps        Config with another number of optimiser steps
from_json         Config from what its record holds
source_of         identity of the source that a chapter's runs depend on
train_run         Config, seed, data -> metrics and history
"""

import importlib
import typing
from dataclasses import is_dataclass, replace
from pathlib import Path

import latentsampler
from latentsampler.runtime.identity import short_hash

PACKAGE = Path(latentsampler.__file__).parent
SHARED = tuple(PACKAGE / name for name in "attributes contract data evaluation learning runtime sound".split())


def chapter_names():
    """Return the names of the chapters that train something, sorted."""
    folders = [Path(folder) for folder in importlib.import_module("latentsampler.chapters").__path__]
    return sorted(path.parent.name for folder in folders for path in folder.glob("*/experiment.py"))


def find_experiment(chapter):
    """Return the module ``experiment`` of a chapter.

    Parameters
    ----------
    chapter : str
        Name of its folder.

    Returns
    -------
    module
        With ``Config``, ``RUNS``, ``open_data``, ``INPUTS``, ``build``, ``run`` and ``measure``.

    Raises
    ------
    ValueError
        If no chapter of that name trains anything; the message lists those that do.
    """
    if chapter not in (there := chapter_names()):
        raise ValueError(f"expected a chapter that trains ({', '.join(there)}), got {chapter!r}")
    return importlib.import_module(f"latentsampler.chapters.{chapter}.experiment")


def find_run(text):
    """Return chapter, run and Config of ``CHAPTER/RUN``.

    Parameters
    ----------
    text : str
        Such as ``autoencoder/wae``.

    Returns
    -------
    tuple
        Chapter and run (str), and the entry of ``RUNS``.

    Raises
    ------
    ValueError
        If there is no such run; the message lists those that there are.
    """
    chapter, _, run = text.partition("/")
    runs = find_experiment(chapter).RUNS
    if run not in runs:
        raise ValueError(f"expected a run of {chapter} ({', '.join(runs)}), got {run!r}")
    return chapter, run, runs[run]


def with_fields(config, values):
    """Return a config with some fields changed.

    Parameters
    ----------
    config : dataclass or dict
        What is changed.
    values : dict
        Dotted name -> value; dots go into dataclasses and dicts, as in ``schedule.learning_rate``.

    Returns
    -------
    dataclass or dict
        Of the same type.

    Raises
    ------
    ValueError
        If there is no such field.
    """
    for name, value in values.items():
        first, _, rest = name.partition(".")
        there = config if isinstance(config, dict) else vars(config)
        if first not in there:
            raise ValueError(f"expected a field ({', '.join(there)}), got {first!r}")
        changed = {first: with_fields(there[first], {rest: value}) if rest else value}
        config = {**config, **changed} if isinstance(config, dict) else replace(config, **changed)
    return config


def from_json(kind, values):
    """Return a config from what its record holds.

    Parameters
    ----------
    kind : type
        The dataclass.
    values : dict
        Its fields, as JSON gives them.

    Returns
    -------
    dataclass
        Of type ``kind``.

    Raises
    ------
    ValueError
        If ``kind`` lacks a field that the values have.
    """
    types = typing.get_type_hints(kind)
    if unknown := sorted(values.keys() - types.keys()):
        raise ValueError(f"the record was made by another source: {kind.__name__} has no field {', '.join(unknown)}")
    return kind(**{name: _typed(types[name], value) for name, value in values.items()})


def _typed(kind, value):
    if is_dataclass(kind) and isinstance(value, dict):
        return from_json(kind, value)
    if isinstance(value, list) and (kind is tuple or typing.get_origin(kind) is tuple):
        return tuple(value)
    return value


def source_of(chapter):
    """Return the identity of the chapter's own modules and of the shared ones, 12 hexadecimal digits."""
    own = Path(find_experiment(chapter).__file__).parent
    files = sorted(path for folder in (*SHARED, own) for path in folder.rglob("*.py"))
    return short_hash({"/".join(path.parts[-3:]): path.read_text(encoding="utf-8") for path in files})


def open_data(chapter, path):
    """Return the data of a chapter at a path, as its ``experiment.open_data`` gives it."""
    return find_experiment(chapter).open_data(path)


def load_inputs(chapter, paths):
    """Load the files of other chapters that a run is given.

    Parameters
    ----------
    chapter : str
        Whose ``INPUTS`` say how.
    paths : dict
        Argument of ``run`` -> path.

    Returns
    -------
    dict
        Argument -> what the loader gives.

    Raises
    ------
    ValueError
        If the chapter takes no such input.
    """
    loaders = getattr(find_experiment(chapter), "INPUTS", {})
    if unknown := sorted(set(paths) - set(loaders)):
        raise ValueError(f"expected inputs of {chapter} ({', '.join(loaders) or 'it takes none'}), got "
                         f"{', '.join(unknown)}")
    return {name: loaders[name](path) for name, path in paths.items()}


def with_steps(config, steps):
    """Return a config whose training takes so many optimiser steps.

    Parameters
    ----------
    config : dataclass
        With ``schedule``, or with ``steps`` of its own.
    steps : int
        At least 1; validations come at least once.

    Returns
    -------
    dataclass
        Of the same type.

    Raises
    ------
    ValueError
        If it has neither field.
    """
    if hasattr(config, "schedule"):
        every = min(steps, config.schedule.valid_every)
        return replace(config, schedule=replace(config.schedule, steps=steps, valid_every=every))
    if hasattr(config, "steps"):
        return replace(config, steps=steps)
    raise ValueError(f"expected a config with schedule or steps, got {type(config).__module__}.Config")


def check_offers(chapter, command):
    """Raise ValueError, with the chapter's own reason, if it says that a command makes no sense for it."""
    if reason := getattr(find_experiment(chapter), "WITHOUT", {}).get(command):
        raise ValueError(f"{chapter} has no {command}: {reason}")


def train_run(chapter, config, seed, out, data, device="cpu", inputs=None):
    """Train one run; a killed one goes on from its checkpoint.

    Parameters
    ----------
    chapter : str
        Whose ``run`` it is.
    config : dataclass
        Its ``Config``.
    seed : int
        Of the run.
    out : str or pathlib.Path
        File of the model.
    data : str or pathlib.Path
        What the chapter's ``open_data`` opens.
    device : str
        ``"cpu"`` or ``"cuda"``.
    inputs : dict, optional
        Argument of ``run`` -> path, loaded by the chapter's ``INPUTS``.

    Returns
    -------
    dict
        metrics, history.
    """
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    metrics, history = find_experiment(chapter).run(config, seed, out, open_data(chapter, data), device=device,
                                                    progress=False, **load_inputs(chapter, inputs or {}))
    Path(f"{out}.ckpt.done").unlink(missing_ok=True)
    return {"metrics": metrics, "history": history}
