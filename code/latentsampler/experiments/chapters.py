"""One run of any chapter, by name, as a function that any process can call.

Contents
--------
find_experiment   chapter -> its module ``experiment``
find_run          "CHAPTER/RUN" -> chapter, run, Config
with_fields       Config with some fields changed, by dotted names
as_json           a Config as its record holds it
from_json         and back from there
short_hash        identity of what JSON can hold
source_of         identity of the source that a chapter's runs depend on
train_run         Config, seed, notes -> metrics and history
"""

import hashlib
import importlib
import json
import typing
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path

import latentsampler

PACKAGE = Path(latentsampler.__file__).parent
SHARED = tuple(PACKAGE / name for name in "attributes contract data evaluation learning runtime sound".split())


def find_experiment(chapter):
    """Return the module ``experiment`` of a chapter.

    Parameters
    ----------
    chapter : str
        Name of its folder.

    Returns
    -------
    module
        With ``Config``, ``RUNS``, ``build`` and ``run``.

    Raises
    ------
    ValueError
        If no chapter of that name trains anything; the message lists those that do.
    """
    folders = [Path(folder) for folder in importlib.import_module("latentsampler.chapters").__path__]
    there = sorted(path.parent.name for folder in folders for path in folder.glob("*/experiment.py"))
    if chapter not in there:
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


def as_json(config):
    """Return a config as its record holds it."""
    return json.loads(json.dumps(asdict(config)))


def short_hash(content):
    """Return 12 hexadecimal digits that identify what JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def source_of(chapter):
    """Return the identity of the chapter's own modules and of the shared ones, 12 hexadecimal digits."""
    own = Path(find_experiment(chapter).__file__).parent
    files = sorted(path for folder in (*SHARED, own) for path in folder.rglob("*.py"))
    return short_hash({"/".join(path.parts[-3:]): path.read_text(encoding="utf-8") for path in files})


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
        A store, or a packed one.
    device : str
        ``"cpu"`` or ``"cuda"``.
    inputs : dict, optional
        Argument of ``run`` -> path of a TorchScript file that is loaded for it.

    Returns
    -------
    dict
        metrics, history.
    """
    from latentsampler.contract.export import load_scripted
    from latentsampler.data.store import NoteDataset

    Path(out).parent.mkdir(parents=True, exist_ok=True)
    loaded = {name: load_scripted(path)[0] for name, path in (inputs or {}).items()}
    metrics, history = find_experiment(chapter).run(config, seed, out, NoteDataset(data), device=device,
                                                    progress=False, **loaded)
    return {"metrics": metrics, "history": history}
