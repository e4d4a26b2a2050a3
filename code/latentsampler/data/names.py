"""File names of the SOL family (and of our toy set) -> rows of the notes table.

Conventions
-----------
* A name is ``INST[+MUTE]-TECH-PITCH-DYN[-STRING[-RETUNE]].ext``; SOL_0.9_HQ stops at DYN or STRING. PITCH is
  a name, two joined by ``_``, or ``N`` / ``unp``. STRING is ``N``, ``2c`` (second string), ``alt1``, a
  number, or a pitch. RETUNE is ``N``, ``T<cents>u|d`` (tuned), ``R<cents>u|d`` (resampled), or both.
* ``R100u`` is a copy of the recording one semitone below, ``R100d`` of the one above: wherever such a name
  also carries a ``T``, the note it points to carries the same ``T``. "Recording" names the recording, so that
  copies can be kept together.

Contents
--------
parse_sol    path -> row
parse_any    path of any sound -> row with what could be found, and where it was found
recording    path -> which recording a SOL note is
"""

import re
from pathlib import PurePosixPath

from latentsampler.data.table import make_row, pitch_name, pitch_number

INSTRUMENTS = {  # abbreviation -> (family, full name)
    "BTb": ("Brass", "Bass Tuba"), "Hn": ("Brass", "French Horn"), "Tbn": ("Brass", "Trombone"),
    "TpC": ("Brass", "Trumpet in C"), "Acc": ("Keyboards", "Accordion"), "Cb": ("Strings", "Contrabass"),
    "Va": ("Strings", "Viola"), "Vn": ("Strings", "Violin"), "Vc": ("Strings", "Violoncello"),
    "ASax": ("Winds", "Alto Saxophone"), "Bn": ("Winds", "Bassoon"), "ClBb": ("Winds", "Clarinet in Bb"),
    "Fl": ("Winds", "Flute"), "Ob": ("Winds", "Oboe"), "Hp": ("PluckedStrings", "Harp"),
    "Gtr": ("PluckedStrings", "Guitar")}
_PITCH = r"[A-G]#?\d"
_SOL = re.compile(
    rf"(?P<instrument>[A-Za-z]+)(?:\+(?P<mute>[A-Za-z]+))?-(?P<technique>[A-Za-z_]+)-"
    rf"(?P<pitch>N|unp|{_PITCH}(?:_{_PITCH})?)-(?P<dynamics>N|[pmf]+|s?fz?p?)"
    rf"(?:-(?P<string>N|(?:\d+c)+|alt\d+|\d+|{_PITCH})(?:-(?P<retune>N|[TR]\d+[ud](?:_[TR]\d+[ud])?))?)?")
_LOOSE_PITCH = re.compile(r"(?<![A-Za-z0-9])([A-Ga-g][#b]?-?\d)(?![0-9A-Za-z])")
_LOOSE_DYNAMICS = re.compile(r"(?<![A-Za-z])(ppp|pp|mp|p|mf|fff|ff|f)(?![A-Za-z])")


def _match(path):
    match = _SOL.fullmatch(PurePosixPath(path).stem)
    if not match:
        raise ValueError("expected INST[+MUTE]-TECH-PITCH-DYN[-STRING[-RETUNE]], got "
                         f"{PurePosixPath(path).name}")
    return match


def parse_sol(path):
    """Return the row that a SOL path says.

    Parameters
    ----------
    path : str
        ``Family/Instrument/technique/NAME.wav``, or less of it. Numbers before a folder's name
        (``07_Violoncello``) are ignored.

    Returns
    -------
    dict
        TinySOL's columns, "Mute (abbr.)" (empty without mute), and "Recording".

    Raises
    ------
    ValueError
        If the name is not a SOL name.
    """
    field = _match(path)
    folders = [re.sub(r"^\d+_", "", part) for part in PurePosixPath(path).parts[:-1]]
    folders = ["", field["instrument"], field["technique"], *folders][-3:]  # family, instrument, technique
    family, name = INSTRUMENTS.get(field["instrument"], (folders[0], _words(folders[1])))
    pitch = [pitch_number(p) for p in field["pitch"].split("_")] if field["pitch"] not in ("N", "unp") else []
    string, retune = field["string"] or "N", field["retune"] or "N"
    row = make_row(path, family, (field["instrument"], name), (field["technique"], folders[2]), pitch,
                   "" if field["dynamics"] == "N" else field["dynamics"], instance=_instance(string),
                   string=f"{string[:-1]}.0" if re.fullmatch(r"\d+c", string) else "",
                   retuned="FALSE" if retune == "N" else "TRUE")
    return {**row, "Mute (abbr.)": field["mute"] or "", "Recording": recording(path)}


def recording(path):
    """Return which recording a SOL note is: its own name, or that of the neighbour it was resampled from.

    Parameters
    ----------
    path : str
        A SOL path.

    Returns
    -------
    str
        ``INST+MUTE-TECH-PITCH-DYN-STRING`` of the recording.

    Raises
    ------
    ValueError
        If the name is not a SOL name.
    """
    field = _match(path)
    pitch = field["pitch"]
    moved = re.search(r"R(\d+)([ud])", field["retune"] or "")
    if moved and re.fullmatch(_PITCH, pitch):
        semitones = round(int(moved[1]) / 100) * (1 if moved[2] == "u" else -1)
        pitch = pitch_name(pitch_number(pitch) - semitones)
    instrument = field["instrument"] + (f"+{field['mute']}" if field["mute"] else "")
    return "-".join((instrument, field["technique"], pitch, field["dynamics"], field["string"] or "N"))


def parse_any(path):
    """Return what any path says about a note: a SOL name, or what can be recognised in it.

    Parameters
    ----------
    path : str
        Relative path of a sound.

    Returns
    -------
    dict
        A row; "Instrument source" and "Pitch source" are "name", "folder" or empty (not found).
    """
    try:
        row = parse_sol(path)
        return {**row, "Instrument source": "name", "Pitch source": "name"}
    except ValueError:
        stem, parent = PurePosixPath(path).stem, PurePosixPath(path).parent.name
    word = re.match(r"[A-Za-z]+", stem)
    instrument, found = (_words(re.sub(r"^\d+_", "", parent)), "folder") if parent else (
        (word[0], "name") if word else ("unknown", ""))
    pitch, dynamics = _LOOSE_PITCH.search(stem), _LOOSE_DYNAMICS.search(stem)
    number = pitch_number(pitch[1][0].upper() + pitch[1][1:]) if pitch else None
    row = make_row(path, "", (instrument, instrument), ("", ""), [] if number is None else [number],
                   dynamics[1] if dynamics else "", instance="", retuned="")
    return {**row, "Mute (abbr.)": "", "Recording": "", "Instrument source": found,
            "Pitch source": "name" if pitch else ""}


def _instance(string):
    if re.fullmatch(r"\d+c?", string):
        return str(int(string.rstrip("c")) - 1)
    return string[3:] if string.startswith("alt") else "0" if string == "N" else ""


def _words(folder):
    return folder.replace("_", " ")

