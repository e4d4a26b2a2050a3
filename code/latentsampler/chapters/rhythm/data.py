"""A folder of drum performances -> windows of two bars, as a store.

Conventions
-----------
* A window begins at a whole beat; those that begin at a bar are what is measured, the others are more to train on.
* Groove's own split is kept. Any other folder is divided by session (its folders), never by window.
* A store is a folder: ``patterns.npy`` ``(N, 3, 9, 32)`` float16, ``table.csv`` (one row a window), ``rejected.csv``
  (path, reason) and ``info.json`` (checksum, counts). A folder of MIDI files opens as well; it is read anew each time.

Contents
--------
Patterns        windows with their table: what the chapter trains and measures on
read_folder     folder of MIDI files, with or without Groove's info.csv -> Patterns
save, open_data   Patterns -> store; store or folder of MIDI files -> Patterns
"""

import csv
import hashlib
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np

from latentsampler.chapters.rhythm.grid import BEATS, to_pattern
from latentsampler.chapters.rhythm.midi import read_midi

COLUMNS = ("path", "start_beat", "split", "drummer", "session", "style", "bpm", "beat_type", "lost")
METRE, BAR = "4/4", 4
FEWEST = 4  # hits of a window
SPLITS = ("train", "validation", "test")


class Patterns:
    """Windows of drum performances.

    Parameters
    ----------
    patterns : numpy.ndarray
        ``(N, 3, 9, 32)``.
    table : list of dict
        N rows of ``COLUMNS``, strings.
    rejected : list of tuple
        (path, reason) of what was left out.
    counts : dict
        Files, hits, and hits lost to the grid.

    Attributes
    ----------
    checksum : str
        Identity of patterns and table.
    """

    def __init__(self, patterns, table, rejected=(), counts=None):
        self.patterns, self.table = patterns, table
        self.rejected, self.counts = list(rejected), counts or {}
        digest = hashlib.sha256(np.ascontiguousarray(patterns, dtype=np.float16).tobytes())
        for row in table:
            digest.update(",".join(str(row[name]) for name in COLUMNS).encode())
        self.checksum = digest.hexdigest()

    def __len__(self):
        return len(self.table)

    def column(self, name):
        """Return a column of the table as a list of strings."""
        return [row[name] for row in self.table]

    def indices(self, split, bars=True):
        """Return the windows of a split, ``(n,)``; only those that begin at a bar, if asked for."""
        return np.array([index for index, row in enumerate(self.table) if row["split"] == split
                         and not (bars and float(row["start_beat"]) % BAR)], dtype=int)

    def held_out(self):
        """Return the windows to measure on: of the test split, else of validation, else all, from bar to bar."""
        for split in ("test", "validation"):
            if len(found := self.indices(split)):
                return found
        return np.array([i for i, row in enumerate(self.table) if not float(row["start_beat"]) % BAR], dtype=int)

    def step_ms(self, indices):
        """Return the length of a step of some windows in milliseconds: ``(n,)``."""
        return np.array([15_000.0 / float(self.table[index]["bpm"]) for index in indices])


def read_folder(folder):
    """Read a folder of MIDI files.

    Parameters
    ----------
    folder : str or pathlib.Path
        With ``info.csv`` in Groove's format (columns midi_filename, drummer, session, style, bpm, beat_type, split),
        or any folder with .mid or .midi files in it, at any depth.

    Returns
    -------
    Patterns
        All windows; files that are broken, of another metre or almost empty are in ``rejected``.

    Raises
    ------
    FileNotFoundError
        If there is no MIDI file, or none from which a window can be cut.
    """
    folder = Path(folder)
    about = _groove_rows(folder) if (folder / "info.csv").is_file() else _found_rows(folder)
    if not about:
        raise FileNotFoundError(f"expected info.csv or MIDI files (.mid, .midi) in {folder}, found none")
    patterns, table, rejected, counts = [], [], [], Counter()
    for row in about:
        try:
            performance = _performance(folder / row["path"])
        except ValueError as error:
            rejected.append((row["path"], str(error)))
            continue
        counts.update(files=1, hits=len(performance.hits), unknown_keys=performance.unknown)
        windows = list(_windows(performance.hits))
        if not windows:
            rejected.append((row["path"], f"expected at least {FEWEST} hits in two bars, found none such"))
        for start, pattern, lost in windows:
            patterns.append(pattern)
            table.append({**row, "start_beat": str(start), "lost": str(lost),
                          "bpm": row["bpm"] or f"{performance.bpm:g}"})
    if not patterns:
        raise FileNotFoundError(f"expected drum patterns in {folder}; all {len(rejected)} files were rejected, the "
                                f"first one {rejected[0][0]}: {rejected[0][1]}")
    return Patterns(np.stack(patterns).astype(np.float16), table, rejected, dict(counts))


