"""Any data on disk: declared arrays of many items, one table with a row per item, one checksum.

    fields = [Field("steps", (None, 3), "float32", "beats"), Field("style", (8,), "int16")]
    write_store("data/patterns", fields, [{"steps": a, "style": b}, ...], [{"Path": "x.mid", "Fold": "0"}, ...])
    store = Store("data/patterns")
    store["steps"][7]       # (T, 3) float32, T as item 7 has it
    store["style"][:32]     # (32, 8) int16
    store.column("Fold"), store.rows[7], store.checksum

Conventions
-----------
* A store is a folder: ``info.json`` (fields, checksum, what it was made from), ``table.csv``, ``rejected.csv`` (path,
  reason), and per field ``NAME.npy`` ``(N, *shape)``, opened as a memory map.
* A shape may begin with None where items differ: then ``NAME.npy`` holds all items one after the other, and
  ``NAME.lengths.npy`` their lengths, ``(N,)``, or ``(N, k)`` for k times None.
* The checksum covers ``identity``, the table and all fields that are not ``derived``: what follows from the rest
  differs in its last bit on another machine.
* A folder is written under another name and then renamed: there is a whole store or none.
* Needs numpy only, so that machines which just train can open it.

Contents
--------
Store            folder -> arrays and table
Ragged           items of different length, read like a list
column           one column of a table
find_stores      folder -> stores in it
checksum         identity of a store's content
load_array       file -> memory map
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from latentsampler.data.fields import Field
from latentsampler.data.table import Rows, read_table


class Ragged(Sequence):
    """Items of different length: reads like a list of arrays.

    Parameters
    ----------
    values : numpy.ndarray
        ``(total, ...)``, all items one after the other.
    lengths : numpy.ndarray
        ``(N,)`` or ``(N, k)`` int64.
    """

    def __init__(self, values, lengths):
        self.values, self.lengths = values, lengths
        self._sizes = lengths.reshape(len(lengths), -1)  # (N, k)
        self._ends = np.cumsum(self._sizes.prod(axis=1))  # (N,)

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, index):
        """Return one item, or the list of those of a slice."""
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        index = range(len(self))[index]  # negative ones, and IndexError beyond the end
        start = self._ends[index - 1] if index else 0
        return self.values[start:self._ends[index]].reshape(*self._sizes[index], *self.values.shape[1:])


class Store:
    """A store, open.

    Parameters
    ----------
    path : str or pathlib.Path
        A folder made by `write_store` or ``resumable.build_arrays``, or a folder that holds exactly one such.

    Attributes
    ----------
    fields : dict
        Name -> Field.
    table : pathlib.Path
        The table's file.
    rows : Rows
        The table: a sequence of dicts of strings.
    info : dict
        The whole ``info.json``.
    checksum : str
        Identity of the content, 64 hexadecimal digits.

    Raises
    ------
    FileNotFoundError
        If there is no store, or more than one, or one of its files is missing.
    ValueError
        If one of its files is damaged; the message names it.
    """

    def __init__(self, path):
        self.path = _only_store(path)
        self.info, table = _read_info(self.path)
        self.fields = {field["name"]: Field(**field) for field in self.info["fields"]}
        self.table = self.path / table
        self.rows = Rows(read_table(self.table))
        self.checksum = self.info["checksum"]
        self._arrays = {name: self._open(field) for name, field in self.fields.items()}

    def __len__(self):
        return len(self.rows)

    def __reduce__(self):
        return Store, (self.path,)  # a worker opens the files: pickling a memory map would copy them

    def __getitem__(self, name):
        """Return the array of a field, ``(N, *shape)``, or a `Ragged` where items differ in length."""
        if name not in self._arrays:
            raise KeyError(f"expected one of {tuple(self._arrays)}, got {name!r}")
        return self._arrays[name]

    def column(self, name):
        """Return one column of the table as a list of strings; KeyError if there is no such column."""
        return column(self.rows, name)

    def is_intact(self):
        """Return whether table and arrays are those that the store was written with."""
        return checksum(self.path, self.info["identity"], self.fields.values(), self.table.name) == self.checksum

    def _open(self, field):
        values = load_array(self.path / f"{field.name}.npy")
        if not field.free:
            found, expected = values.shape, (len(self), *field.shape)
        else:
            lengths = load_array(self.path / f"{field.name}.lengths.npy")
            values = Ragged(values, lengths)
            found, expected = (len(lengths), int(values._sizes.prod(axis=1).sum())), (len(self), len(values.values))
        if found != expected:
            raise ValueError(f"expected {self.path / field.name}.npy to hold {expected}, as the table and its lengths "
                             f"say, got {found}; the store is damaged, build it again")
        return values


def column(rows, name):
    """Return one column of a table as a list of strings.

    Parameters
    ----------
    rows : Rows
        The table.
    name : str
        Of the column.

    Returns
    -------
    list of str
        One entry per row.

    Raises
    ------
    KeyError
        If there is no such column.
    """
    if name not in rows.columns:
        raise KeyError(f"expected one of {rows.columns}, got {name!r}")
    return [row[name] for row in rows]


def find_stores(path):
    """Return the store at a path, or those in a folder, as a sorted list of paths."""
    def is_store(folder):
        return (folder / "info.json").is_file() or (folder / "store.json").is_file()

    path = Path(path)
    if is_store(path):
        return [path]
    return sorted(folder for folder in path.iterdir() if is_store(folder)) if path.is_dir() else []


def checksum(folder, identity, fields, table="table.csv"):
    """Return the identity of a store's content: SHA-256 over ``identity``, the table and the arrays.

    Parameters
    ----------
    folder : pathlib.Path
        The store's.
    identity : object
        What json can write.
    fields : iterable of Field
        Those that are derived are left out.
    table : str
        Name of the table's file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    names = [table]
    for field in fields:
        if not field.derived:
            names += [f"{field.name}.npy", f"{field.name}.lengths.npy"] if field.free else [f"{field.name}.npy"]
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode())
    for name in names:
        with open(Path(folder) / name, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def load_array(path):
    """Return the array of a .npy file as a memory map; the message of an error names the file."""
    if not path.is_file():
        raise FileNotFoundError(f"expected an array in {path}, found none; the store is damaged, build it again")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"expected an array in {path}, got something else ({error}); build the store again") from None
    return array


def _only_store(path):
    stores = find_stores(path)
    if len(stores) == 1:
        return stores[0]
    if stores:
        raise FileNotFoundError(f"expected one store at {path}, found {len(stores)}; name one of them: "
                                f"{', '.join(map(str, stores))}")
    raise FileNotFoundError(f"expected a store (a folder with info.json) at {path}, found none")


def _read_info(folder):
    """Return ``info`` and the name of the table; stores of notes from before fields were declared have store.json."""
    path = next(path for path in (folder / "info.json", folder / "store.json") if path.is_file())
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        if path.name == "info.json":
            return {**info, **{name: info[name] for name in ("fields", "identity", "checksum")}}, "table.csv"
        fields = [{"name": name, "shape": np.load(folder / f"{name}.npy", mmap_mode="r").shape[1:], "dtype": dtype,
                   "derived": name == "mels"} for name, dtype in (("waveforms", "int16"), ("mels", "float32"))]
        return {**info, "fields": fields, "identity": info["mel"], "items": info["notes"]}, "notes.csv"
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"expected what a store says of itself in {path}, got something else ({error}); "
                         "build the store again") from None
