"""Rows -> a store of any data, in parallel; a killed build goes on where it was and ends in the same bytes.

    def make(row):  # importable by name, as other processes run it
        return [(row, {"steps": read_steps(row["Path"])})]  # none, one or many items; or raise RejectedError

    build_arrays("data/patterns", [Field("steps", (None, 3))], rows, make, about={"source": "groove"})

Conventions
-----------
* Rows are done in chunks of fixed size; each is written under another name and then renamed, and so is the whole. The
  bytes are the same for any number of workers and any number of kills.
* Finished chunks are kept in ``FOLDER.parts`` with an identity of rows, fields and what else the store is made from;
  chunks of other inputs are removed.
* Parallel work goes through ``latentsampler.runtime.parallel``, so a Dask cluster does it inside ``parallel.cluster``;
  the workers must see the same folders.

Contents
--------
EmptySourceError  no usable item
build_arrays      rows -> folder of the store
locked            context: one build of a store at a time
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np

from latentsampler.data.arrays import Store, find_stores
from latentsampler.data.fields import RejectedError
from latentsampler.data.table import Rows, write_table
from latentsampler.data.writing import Writer, batch, finish, new_folder, saying_where
from latentsampler.runtime.parallel import each
from latentsampler.runtime.progress import progress_bar
from latentsampler.runtime.text import text


class EmptySourceError(ValueError):
    """A source without one usable item."""


def build_arrays(folder, fields, rows, make, about=None, identity=None, rejected=(), columns=(), n_jobs=1, chunk=64,
                 progress=True, unit="item", name=None):
    """Build a store, or finish it, or find it finished.

    Parameters
    ----------
    folder : str or pathlib.Path
        The store's folder.
    fields : sequence of Field
        The arrays.
    rows : sequence of dict
        What is to be done: column -> string; the first column names the row in ``rejected.csv``.
    make : callable
        Row -> list of ``(row of the table, {field: array})``; may raise ``RejectedError``.
    about : dict, optional
        What the store is made from, as json can write it; kept in ``info.json``. "source" is named in messages.
    identity : object, optional
        Goes into the checksum beside table and arrays; by default the fields.
    rejected : iterable of dict
        "path" and "reason" of what was left out before.
    columns : sequence of str
        Columns that come first in the table, others follow as they appear.
    n_jobs : int
        Worker processes; -1 for all cores.
    chunk : int
        Rows that are done, and kept, together.
    progress : bool
        Show a progress bar.
    unit, name : str
        What a row, and all of them, are called there.

    Returns
    -------
    pathlib.Path
        The folder, for ``arrays.Store``.

    Raises
    ------
    EmptySourceError
        If there is no item; the message counts the reasons.
    FileExistsError
        If the folder holds something else.
    OSError
        If it cannot be written; finished chunks stay.
    """
    folder, about, rejected = Path(folder), about or {}, list(rejected)
    inputs = _identity([asdict(field) for field in fields], rows, about, identity, chunk)
    parts = folder.with_name(f"{folder.name}.parts")
    with locked(folder):
        if _is_finished(folder, inputs):
            return folder
        with saying_where(folder):
            _prepare_parts(parts, inputs)
        chunks = [parts / f"{start:09d}.npz" for start in range(0, len(rows), chunk)]
        _fill(chunks, fields, rows, make, n_jobs, chunk,
              progress_bar(total=len(rows), unit=unit, desc=f"{unit}s of {name or folder.name}", disable=not progress))
        _assemble(folder, fields, chunks, rejected, {**about, "inputs": inputs}, identity, columns, unit)
        shutil.rmtree(parts, ignore_errors=True)
    return folder


@contextlib.contextmanager
def locked(folder):
    """Let one build of a store run at a time, as two would take each other's parts away; ends with its process."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(f"{folder.name}.lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _identity(fields, rows, about, identity, chunk):
    digest = hashlib.sha256(json.dumps([fields, about, identity, chunk], sort_keys=True).encode())
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True).encode())
    return digest.hexdigest()


def _is_finished(folder, inputs):
    if not folder.exists():
        return False
    if find_stores(folder) == [folder] and Store(folder).info.get("inputs") == inputs:
        return True
    raise FileExistsError(f"expected a new folder or the same store, finished; {folder} holds something else; remove "
                          "it or name another")


def _prepare_parts(parts, inputs):
    note = parts / "inputs.txt"
    if not note.is_file() or note.read_text() != inputs:
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir()
        note.write_text(inputs)


def _fill(chunks, fields, rows, make, n_jobs, chunk, bar):
    todo = [(path, slice(k * chunk, min((k + 1) * chunk, len(rows))))
            for k, path in enumerate(chunks) if not path.exists()]
    calls = ((path, fields, rows[part], make) for path, part in todo)  # rows are copied only when their turn comes
    with bar:
        bar.update(len(rows) - sum(part.stop - part.start for _, part in todo))
        for count in each(_build_chunk, calls, n_jobs if len(todo) > 1 else 1):
            bar.update(count)


def _build_chunk(path, fields, rows, make):
    accepted, items, rejected = [], [], []
    for row in rows:
        try:
            made = make(row)
        except RejectedError as reason:
            rejected.append({"path": next(iter(row.values())), "reason": str(reason)})
            continue
        accepted += [kept for kept, _ in made]
        items += [item for _, item in made]
    table = np.array(json.dumps({"rows": accepted, "rejected": rejected}))
    arrays = {f"field.{name}": values for name, values in batch(fields, items).items()}
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with saying_where(path.parent, "make room or name another folder; finished parts are kept, and the same "
                                       "command goes on from there"):
            with open(temporary, "wb") as file:
                np.savez(file, table=table, **arrays)
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return len(rows)


def _assemble(folder, fields, chunks, rejected, about, identity, columns, unit):
    rejected = rejected + [row for table in _tables(chunks) for row in table["rejected"]]
    own = dict.fromkeys([*columns, *(name for table in _tables(chunks) for row in table["rows"] for name in row)])
    rows = Rows({name: text(row.get(name)) for name in own} for table in _tables(chunks) for row in table["rows"])
    if not rows:
        listing = folder.with_name(f"{folder.name}.rejected.csv")
        write_table(listing, rejected, ["path", "reason"])
        raise EmptySourceError(_why_empty(about.get("source", folder.name), unit, rejected, listing))
    with new_folder(folder) as temporary, saying_where(folder):
        with Writer(temporary, fields) as writer:
            for path in chunks:
                with np.load(path) as arrays:
                    writer.append({name.removeprefix("field."): arrays[name] for name in arrays.files})
        finish(temporary, fields, rows, rejected, about, identity)


def _tables(chunks):
    for path in chunks:
        with np.load(path) as arrays:
            yield json.loads(str(arrays["table"]))


def _why_empty(source, unit, rejected, listing):
    reasons = Counter(row["reason"].split(":")[0] for row in rejected)
    why = ", ".join(f"{count} x {reason}" for reason, count in reasons.most_common()) or f"it lists no {unit}"
    return f"expected at least one usable {unit} in {source}, got none: {why}; all reasons: {listing}"
