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


def _instance(string):
    if re.fullmatch(r"\d+c?", string):
        return str(int(string.rstrip("c")) - 1)
    return string[3:] if string.startswith("alt") else "0" if string == "N" else ""


def _words(folder):
    return folder.replace("_", " ")

