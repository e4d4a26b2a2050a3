"""Whether recorded numbers are reproduced.

Contents
--------
Reproduced     one number, recorded and again
compare_numbers   recorded numbers and those of now -> numbers
table       numbers as text
"""

import math
from collections import Counter
from typing import NamedTuple


class Reproduced(NamedTuple):
    """One number: its name, as recorded, as now, and ``exact``, ``close`` or ``DIFFERS``."""

    name: str
    recorded: float
    again: float
    outcome: str


def compare_numbers(recorded, now, tolerance=0.0):
    """Compare numbers with those of a record.

    Parameters
    ----------
    recorded, now : dict
        Name -> number, or nested dicts of numbers.
    tolerance : float
        Largest relative difference that is called ``close``.

    Returns
    -------
    list of Reproduced
        One per name of either; a number that is missing on one side is NaN and differs.
    """
    one, other = dict(_flat(recorded)), dict(_flat(now))
    return [_judge(name, one.get(name), other.get(name), tolerance) for name in {**one, **other}]


def table(numbers):
    """Return numbers as text, a line each; exact ones of the history are only counted."""
    rows = [v for v in numbers if v.outcome != "exact" or not v.name.startswith("step ")]
    lines = [f"{v.name:32s} {v.recorded!r:>24} {v.again!r:>24}  {v.outcome}" for v in rows]
    counts = Counter(v.outcome for v in numbers)
    told = ", ".join(f"{counts[name]} {name}" for name in ("exact", "close", "DIFFERS") if counts[name])
    return "\n".join([f"{'number':32s} {'recorded':>24} {'again':>24}", *lines,
                      f"{told}, of {len(numbers)} numbers of metrics and history"])


def _judge(name, recorded, again, tolerance):
    if recorded is None or again is None:
        return Reproduced(name, *(math.nan if value is None else value for value in (recorded, again)), "DIFFERS")
    if recorded == again or (recorded != recorded and again != again):
        return Reproduced(name, recorded, again, "exact")
    close = isinstance(recorded, float) and abs(again - recorded) <= tolerance * abs(recorded)
    return Reproduced(name, recorded, again, "close" if close else "DIFFERS")


def _flat(values, prefix=""):
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
