"""Items and rows of a table -> a store, whole or not at all.

Contents
--------
write_store   items and rows -> folder
finish        table, rejects and info beside arrays that are written
batch         items -> arrays of many
Writer        arrays of many -> files, piece by piece
new_folder    context: a folder that is there when it is complete
saying_where  context: an error of writing names the folder
"""

import contextlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np

from latentsampler.data.arrays import checksum
from latentsampler.data.table import write_table


def write_store(folder, fields, items, rows, about=None, identity=None, rejected=()):
    """Write a store at once; for long work that may be killed see ``resumable.build_arrays``.

    Parameters
    ----------
    folder : str or pathlib.Path
        The store's folder; must be new.
    fields : sequence of Field
        The arrays.
    items : iterable of dict
        Name of each field -> array of one item; taken one after the other.
    rows : iterable of dict
        One row of the table per item: column -> value.
    about : dict, optional
        What the store was made from; kept in ``info.json``.
    identity : object, optional
        Goes into the checksum, beside table and arrays; by default the fields.
    rejected : iterable of dict
        "path" and "reason" of what was left out.

    Returns
    -------
    pathlib.Path
        The folder, for `Store`.

    Raises
    ------
    FileExistsError
        If there is such a folder.
    ValueError
        If an item is not what its fields declare, or there are not as many rows as items.
    OSError
        If it cannot be written; nothing of it stays.
    """
    with new_folder(folder) as temporary:
        table = []
        with Writer(temporary, fields) as writer:
            for index, (item, row) in enumerate(zip(items, rows, strict=True)):
                with saying_where(folder):
                    writer.append(batch(fields, [item], index))
                table.append(row)
        finish(temporary, fields, table, rejected, about, identity)
    return Path(folder)


def finish(folder, fields, rows, rejected, about, identity, columns=()):
    """Write what stands beside the arrays, as `write_store` takes it; ``columns`` come first in the table."""
    rejected, declared = list(rejected), [asdict(field) for field in fields]
    columns = dict.fromkeys([*columns, *(name for row in rows for name in row)])
    if not columns:
        raise ValueError("expected rows with at least one column, got none")
    write_table(folder / "table.csv", rows, list(columns))
    write_table(folder / "rejected.csv", rejected, ["path", "reason"])
    identity = declared if identity is None else identity
    info = {**(about or {}), "fields": declared, "identity": identity, "items": len(rows), "rejected": len(rejected),
            "checksum": checksum(folder, identity, fields)}
    (folder / "info.json").write_text(json.dumps(info, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def batch(fields, items, first=0):
    """Return items as arrays of many: name -> values, and ``NAME.lengths`` where items differ.

    Parameters
    ----------
    fields : sequence of Field
        What each item has.
    items : list of dict
        Name -> array.
    first : int
        Number of the first item, for messages.

    Returns
    -------
    dict
        For `Writer.append`.

    Raises
    ------
    ValueError
        If an item is not what its fields declare.
    """
    joined = {}
    for index, item in enumerate(items, first):
        if set(item) != {field.name for field in fields}:
            raise ValueError(f"item {index}: expected the fields {[field.name for field in fields]}, got {list(item)}")
    for field in fields:
        values = [field.checked(item[field.name], index) for index, item in enumerate(items, first)]
        fixed = field.shape[field.free:]
        if field.free:
            sizes = np.array([value.shape[:field.free] for value in values], np.int64).reshape(-1, field.free)
            joined[f"{field.name}.lengths"] = sizes[:, 0] if field.free == 1 else sizes  # (n,) or (n, k)
            values = [value.reshape(int(np.prod(size)), *fixed) for value, size in zip(values, sizes, strict=True)]
            joined[field.name] = np.concatenate([np.empty((0, *fixed), field.dtype), *values])  # (total, *fixed)
        else:
            joined[field.name] = np.stack(values) if values else np.empty((0, *fixed), field.dtype)  # (n, *fixed)
    return joined


class Writer:
    """Writes the arrays of a store piece by piece: a memory map would count as memory of this process."""

    def __init__(self, folder, fields):
        self._files = {}
        for field in fields:
            self._files[field.name] = _File(folder, field.name, field.dtype, field.shape[field.free:])
            if field.free:
                name = f"{field.name}.lengths"
                self._files[name] = _File(folder, name, "int64", (field.free,) if field.free > 1 else ())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for file in self._files.values():
            file.close()

    def append(self, arrays):
        """Append what `batch` returns."""
        for name, file in self._files.items():
            file.append(arrays[name])


class _File:
    """One .npy file whose first dimension is known only at its end; numpy leaves room for it in the header."""

    def __init__(self, folder, name, dtype, shape):
        self._file, self._n = open(Path(folder) / f"{name}.npy", "wb"), 0
        self._dtype, self._shape = np.dtype(dtype), shape
        self._header()

    def _header(self):
        np.lib.format.write_array_header_1_0(self._file, {
            "descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False,
            "shape": (self._n, *self._shape)})

    def append(self, array):
        self._file.write(np.ascontiguousarray(array, self._dtype).tobytes())
        self._n += len(array)

    def close(self):
        with self._file:
            self._file.seek(0)
            self._header()


@contextlib.contextmanager
def new_folder(folder):
    """Give a temporary folder that becomes ``folder`` when the context ends, and is removed if it fails.

    Parameters
    ----------
    folder : str or pathlib.Path
        Must not exist.

    Yields
    ------
    pathlib.Path
        An empty folder beside it.

    Raises
    ------
    FileExistsError
        If ``folder`` is there.
    OSError
        If it cannot be written; the message names ``folder``.
    """
    folder = Path(folder)
    if folder.exists():
        raise FileExistsError(f"expected a new folder, {folder} is there already; remove it or name another")
    temporary = folder.with_name(f"{folder.name}.tmp")
    try:
        with saying_where(folder):
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
        yield temporary
        with saying_where(folder):
            os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def saying_where(folder, advice="make room or name another folder"):
    """Let an OSError inside say in one line which folder could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        raise OSError(f"cannot write {folder} ({error.strerror or error}); {advice}") from error
