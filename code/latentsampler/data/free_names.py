"""Names of any sounds -> rows of the notes table, as far as they say something.

Conventions
-----------
* A SOL name is read as such (``names``), then Philharmonia's scheme, then what is recognised token by token:
  VSCO-2-CE's ``Oboe_Sus_A#3_v1_Main.wav``, Iowa's ``Violin.arco.ff.sulG.Ab4.stereo.aiff``, tonejs's ``As4.mp3``, and
  anything else.
* A token says one thing: the ``f`` of ``cello_f3`` is a pitch and no dynamics, ``C4.wav`` names no instrument.
* A pitch is a letter, ``#``, ``b``, ``s`` or their like, and an octave (``A#3 Ab3 As3 G♯3 c-sharp-4``); a dash before
  the octave separates (``piano-c-4`` is C4) but in ``C-1``. ``note60`` is a hint that the sound must confirm, as it may
  be a mere count.
* A drum's name gives no pitch: that of ``Snare C#2`` is the key that plays it.
* Words of loudness that have no place in TinySOL's scale are kept as they are: ``mp``, ``v2`` (a layer).

Contents
--------
parse_any       path of any sound -> row, and where each property was found
several_notes   path -> the range of notes that a file says to hold, or nothing
"""

import re
from pathlib import PurePosixPath

from latentsampler.data.names import parse_sol
from latentsampler.data.table import make_row

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"  # a token's: no letter and no digit beside it
_PITCH = re.compile(rf"{_START}(?P<letter>[A-Ga-g])(?P<sign>[#♯♭b]|(?<=[ACDFGacdfg])s|[ _-]?(?:sharp|flat)[ _-]?)?"
                    rf"(?P<octave>-?\d){_END}")
_NUMBER = re.compile(rf"{_START}(?:note|midi|key)[ _-]?(\d{{1,3}}){_END}", re.IGNORECASE)
_RANGE = re.compile(rf"{_START}([A-G][#b]?\d[A-G][#b]?\d){_END}")
_DYNAMICS = re.compile(rf"{_START}(ppp|pp|mp|p|mf|fff|ff|f|vl?\d){_END}")
_WORDS_OF_DYNAMICS = {"pianissimo": "pp", "mezzo-piano": "mp", "mezzo-forte": "mf", "forte": "f", "fortissimo": "ff"}
_PHILHARMONIA = re.compile(r"(?P<instrument>[a-z][a-z-]*)_(?P<pitch>[A-G]s?\d)?_(?:025|05|1|15|(?:very-)?long|phrase)_"
                           r"(?P<dynamics>[a-z-]+)_(?P<technique>[a-z-]+)")
_ORDINARY = ("ord", "ordinario", "normal", "arco", "arco-normal", "sus", "sustain", "sustained", "long")
_TECHNIQUES = {
    **dict.fromkeys(_ORDINARY, ("ord", "ordinario")),
    **dict.fromkeys(("stac", "stacc", "staccato", "short"), ("stac", "staccato")),
    **dict.fromkeys(("spic", "spiccato"), ("spic", "spiccato")),
    **dict.fromkeys(("pizz", "pizzicato", "pizz-normal"), ("pizz", "pizzicato")),
    **dict.fromkeys(("trem", "tremolo"), ("trem", "tremolo")),
    **dict.fromkeys(("vib", "susvib", "vibrato"), ("vib", "vibrato")),
    **dict.fromkeys(("nonvib", "novib", "non-vib"), ("nonvib", "non vibrato")),
    **dict.fromkeys(("mute", "muted", "sordina", "con-sord"), ("mute", "con sordina")),
    **dict.fromkeys(("harm", "harmonic", "harmonics"), ("harm", "harmonics"))}
_DRUMS = re.compile(
    rf"{_START}(?:(?:kick|snare|clap|tom|conga|bongo|hat|hi-?hat|crash|cymbal|splash|shaker|maraca|tambourine|cowbell|"
    rf"clave|castanet|cabasa|djembe|cajon|triangle|woodblock|rim ?shot|side ?stick|drum)s?|"
    rf"hh|bd|sd|rim|ride|guiro|percussion|perc)\d*(?!['’]){_END}", re.IGNORECASE)
_TUNED = re.compile(r"steel[ _-]?(?:drum|pan)|drum[ _-]?machine", re.IGNORECASE)
_NO_INSTRUMENT = ("audio", "samples", "sample", "sounds", "notes", "wav", "flac", "mp3", "pp", "p", "mp", "mf", "f",
                  "ff", *_WORDS_OF_DYNAMICS, *_TECHNIQUES)


