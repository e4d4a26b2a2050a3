"""The notes table: TinySOL's columns, and the words in them.

Conventions
-----------
* A row is a dict of strings, one key per column, empty where a note has no such property.
* Pitches are MIDI note numbers in "Pitch ID" (69 = A4) and names with sharps in "Pitch" (``C4`` = 60).
  A note of two pitches has both, joined by ``_``: ``C1_G1``, ``24_31``. An unpitched note has neither.
* "Dynamics ID" counts pp, p, mf, f, ff from 0 to 4.

Contents
--------
COLUMNS                          TinySOL's columns, in order
pitch_name, pitch_number         60 <-> "C4"
pitches                          a row -> its MIDI note numbers
make_row                         properties -> a row
Rows                             many rows in little memory
write_table, read_table          rows <-> csv file
"""

import csv
import re
import sys
from collections.abc import Sequence

from latentsampler.runtime.text import text

COLUMNS = ("Path", "Fold", "Family", "Instrument (abbr.)", "Instrument (in full)", "Technique (abbr.)",
           "Technique (in full)", "Pitch", "Pitch ID", "Dynamics", "Dynamics ID", "Instance ID",
           "String ID (if applicable)", "Needed digital retuning")
DYNAMICS = ("pp", "p", "mf", "f", "ff")
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def pitch_name(number):
    """Return the name of a MIDI note number: 60 -> ``"C4"``, 22 -> ``"A#0"``."""
    return f"{_NAMES[number % 12]}{number // 12 - 1}"


def pitch_number(name):
    """Return the MIDI note number of a pitch name.

    Parameters
    ----------
    name : str
        A letter, an optional ``#`` or ``b`` (or ``♯ ♭``), an octave: ``"C4"``, ``"A#0"``, ``"Bb3"``, ``"C-1"``.

    Returns
    -------
    int
        60 for ``"C4"``.

    Raises
    ------
    ValueError
        If ``name`` is no pitch name.
    """
    match = re.fullmatch(r"([A-Ga-g])([#b♯♭]?)(-?\d)", name)
    if not match:
        raise ValueError(f"expected a pitch name such as C4 or A#0, got {name!r}")
    letter, accidental, octave = match.groups()
    return _NAMES.index(letter.upper()) + {"#": 1, "♯": 1, "b": -1, "♭": -1, "": 0}[accidental] + 12 * (int(octave) + 1)


def pitches(row):
    """Return the MIDI note numbers of a row: none, one, or two for a note of two pitches."""
    return [float(part) for part in row["Pitch ID"].split("_") if part]


def make_row(path, family, instrument, technique, pitch_id, dynamics, fold="", instance="0", string="",
             retuned="FALSE"):
    """Return one row of the table, with "Pitch" and "Dynamics ID" filled in.

    Parameters
    ----------
    path : str
        Relative path of the note.
    family : str
        "Strings", "Winds", ...
    instrument, technique : tuple of str
        (abbreviation, full name).
    pitch_id : sequence of int
        MIDI note numbers: none, one or two.
    dynamics : str
        "pp", "p", "mf", "f", "ff", or any other word, which has no ID.
    fold, instance, string, retuned : str
        As in TinySOL.

    Returns
    -------
    dict
        Column -> string.
    """
    number = str(DYNAMICS.index(dynamics)) if dynamics in DYNAMICS else ""
    return dict(zip(COLUMNS, (
        path, fold, family, *instrument, *technique, "_".join(pitch_name(p) for p in pitch_id),
        "_".join(str(p) for p in pitch_id), dynamics, number, instance, string, retuned), strict=True))


class Rows(Sequence):
    """Rows of one table: reads like a list of dicts, takes a tenth of the memory (100,000 notes: 60 MB).

    Parameters
    ----------
    rows : iterable of dict
        All with the same columns.

    Raises
    ------
    ValueError
        If a row has other columns than the first.
    """

    def __init__(self, rows):
        self.columns, self._values = (), []
        for row in rows:
            self.columns = self.columns or tuple(row)
            if self.columns != tuple(row):
                raise ValueError(f"expected the columns {self.columns}, got {tuple(row)}")
            self._values.append(tuple(map(sys.intern, row.values())))  # most values occur many times

    def __len__(self):
        return len(self._values)

    def __getitem__(self, index):
        """Return one row as a new dict, or the list of those of a slice."""
        if isinstance(index, slice):
            return [dict(zip(self.columns, values, strict=True)) for values in self._values[index]]
        return dict(zip(self.columns, self._values[index], strict=True))


def write_table(path, rows, columns):
    """Write rows (any iterable) as csv: UTF-8, line feeds, empty where a row lacks a column."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        plain, quoted = (csv.writer(file, lineterminator="\n", quoting=how)
                         for how in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
        plain.writerow([text(name) for name in columns])
        for row in rows:
            values = [text(row.get(name)) for name in columns]
            (quoted if any("\r" in value for value in values) else plain).writerow(values)  # csv forgets to quote it


def read_table(path):
    """Yield the rows of a csv file as dicts."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        yield from csv.DictReader(file)
