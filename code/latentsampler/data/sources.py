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
import posixpath
from pathlib import Path

from latentsampler.data.files import FileSource
from latentsampler.data.free_names import parse_any, several_notes
from latentsampler.data.listing import Paths, list_folder
from latentsampler.data.table_formats import as_row, contradiction, nsynth_row, path_of
from latentsampler.data.tables import FIRST, find_table, read_lines


def from_table(folder, table=None):
    """Return the source of a folder with a table: the toy set, TinySOL, OrchideaSOL, or any other.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where the sounds are, or their ``audio`` folder.
    table : str or pathlib.Path, optional
        By default the only table in the folder, at any depth, with a column that names files that are there.

    Returns
    -------
    FileSource
        One row per line of the table.

    Raises
    ------
    FileNotFoundError
        If there is no folder or no table.
    ValueError
        If the table has no column that names files, is not UTF-8, or there are several.
    """
    folder = _existing(folder)
    return _from_table(folder, list_folder(folder), Path(table) if table else None)


def _from_table(folder, listing, table=None):
    paths = Paths(listing.sounds, folder)
    others = {}
    if table is None:
        table, others = find_table([folder / path for path in listing.tables],
                                   lambda path, name: _prefix(folder, path, [name], paths) is not None)
    if table is None or not table.is_file():
        raise FileNotFoundError(f"expected a table in {folder} with a column Path (or file, filename, name) of files "
                                f"that are there, found {table or 'none'}; "
                                + "; ".join(f"{path.name}: {why}" for path, why in others.items()))
    written = [path_of(line) for line in read_lines(table)]
    prefix = _prefix(folder, table, written, paths) or ""
    found = {path: paths.find(path, prefix) for path in written}
    root = folder / prefix
    rejected = _rejects(folder, listing, prefix, {*found.values(), _below(folder, table)}, "not in the table", others)
    return FileSource(f"table {table.name}", root, _consistent(read_lines(table), found, prefix, rejected), rejected)


def _prefix(folder, table, written, paths):
    """Return which folder a table's paths are relative to, None where none has a file."""
    beside = posixpath.dirname(_below(folder, table))
    best, count = None, 0
    for prefix in ("", "audio", "OrchideaSOL2020", beside, posixpath.join(beside, "audio")):
        here = sum(paths.find(path, prefix) is not None for path in written[:FIRST])
        best, count = (prefix, here) if here > count else (best, count)
    return best


def _below(folder, path):
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _rejects(folder, listing, prefix, used, unlisted, tables):
    """Return everything of a folder that is no note, with the reason."""
    reasons = {**listing.others, **dict.fromkeys(listing.sounds, unlisted),
               **{path: f"no table of notes: {tables.get(folder / path, 'another one is used')}"
                  for path in listing.tables}}
    return [{"path": posixpath.relpath(path, prefix or "."), "reason": reason}
            for path, reason in sorted(reasons.items()) if path not in used]


def _consistent(lines, found, prefix, rejected):
    seen = set()
    for line in lines:
        path = found[path_of(line)]
        path = posixpath.relpath(path, prefix or ".") if path else path_of(line)
        try:
            row = as_row(line, path)
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
        Searched at any depth for what libsndfile reads; linked folders are not followed.

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
    return _from_names(folder, list_folder(folder), {})


def _from_names(folder, listing, tables):
    several = {path: f"several notes in one file: {notes}; cut it" for path in listing.sounds
               for notes in [several_notes(path)] if notes}
    single = [path for path in listing.sounds if path not in several]
    rejected = _rejects(folder, listing._replace(sounds=[]), "", (), "", tables)
    rejected += [{"path": path, "reason": reason} for path, reason in several.items()]
    return FileSource("folder", folder, [parse_any(path, folder.absolute().name) for path in single], rejected)


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
    return _from_nsynth(folder, list_folder(folder))


def _from_nsynth(folder, listing):
    table = folder / "examples.json"
    if not table.is_file():
        raise FileNotFoundError(f"expected NSynth's examples.json in {folder}, found none")
    try:
        examples = sorted(json.loads(table.read_text(encoding="utf-8")).items())
    except (ValueError, AttributeError) as error:
        raise ValueError(f"expected NSynth's examples in {table}, got something else ({error})") from None
    rows, wrong = [], []
    for name, example in examples:
        try:
            row = nsynth_row(name, example)
            reason = contradiction(row)
        except (KeyError, TypeError, ValueError) as error:
            reason = f"expected an entry of NSynth, got {error!r}"
        if reason:
            wrong.append({"path": f"{name}.wav", "reason": f"mislabelled: {reason}"})
        else:
            rows.append(row)
    used = {"examples.json", *(f"audio/{name}.wav" for name, _ in examples)}
    rejected = _rejects(folder, listing, "audio", used, "not in the table", {})
    return FileSource("nsynth", folder / "audio", rows, rejected + wrong)


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
        try:
            dataset.download()
        except OSError as error:
            raise OSError(f"cannot download TinySOL to {folder} ({error}); connect, or unpack https://zenodo.org/records/"
                          "3685367 there and name the folder as the source") from error
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
    listing, others = list_folder(folder), {}
    if (folder / "examples.json").is_file():
        return _from_nsynth(folder, listing)
    if listing.tables:
        paths = Paths(listing.sounds, folder)
        table, others = find_table([folder / path for path in listing.tables],
                                   lambda path, name: _prefix(folder, path, [name], paths) is not None)
        if table:
            return _from_table(folder, listing, table)
    return _from_names(folder, listing, others)


def _existing(folder):
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"expected a folder of sounds, found no folder {folder}")
    return folder
