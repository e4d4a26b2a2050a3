"""Answers of listeners -> a table with confidence intervals.

The page is a multi-stimulus test with hidden reference (ITU-R BS.1534-3): in each trial a listener hears the original
and rates it, hidden, and the other systems from 0 (bad) to 100 (excellent).

Conventions
-----------
* A listener is what varies: the mean of a system is the mean over listeners of their means over trials, and its
  interval is Student's t over listeners. With one listener there is no interval.
* A listener who rates the hidden original below 90 in more than 15 % of the trials is left out (BS.1534-3, 4.1.2).

Contents
--------
read_answers   file -> ratings
screened       listeners -> those kept
interval       values -> mean and half the confidence interval
summary        files -> mean, interval and number of listeners per system
table          files -> text; "not run" where there are no answers
"""

import json
import math
from pathlib import Path

import numpy as np

from latentsampler.evaluation.statistics import t_interval

REFERENCE = "original"
LOWEST_REFERENCE, MOST_MISSES = 90.0, 0.15


def read_answers(path):
    """Read one listener's answers.

    Parameters
    ----------
    path : str or pathlib.Path
        JSON as the page saves it: ``format`` 1, ``set`` (checksum of the sounds), ``listener``, and ``answers``, a list
        of trial, system and rating.

    Returns
    -------
    dict
        set and listener (str), ratings (dict of system -> dict of trial -> float).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such JSON, a rating is outside 0..100 or given twice, or a system lacks a trial.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [(row["trial"], row["system"], float(row["rating"])) for row in content["answers"]]
        identity = {key: str(content[key]) for key in ("set", "listener")}
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"expected answers as the listening page saves them in {path}, "
                         f"got {type(error).__name__}: {error}") from error
    if content.get("format") != 1 or not rows:
        raise ValueError(f"expected format 1 and at least one answer in {path}, "
                         f"got format {content.get('format')} and {len(rows)}")
    ratings = {}
    for trial, system, rating in rows:
        if not 0.0 <= rating <= 100.0:
            raise ValueError(f"expected ratings in 0..100 in {path}, got {rating:g}")
        if trial in ratings.setdefault(system, {}):
            raise ValueError(f"expected one rating of {system} in trial {trial} of {path}, got two")
        ratings[system][trial] = rating
    trials = set().union(*ratings.values())
    lacking = sorted(system for system in ratings if set(ratings[system]) != trials)
    if lacking:
        raise ValueError(f"expected every system rated in all {len(trials)} trials of {path}, not so: {lacking}")
    return {**identity, "ratings": ratings}


def screened(listeners):
    """Return the listeners who recognise the hidden original in most trials."""
    return [listener for listener in listeners if _misses(listener["ratings"].get(REFERENCE, {})) <= MOST_MISSES]


def interval(values, level=0.95):
    """Return the mean of some values and half their confidence interval, Student's t.

    Parameters
    ----------
    values : sequence of float
        Independent.
    level : float
        Share of such intervals that hold the true mean, in 0..1.

    Returns
    -------
    tuple of float
        Mean, and half the width; NaN for fewer than two values.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return float(values.mean()), math.nan
    found = t_interval(values, level)
    return found.value, (found.high - found.low) / 2


def summary(paths):
    """Return mean, half interval and listeners of every system.

    Parameters
    ----------
    paths : sequence of str or pathlib.Path
        Answers of one listener each.

    Returns
    -------
    dict
        systems (dict of name -> tuple of mean and half interval, best first), listeners and left_out (int).

    Raises
    ------
    ValueError
        If the files are of different sets of sounds or systems, or one listener's answers are given twice.
    """
    listeners = [read_answers(path) for path in paths]
    for key, what in (("set", "of the same sounds"), ("ratings", "of the same systems")):
        kinds = {str(sorted(item[key]) if key == "ratings" else item[key]) for item in listeners}
        if len(kinds) > 1:
            raise ValueError(f"expected answers {what}, got {' and '.join(sorted(kinds))}")
    names = [item["listener"] for item in listeners]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"expected one file per listener, got more of {', '.join(twice)}")
    kept = screened(listeners)
    means = {system: [np.mean(list(item["ratings"][system].values())) for item in kept]
             for system in (kept[0]["ratings"] if kept else ())}
    systems = {system: interval(values) for system, values in means.items()}
    return {"systems": dict(sorted(systems.items(), key=lambda pair: -pair[1][0])),
            "listeners": len(kept), "left_out": len(listeners) - len(kept)}


def table(paths):
    """Return the table of the listening test as text; ``not run`` where nobody has listened."""
    found = summary(paths) if paths else {"systems": {}, "listeners": 0, "left_out": 0}
    out = f"; {found['left_out']} left out, who did not recognise the original" if found["left_out"] else ""
    if not found["systems"]:
        return f"listening test: not run{out}"
    lines = [f"{'system':16s}{'mean':>8s}{'95 % interval':>20s}"]
    for system, (mean, half) in found["systems"].items():
        bounds = "-" if math.isnan(half) else f"{mean - half:.1f} .. {mean + half:.1f}"
        lines.append(f"{system:16s}{mean:8.1f}{bounds:>20s}")
    return "\n".join([*lines, f"{found['listeners']} listener{'s' * (found['listeners'] != 1)}{out}"])


def _misses(ratings):
    return np.mean([rating < LOWEST_REFERENCE for rating in ratings.values()]) if ratings else 1.0
