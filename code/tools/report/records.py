r"""Recorded numbers by name, and what the chapters' ``report.py`` make of them.

Conventions
-----------
* ``CHAPTER/RUN/METRIC`` is a number (one value per seed), ``CHAPTER/RUN:config/FIELD`` a setting,
  ``CHAPTER/RUN:provenance/FIELD`` the environment of the run. A name goes into nested dicts and lists by slashes.
* A chapter's ``report.py`` is found by the folder's name (see :mod:`latentsampler.runtime.latex`).

Contents
--------
Records     numbers by name; remembers which files were drawn on
Parts       tables, figures and derived numbers of all chapters, by name
find_parts  folders -> Parts
number      value -> LaTeX
side        a number or an interval -> above, below or holding zero
"""

import importlib
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from latentsampler.evaluation.statistics import t_interval
from latentsampler.runtime import records

ROOT = Path(__file__).resolve().parents[3]


class Records:
    """Numbers of all records by name.

    Parameters
    ----------
    results : pathlib.Path
        Where records live.
    """

    def __init__(self, results=records.RESULTS):
        self.results = Path(results)
        self.used = set()
        self._values = {}
        for path in sorted(self.results.glob("*/*/seed*")):
            name = f"{path.parts[-3]}/{path.parts[-2]}"
            for part, prefix in (("metrics", f"{name}/"), ("config", f"{name}:config/"),
                                 ("provenance", f"{name}:provenance/")):
                for key, value in _flat(json.loads((path / f"{part}.json").read_text(encoding="utf-8"))):
                    self._values.setdefault(prefix + key, []).append((path, value))

    def __contains__(self, key):
        return key in self._values

    def values(self, key):
        """Return a number's values, one per seed."""
        if key not in self._values:
            raise KeyError(f"no record gives {key!r}")
        self.used |= {path for path, _ in self._values[key]}
        return [value for _, value in self._values[key]]

    def mean(self, key):
        """Return a number's mean over seeds, or a text as it is."""
        values = self.values(key)
        return values[0] if isinstance(values[0], str) else sum(values) / len(values)

    def interval(self, key):
        """Return the 95 % interval of the mean over seeds, by Student's t; needs two seeds."""
        values = self.values(key)
        if len(values) < 2:
            raise KeyError(f"{key!r} has one seed, and so no interval")
        found = t_interval(values)
        return found.low, found.high

    def read(self, chapter, run, seed=0):
        """Return a whole record, for tables and figures."""
        record = records.read_record(chapter, run, seed, self.results)
        self.used.add(self.results / chapter / run / f"seed{seed}")
        return record

    def read_all(self, chapter):
        """Return all records of a chapter: run -> list by seed."""
        found = records.read_records(chapter, self.results)
        self.used |= {self.results / record["id"] for runs in found.values() for record in runs}
        return found

    def file(self, name):
        """Return the path of a committed file beside the records, by its name from the project's root."""
        self.used.add(ROOT / name)
        return ROOT / name


@dataclass
class Parts:
    """What the report's sources may name: name -> function of :class:`Records`; and the files they come from."""

    tables: dict = field(default_factory=dict)
    figures: dict = field(default_factory=dict)
    derived: dict = field(default_factory=dict)
    files: list = field(default_factory=list)


def find_parts():
    """Return tables, figures and derived numbers of every chapter, and of the shared folders.

    Returns
    -------
    Parts
        All of them.

    Raises
    ------
    ValueError
        If two ``report.py`` define the same name.
    """
    parts = Parts()
    for package in ("latentsampler", "latentsampler.chapters"):
        for folder in importlib.import_module(package).__path__:
            for path in sorted(Path(folder).glob("*/report.py")):
                module = importlib.import_module(f"{package}.{path.parent.name}.report")
                parts.files.append(path)
                for kind in ("tables", "figures", "derived"):
                    _add(getattr(parts, kind), getattr(module, kind.upper(), {}), path)
    return parts


def _add(known, more, path):
    if twice := sorted(known.keys() & more.keys()):
        raise ValueError(f"expected names that no other report.py has, got {', '.join(twice)} in {path}")
    known.update(more)


def number(value, digits=0):
    """Return a number as LaTeX: a true minus, thin spaces from 10,000 on; a text with its specials escaped."""
    if isinstance(value, str):
        return re.sub(r"([_&%#$])", r"\\\1", value)
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value}")
    text = f"{value:.{digits}f}"
    if float(text) == 0.0:
        text = text.removeprefix("-")  # no minus zero
    whole, _, rest = text.removeprefix("-").partition(".")
    if len(whole) > 4:
        whole = re.sub(r"(?<=\d)(?=(\d{3})+$)", r"\\,", whole)
    return ("$-$" if text.startswith("-") else "") + whole + ("." + rest if rest else "")


def side(value):
    """Return 1 above zero, 2 below, 3 where an interval ``(value, low, high)`` holds zero or a number is zero."""
    low, high = (value[1], value[2]) if isinstance(value, tuple) else (value, value)
    return 1 if low > 0 else 2 if high < 0 else 3


def _flat(tree, prefix=""):
    """Yield the leaves of nested dicts and lists as ``a/b/0``, value."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _flat(value, f"{prefix}{key}/")
        elif value is not None:
            yield f"{prefix}{key}", value