def parse_any(path, folder=""):
    """Return what any path says about a note.

    Parameters
    ----------
    path : str
        Relative path of a sound.
    folder : str
        Name of the folder that all sounds are in, for those whose path names no instrument.

    Returns
    -------
    dict
        A row; "Instrument source" and "Pitch source" are "name", "folder" or empty (not found: a pitch is then
        estimated, and must confirm the "Pitch ID" where there is one). A drum has no pitch, and "estimate" there.
    """
    try:
        return {**parse_sol(path), "Instrument source": "name", "Pitch source": "name"}
    except ValueError:
        pass
    match = _PHILHARMONIA.fullmatch(PurePosixPath(path).stem)
    return _philharmonia(path, match) if match else _by_tokens(path, folder)


def several_notes(path):
    """Return the range of notes that a file's name says it holds (Iowa's ``Flute.ff.B3B4.aiff``), or ``""``."""
    found = _RANGE.search(PurePosixPath(path).stem)
    return found[1] if found else ""


def _by_tokens(path, folder):
    stem = PurePosixPath(path).stem
    number, said, rest = _find_pitch(stem)
    instrument, found = _instrument(path, rest, folder)
    if _DRUMS.search(f"{PurePosixPath(path).parent}/{rest}") and not _TUNED.search(path):
        number, said = None, "estimate"
    dynamics = _DYNAMICS.search(rest)
    loudness = dynamics[1] if dynamics else next(
        (_WORDS_OF_DYNAMICS[word] for word in re.split(r"[ _.]+", rest.lower()) if word in _WORDS_OF_DYNAMICS), "")
    row = make_row(path, "", (instrument, instrument), _technique(path, rest), [] if number is None else [number],
                   loudness, instance="", retuned="")
    return {**row, "Mute (abbr.)": "", "Recording": "", "Instrument source": found, "Pitch source": said}


def _find_pitch(stem):
    """Return the pitch of a name, who says so, and the name without it."""
    for found in _PITCH.finditer(stem):
        number = _pitch_number(found, stem)
        if number is not None:
            return number, "name", f"{stem[:found.start()]} {stem[found.end():]}"
    hint = _NUMBER.search(stem)
    if hint and int(hint[1]) <= 127:
        return int(hint[1]), "", f"{stem[:hint.start()]} {stem[hint.end():]}"
    return None, "", stem


def _pitch_number(found, stem):
    sign, octave = (found["sign"] or "").strip(" _-"), int(found["octave"])
    if octave < -1 or (octave == -1 and stem[:found.start()].endswith("-")):
        octave = -octave  # the dash separates
    step = -1 if sign in ("b", "♭", "flat") else 1 if sign else 0
    number = 12 * (octave + 1) + _LETTERS[found["letter"].upper()] + step
    return number if 0 <= number <= 127 else None


def _instrument(path, rest, folder):
    """Return the instrument and where it was found: the nearest folder that is no technique, else the first word."""
    for parent in PurePosixPath(path).parent.parts[::-1]:
        if parent.lower() not in _NO_INSTRUMENT:
            return re.sub(r"^\d+_", "", parent).replace("_", " "), "folder"
    for word in re.findall(r"[^\W\d_](?:[-.][^\W\d_]+)+(?![^\W_])|[^\W\d_]+", _DYNAMICS.sub(" ", rest)):
        if word.lower() not in _TECHNIQUES and len(word) > 1:
            return word, "name"
    return (folder, "folder") if folder else ("unknown", "")


def _technique(path, rest):
    words = [*re.split(r"[ _.]+", rest.lower()), *(part.lower() for part in PurePosixPath(path).parent.parts)]
    return next((_TECHNIQUES[word] for word in words if word in _TECHNIQUES), ("", ""))


def _philharmonia(path, match):
    pitch = _PITCH.fullmatch(match["pitch"]) if match["pitch"] else None
    technique, instrument = match["technique"], match["instrument"].replace("-", " ")
    technique = _TECHNIQUES.get(technique, (technique, technique.replace("-", " ")))
    dynamics = {**_WORDS_OF_DYNAMICS, "piano": "p"}.get(match["dynamics"], match["dynamics"])
    row = make_row(path, "", (instrument, instrument), technique, [_pitch_number(pitch, "")] if pitch else [], dynamics,
                   instance="", retuned="")
    return {**row, "Mute (abbr.)": "", "Recording": "", "Instrument source": "name", "Pitch source": "name"}
