"""Tables of other sets -> TinySOL's columns.

Conventions
-----------
* Columns are recognised by name, whatever the case; what is not recognised is kept under its own name.
* OrchideaSOL writes numbers as ``22.0`` and nothing as ``N``; NSynth is json.

Contents
--------
as_row         a line of any csv -> row
path_of        a line of any csv -> its file
contradiction  why a row cannot be right, or nothing
nsynth_row     an entry of NSynth's ``examples.json`` -> row
"""

import re

import numpy as np

from latentsampler.data.free_names import parse_any
from latentsampler.data.names import parse_sol
from latentsampler.data.table import COLUMNS, DYNAMICS, make_row, pitch_name, pitch_number

ALIASES = {**{name.lower(): name for name in COLUMNS},
           "family (abbr.)": "Family", "pitch id (if applicable)": "Pitch ID",
           "dynamics id (if applicable)": "Dynamics ID", "file": "Path", "filename": "Path", "name": "Path",
           "instrument": "Instrument (in full)", "technique": "Technique (in full)", "midi": "Pitch ID",
           "note": "Pitch", "dynamic": "Dynamics", "string": "String ID (if applicable)"}
_WHOLE = ("Pitch ID", "Dynamics ID", "Instance ID")
_LIMITS = {"Pitch ID": 127, "Dynamics ID": 4, "Velocity": 127}


def as_row(line, path=None):
    """Return a line of a csv as a row of TinySOL's columns, with what its name adds.

    Parameters
    ----------
    line : dict
        Column -> string, of any dialect.
    path : str, optional
        Of its file on disk, where that is written otherwise.

    Returns
    -------
    dict
        TinySOL's columns first, then the line's own, "Recording", "Pitch source" and "Instrument source"
        ("table", "name", "folder", or empty where a pitch is to be estimated).

    Raises
    ------
    ValueError
        If no column names the file, a pitch is no pitch, or the line has more cells than columns.
    """
    if None in line:
        raise ValueError(f"expected {len(line) - 1} cells as in the first line, got {len(line) - 1 + len(line[None])}")
    given = {name: _plain(name, value) for name, value in _renamed(line).items()}
    given["Path"] = path or path_of(line)
    _fill_pitch(given)
    if given.get("Dynamics") in DYNAMICS and not given.get("Dynamics ID"):
        given["Dynamics ID"] = str(DYNAMICS.index(given["Dynamics"]))
    for what in ("Instrument", "Technique"):
        given[f"{what} (abbr.)"] = given.get(f"{what} (abbr.)") or given.get(f"{what} (in full)", "")
    said = parse_any(given["Path"])
    row = {name: given.get(name) or (said[name] if name not in given else "") for name in COLUMNS}
    origin = {"Recording": given.get("Recording") or said["Recording"],
              "Instrument source": "table" if given["Instrument (abbr.)"] else said["Instrument source"],
              "Pitch source": "table" if "Pitch ID" in given else said["Pitch source"]}
    if not given["Instrument (abbr.)"]:
        row.update({name: said[name] for name in ("Instrument (abbr.)", "Instrument (in full)")})
    return {**row, **{name: value for name, value in given.items() if name not in COLUMNS}, **origin}


def path_of(line):
    """Return the path that a line of a csv names; ValueError if no column does."""
    given = _renamed(line)
    if not given.get("Path"):
        raise ValueError(f"expected a column Path (or file, filename, name), got {list(line)}")
    return given["Path"]


def contradiction(row):
    """Return why a row cannot be right: pitch and ID, dynamics and ID, or table and file name disagree.

    Parameters
    ----------
    row : dict
        TinySOL's columns.

    Returns
    -------
    str
        The reason, empty if there is none.
    """
    for name, most in _LIMITS.items():
        for part in row.get(name, "").split("_"):
            if part and not (_number(part) and 0 <= float(part) <= most):
                return f"expected {name} in 0..{most}, got {part}"
    names = "_".join(pitch_name(round(float(part))) for part in row["Pitch ID"].split("_") if part)
    if row["Pitch"] and row["Pitch ID"] and names != _sharps(row["Pitch"]):
        return f"pitch {row['Pitch']} is not pitch ID {row['Pitch ID']}"
    if row["Dynamics"] in DYNAMICS and row["Dynamics ID"] not in ("", str(DYNAMICS.index(row["Dynamics"]))):
        return f"dynamics {row['Dynamics']} is not dynamics ID {row['Dynamics ID']}"
    try:
        said = parse_sol(row["Path"])
    except ValueError:
        return ""
    for name in ("Pitch", "Dynamics", "Instrument (abbr.)"):
        told = _sharps(row[name]) if name == "Pitch" else row[name]
        if told and said[name] and told != said[name]:
            return f"{name} is {row[name]} in the table and {said[name]} in the name"
    return ""


def nsynth_row(name, example):
    """Return an entry of NSynth's ``examples.json`` as a row; abbreviations are NSynth's own names."""
    velocity = int(example["velocity"])
    dynamics = DYNAMICS[int(np.searchsorted((37, 62, 87, 113), velocity))]  # NSynth has 25, 50, 75, 100, 127
    instrument = example["instrument_str"]
    row = make_row(f"{name}.wav", example["instrument_family_str"], (instrument, instrument),
                   (example["instrument_source_str"],) * 2, [int(example["pitch"])], dynamics)
    return {**row, "Velocity": str(velocity), "Qualities": " ".join(example.get("qualities_str", [])),
            "Recording": "", "Pitch source": "table", "Instrument source": "table"}


def _renamed(line):
    return {ALIASES.get(name.strip().lower(), name): (value or "").strip()
            for name, value in line.items() if name}


def _plain(name, value):
    value = "" if value in ("N", "None", "nan") and name != "Path" else value
    return re.sub(r"[.,]0+$", "", value) if name in _WHOLE else value  # 60.0, or 60,0 where Excel speaks French


def _fill_pitch(given):
    if _number(given.get("Pitch", "")) and not given.get("Pitch ID"):
        given["Pitch ID"] = given.pop("Pitch")  # a column "pitch" of MIDI note numbers
    pitch, number = given.get("Pitch", ""), given.get("Pitch ID", "")
    if pitch and not number:
        given["Pitch ID"] = "_".join(str(pitch_number(part)) for part in pitch.split("_"))
    elif number and not pitch and all(_number(part) and 0 <= float(part) <= 127 for part in number.split("_")):
        given["Pitch"] = "_".join(pitch_name(round(float(part))) for part in number.split("_"))


def _number(text):
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _sharps(pitch):
    return "_".join(pitch_name(pitch_number(part)) for part in pitch.split("_") if part)