def save(data, out):
    """Write a store.

    Parameters
    ----------
    data : Patterns
        The windows.
    out : str or pathlib.Path
        Folder; must be new or empty.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    FileExistsError
        If there is something in it.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise FileExistsError(f"expected a new or empty folder, got {out} with files in it")
    np.save(out / "patterns.npy", data.patterns)
    _write_csv(out / "table.csv", COLUMNS, [[row[name] for name in COLUMNS] for row in data.table])
    _write_csv(out / "rejected.csv", ("path", "reason"), data.rejected)
    partial = out / "info.json.partial"
    fields = {"patterns": {"shape": list(data.patterns.shape[1:]), "dtype": "float16",
                           "unit": ["onset 0/1", "velocity 0..1", "offset in steps"]}}
    partial.write_text(json.dumps({"kind": "rhythm", "checksum": data.checksum, "fields": fields, "n": len(data),
                                   "counts": data.counts}, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, out / "info.json")  # last: a folder without it is no store
    return out


def open_data(path):
    """Open patterns.

    Parameters
    ----------
    path : str or pathlib.Path
        A store made by :func:`save`, or a folder of MIDI files, as for :func:`read_folder`.

    Returns
    -------
    Patterns
        With ``checksum``.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    ValueError
        If a store's content is not what its checksum says.
    """
    path = Path(path)
    if not (path / "info.json").is_file():
        if not path.is_dir():
            raise FileNotFoundError(f"expected a store of patterns or a folder of MIDI files, found no folder {path}")
        return read_folder(path)
    info = json.loads((path / "info.json").read_text(encoding="utf-8"))
    if info.get("kind") != "rhythm":
        raise ValueError(f"expected a store of rhythms at {path}, got one of {info.get('kind')!r}")
    tables = {}
    for name in ("table", "rejected"):
        with open(path / f"{name}.csv", newline="", encoding="utf-8") as file:
            tables[name] = list(csv.DictReader(file))
    data = Patterns(np.load(path / "patterns.npy"), tables["table"],
                    [(row["path"], row["reason"]) for row in tables["rejected"]], info["counts"])
    if data.checksum != info["checksum"]:
        raise ValueError(f"the store {path} has changed: expected checksum {info['checksum'][:12]}..., got "
                         f"{data.checksum[:12]}...; build it again")
    return data


def _performance(path):
    """Return what a file holds; raise ValueError if it cannot be used."""
    if not path.is_file():
        raise ValueError("expected a file, found none")
    performance = read_midi(path)
    if performance.metre != METRE:
        raise ValueError(f"expected {METRE}, got {performance.metre}")
    return performance


def _windows(hits):
    """Yield first beat, pattern and lost hits of every window; the last one ends with the last bar."""
    bars = max(2, int(np.ceil((np.floor(hits[-1, 0] * 4 + 0.5) + 1) / (4 * BAR))))
    for start in range(int(bars * BAR - BEATS) + 1):
        pattern, lost = to_pattern(hits, start)
        if pattern[0].sum() >= FEWEST:
            yield start, pattern, lost


def _groove_rows(folder):
    with open(folder / "info.csv", newline="", encoding="utf-8") as file:
        return [{"path": row["midi_filename"], "split": row.get("split", ""), "drummer": row.get("drummer", ""),
                 "session": row.get("session", ""), "style": row.get("style", ""), "bpm": row.get("bpm", ""),
                 "beat_type": row.get("beat_type", "")} for row in csv.DictReader(file)]


def _found_rows(folder):
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.suffix.lower() in (".mid", ".midi"))
    sessions = sorted({_session(path) for path in paths})
    order = np.random.default_rng(0).permutation(len(sessions))  # shares: 80, 10 and 10 % of the sessions
    parts = {sessions[index]: SPLITS[min(2, max(0, 10 * rank // len(sessions) - 7))] for rank, index in
             enumerate(order)}
    return [{"path": path.as_posix(), "split": parts[_session(path)], "session": _session(path), "bpm": "",
             "drummer": path.parts[0] if len(path.parts) > 1 else "", "style": "", "beat_type": ""} for path in paths]


def _session(path):
    """Return the folder of a file; a file at the top is a session of its own."""
    return path.parent.as_posix() if path.parent.parts else path.name


def _write_csv(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
