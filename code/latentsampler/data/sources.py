"""Note sources that are files: a folder with a table (toy, TinySOL, OrchideaSOL, yours), without, or NSynth.

Conventions
-----------
* A source is what ``build`` asks for: ``description``, ``notes()``, ``read(row, sample_rate, seconds)``.
* Nothing is lost silently: a row without file, a file without row, a contradiction between table and name,
  all are rejected with a reason.

Contents
--------
from_table        a folder with a csv: toy, TinySOL, OrchideaSOL, any
from_names        a folder without: SOL_0.9_HQ, any
from_nsynth       a folder with NSynth's ``examples.json``
tinysol           TinySOL, downloaded and verified by mirdata
from_folder       whichever of these a folder is
"""

import json
import os
from pathlib import Path

from latentsampler.data.dialects import as_row, contradiction, nsynth_row, path_of
from latentsampler.data.files import FileSource
from latentsampler.data.names import parse_any
from latentsampler.data.table import read_table

SOUNDS = (".wav", ".flac", ".aif", ".aiff", ".ogg")
TABLES = ("notes.csv", "annotation/TinySOL_metadata.csv", "TinySOL_metadata.csv", "OrchideaSOL_metadata.csv")


def from_table(folder, table=None):
    """Return the source of a folder with a csv: the toy set, TinySOL, OrchideaSOL, or any other.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where the sounds are, or their ``audio`` folder.
    table : str or pathlib.Path, optional
        The csv; by default ``notes.csv``, TinySOL's or OrchideaSOL's, or the only csv of the folder.

    Returns
    -------
    FileSource
        One row per line of the table.

    Raises
    ------
    FileNotFoundError
        If there is no folder or no table.
    ValueError
        If the table has no column that names files.
    """
    folder = _existing(folder)
    table = Path(table) if table else find_table(folder)
    if table is None or not table.is_file():
        raise FileNotFoundError(f"expected a csv in {folder} ({', '.join(TABLES)} or another), found none")
    listed = {path_of(line) for line in read_table(table)}
    root = _root_of(folder, table, listed)
    rejected = [{"path": path, "reason": "not in the table"} for path in _sounds(root) if path not in listed]
    return FileSource(f"table {table.name}", root, _consistent(read_table(table), rejected), rejected)


def _consistent(lines, rejected):
    seen = set()
    for line in lines:
        path = path_of(line)
        try:
            row = as_row(line)
            reason = contradiction(row) or ("in the table twice" if path in seen else "")
        except ValueError as error:
            reason = str(error)
        seen.add(path)
        if reason:
            rejected.append({"path": path, "reason": f"mislabelled: {reason}"})
        else:
            yield row


def from_names(folder):
    """Return the source of a folder without table: SOL_0.9_HQ, or any tree of sounds.

    Parameters
    ----------
    folder : str or pathlib.Path
        Searched at any depth for wav, flac, aiff and ogg.

    Returns
    -------
    FileSource
        Rows from names, then folders; a pitch that neither tells is estimated when the store is built.

    Raises
    ------
    FileNotFoundError
        If there is no folder.
    """
    folder = _existing(folder)
    return FileSource("folder", folder, [parse_any(path) for path in _sounds(folder)], [])


def from_nsynth(folder):
    """Return the source of an NSynth json-wav folder (``examples.json`` and ``audio/``).

    Parameters
    ----------
    folder : str or pathlib.Path
        One of NSynth's parts, unpacked.

    Returns
    -------
    FileSource
        One row per entry of ``examples.json``.

    Raises
    ------
    FileNotFoundError
        If there is no ``examples.json``.

    References
    ----------
    Engel et al., "Neural audio synthesis of musical notes with WaveNet autoencoders", ICML 2017.
    """
    folder = _existing(folder)
    if not (folder / "examples.json").is_file():
        raise FileNotFoundError(f"expected NSynth's examples.json in {folder}, found none")
    examples = json.loads((folder / "examples.json").read_text(encoding="utf-8"))
    rows = [nsynth_row(name, example) for name, example in sorted(examples.items())]
    listed = {row["Path"] for row in rows}
    rejected = [{"path": path, "reason": "not in the table"} for path in _sounds(folder / "audio")
                if path not in listed]
    return FileSource("nsynth", folder / "audio", rows, rejected)


def tinysol(folder, download=True):
    """Return TinySOL, downloaded to ``folder`` where it is not there yet, its checksums verified by mirdata.

    Parameters
    ----------
    folder : str or pathlib.Path
        Gets ``audio/`` and ``annotation/``.
    download : bool
        False uses what is there and verifies it.

    Returns
    -------
    FileSource
        Files with a wrong checksum are rejected.

    Raises
    ------
    ModuleNotFoundError
        Without the optional ``mirdata``.
    """
    import mirdata

    dataset = mirdata.initialize("tinysol", data_home=str(folder))
    if download:
        dataset.download()
    _, wrong = dataset.validate(verbose=False)
    damaged = {Path(path).resolve() for track in wrong["tracks"].values() for path in track}
    source = from_table(folder)
    rows, rejected = source.notes()
    intact = [row for row in rows if (source.root / row["Path"]).resolve() not in damaged]
    rejected = rejected + [{"path": row["Path"], "reason": "damaged: not the checksum that TinySOL publishes"}
                           for row in rows if (source.root / row["Path"]).resolve() in damaged]
    return FileSource("tinysol", source.root, intact, rejected)


def from_folder(folder):
    """Return the source that a folder is: NSynth, one with a table, or one without."""
    folder = _existing(folder)
    if (folder / "examples.json").is_file():
        return from_nsynth(folder)
    return from_table(folder) if find_table(folder) else from_names(folder)


def find_table(folder):
    """Return the path of a folder's notes table: a known name, or its only csv; None if there is none."""
    known = [folder / name for name in TABLES if (folder / name).is_file()]
    others = sorted(folder.glob("*.csv"))
    return known[0] if known else others[0] if len(others) == 1 else None


def _existing(folder):
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"expected a folder of sounds, found no folder {folder}")
    return folder


def _sounds(folder):
    # os.walk, because a hundred thousand Path objects would be 100 MB
    return sorted((Path(place).relative_to(folder) / name).as_posix() for place, _, names in os.walk(folder)
                  for name in names if name.lower().endswith(SOUNDS))


def _root_of(folder, table, listed):
    candidates = (folder, folder / "audio", folder / "OrchideaSOL2020", table.parent)
    return max(candidates, key=lambda root: sum((root / path).is_file() for path in sorted(listed)[:100]))
