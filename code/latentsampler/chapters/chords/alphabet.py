"""Chord symbols as numbers, and the three alphabets of Carsault et al. (MLSP 2019) as one table.

Conventions
-----------
* A symbol of A3 is ``14 * root + quality`` with root 0 = C; 168 is no chord (N). A1 has 25 symbols, A2 85, A3 169.
* ``alphabets.csv``: quality as written in data -> its class in A1, A2, A3, pitch classes above the root, and how the
  class is written. The first 14 rows are the qualities of A3, in the order of their numbers.
* A1 and A2 are functions of A3, so probabilities over A3 give theirs as sums.

Contents
--------
REDUCE            A1, A2, A3 -> ``(169,)`` int64, the class of every symbol
transpose         symbols up by semitones
parse, spell      "F#m7b5" <-> symbol
chroma            symbols -> ``(..., 12)`` pitch classes
DISTANCE          ``(169, 169)`` how different two chords sound
"""

import csv
import re
from pathlib import Path

import numpy as np
import torch

N_QUALITIES, NONE, SIZE = 14, 168, 169
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


def read_table():
    """Return the rows of the table by quality."""
    with open(Path(__file__).with_name("alphabets.csv"), newline="", encoding="utf-8") as file:
        return {row["quality"]: row for row in csv.DictReader(file)}


TABLE = read_table()
QUALITIES = tuple(TABLE)[:N_QUALITIES]
WRITTEN = tuple(TABLE[quality]["written"] for quality in QUALITIES)


def _reduction(alphabet):
    """Return the class ``(169,)`` of every symbol in an alphabet; N is its last."""
    classes = [name for name in dict.fromkeys(TABLE[quality][alphabet] for quality in QUALITIES) if name != "N"]
    own = [classes.index(name) if (name := TABLE[quality][alphabet]) != "N" else -1 for quality in QUALITIES]
    numbers = [root * len(classes) + kind if kind >= 0 else 12 * len(classes) for root in range(12) for kind in own]
    return torch.tensor([*numbers, 12 * len(classes)])


REDUCE = {alphabet: _reduction(alphabet) for alphabet in ("a1", "a2", "a3")}
SIZES = {alphabet: int(table.max()) + 1 for alphabet, table in REDUCE.items()}


def representatives(alphabet):
    """Return ``(169,)``: for every symbol the first of its class, as data of that alphabet would hold it."""
    table = REDUCE[alphabet]
    first = torch.full((SIZES[alphabet],), NONE)
    for symbol in reversed(range(NONE)):
        first[table[symbol]] = symbol
    first[-1] = NONE
    return first[table]


def transpose(symbols, semitones):
    """Return symbols (tensor or array of int) moved up by semitones (int, or of a shape that fits); N stays."""
    where = torch.where if isinstance(symbols, torch.Tensor) else np.where
    return where(symbols == NONE, symbols, (symbols + N_QUALITIES * semitones) % NONE)


def symbol_of(root, quality):
    """Return the symbol of a root (0 to 11) and a quality as written in data.

    Parameters
    ----------
    root : int
        Pitch class; -1 for no chord.
    quality : str
        A row of the table; empty counts as a major triad, as in the reference.

    Returns
    -------
    int
        0 to 168.

    Raises
    ------
    ValueError
        If the table has no such quality.
    """
    if (quality or "maj") not in TABLE:
        raise ValueError(f"expected a quality of alphabets.csv, got {quality!r}")
    name = TABLE[quality or "maj"]["a3"]
    return NONE if root < 0 or name == "N" else N_QUALITIES * root + QUALITIES.index(name)


def pitch_class(name):
    """Return the pitch class of a note name such as ``Bb`` or ``F##``, with C = 0."""
    if not re.fullmatch("[A-G][#b]*", name):
        raise ValueError(f"expected a note name such as F or Bb, got {name!r}")
    return (_LETTERS[name[0]] + name.count("#") - name.count("b")) % 12


# how musicians write a quality, the first that fits counts; iReal's ^ - h o are among them
_WRITTEN = [(re.compile(pattern), quality) for pattern, quality in (
    (r"N\.?C?\.?", "N"), (r"(m|min|-)(7|9|11)?\(?b5\)?|ø7?|h(dim)?[79]?", "hdim7"), (r"(dim|o|°)7", "dim7"),
    (r"dim|o|°|mb5", "dim"), (r"(m|min|-)\(?(maj|M|\^|Δ)[79]?\)?|minmaj7", "minmaj7"), (r"(m|min|-)6.*", "min6"),
    (r"(m|min|-)(7|9|11|13).*", "min7"), (r"(m|min|-)(add.*|b6|#5)?", "min"),
    (r"(maj|M|ma|\^|Δ)(7|9|11|13).*|\^|Δ", "maj7"), (r"6.*|maj6.*|M6", "maj6"), (r"(7|9|13)?sus2", "sus2"),
    (r"(7|9|11|13)?sus4?.*|4", "sus4"), (r"aug|\+|maj#5|#5", "aug"),
    (r"(7|9|11|13|alt|\+7|aug7).*", "7"), (r"|maj|M|ma|add9?|2|\(add9\)", "maj"), (r"5|1", "5"))]


def parse(text):
    """Return the symbol of a chord as musicians, Harte's syntax or iReal write it; a bass after a slash is dropped.

    Parameters
    ----------
    text : str
        Such as ``Dm7``, ``F#m7b5``, ``Bb:min7(9)/b3``, ``G-7`` or ``N``.

    Returns
    -------
    int
        0 to 168.

    Raises
    ------
    ValueError
        If it is no chord.
    """
    text = text.strip()
    if re.fullmatch(r"N\.?C?\.?|n", text):
        return NONE
    match = re.match(r"([A-G][#b♯♭]*):?(.*)", text)
    if not match:
        raise ValueError(f"expected a chord such as Dm7, got {text!r}")
    root = pitch_class(match[1].replace("♯", "#").replace("♭", "b"))
    rest = re.sub(r"/.*", "", match[2].replace("6/9", "6").replace("♭", "b").replace("♯", "#"))
    for quality in (rest, re.sub(r"\(.*\)", "", rest)):
        if quality in TABLE:
            return symbol_of(root, quality)
        found = next((name for pattern, name in _WRITTEN if pattern.fullmatch(quality)), None)
        if found:
            return symbol_of(root, found)
    raise ValueError(f"expected a chord such as Dm7, got {text!r}")


def spell(symbol):
    """Return how a symbol is written; ``parse`` gives it back."""
    symbol = int(symbol)
    return "N.C." if symbol == NONE else NAMES[symbol // N_QUALITIES] + WRITTEN[symbol % N_QUALITIES]


def _chroma():
    table = torch.zeros(SIZE, 12)
    for symbol in range(NONE):
        root, quality = divmod(symbol, N_QUALITIES)
        for interval in TABLE[QUALITIES[quality]]["pitch_classes"].split():
            table[symbol, (root + int(interval)) % 12] = 1.0
    return table


CHROMA = _chroma()  # (169, 12) of 0 and 1
DISTANCE = torch.cdist(CHROMA, CHROMA)  # (169, 169) Euclidean, as in the reference: 0 to about 2.8


def chroma(symbols):
    """Return the pitch classes ``(..., 12)`` of symbols ``(...)`` int64 as 0 and 1."""
    return CHROMA[symbols]
