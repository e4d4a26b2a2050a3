"""The store on disk, as a torch dataset of annotated mels.

Conventions
-----------
* A store is a folder: ``notes.csv`` (accepted rows), ``mels.npy`` ``(N, M, T)`` float32, ``waveforms.npy``
  ``(N, n_samples)`` int16, ``rejected.csv`` (path, reason), ``store.json`` (what it was made from, checksum).
* A packed store is one compressed .npz without mels, which are computed again on opening.
* Needs torch, numpy and scipy only, so that machines which just train can open it.

Contents
--------
NoteDataset      a store -> ``(mel, annotations)``, waveforms, columns
SemiSupervised   the same with a seeded share of labels hidden
find_stores      folder -> stores in it
store_checksum   identity of a store's content
pack             store -> one small .npz
"""

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from latentsampler.data.extract import extract
from latentsampler.data.table import Rows, read_table
from latentsampler.sound.audio import MelConfig


class NoteDataset(Dataset):
    """A store of notes.

    Parameters
    ----------
    path : str or pathlib.Path
        A folder made by ``build_store``, a folder that holds exactly one such, or an .npz made by :func:`pack`.

    Attributes
    ----------
    mel_config : MelConfig
        The front-end.
    rows : Rows
        The notes table: a sequence of dicts of strings.
    mels : numpy.ndarray
        ``(N, M, T)`` float32 amplitude, a memory map of the file.
    waveforms : numpy.ndarray
        ``(N, n_samples)`` int16, a memory map of the file.
    pitch : torch.Tensor
        ``(N,)`` float32 MIDI note numbers, NaN where unpitched; the lower of two pitches.
    checksum : str
        Identity of the content (table, front-end and waveforms).
    info : dict
        The whole ``store.json``.

    Raises
    ------
    FileNotFoundError
        If there is no store at ``path``.
    """

    def __init__(self, path):
        self.path = Path(path)
        if self.path.suffix == ".npz":
            self.info, table, self.waveforms = _unpack(self.path)
            self.rows = Rows(csv.DictReader(io.StringIO(table, newline="")))
            self.mel_config = MelConfig(**self.info["mel"])
            self.mels = extract(self.waveforms, self.mel_config)
        else:
            stores = find_stores(self.path)
            if len(stores) != 1:
                raise FileNotFoundError(
                    f"expected a store (a folder with store.json, or an .npz) at {path}, found "
                    f"{', '.join(map(str, stores)) or 'none'}; make one with: "
                    "python code/main.py dataset build --source S --out DIR")
            self.path = stores[0]
            self.info = json.loads((self.path / "store.json").read_text())
            self.rows = Rows(read_table(self.path / "notes.csv"))
            self.mel_config = MelConfig(**self.info["mel"])
            self.mels = np.load(self.path / "mels.npy", mmap_mode="r")
            self.waveforms = np.load(self.path / "waveforms.npy", mmap_mode="r")
        self.checksum = self.info["checksum"]
        self.pitch = torch.tensor([_lowest(row["Pitch ID"]) for row in self.rows])  # (N,)

    def __len__(self):
        return len(self.rows)

    def __reduce__(self):
        return NoteDataset, (self.path,)  # a worker opens the files: pickling a memory map would copy them

    def __getitem__(self, index):
        """Return ``(mel (M, T), annotations)``: the row's columns, "index" (int) and "pitch" (float)."""
        mel = torch.from_numpy(np.array(self.mels[index]))  # (M, T)
        return mel, {**self.rows[index], "index": int(index), "pitch": float(self.pitch[index])}

    def waveform(self, index):
        """Return the waveform of a note: ``(n_samples,)`` float32 tensor in [-1, 1)."""
        return torch.from_numpy(np.array(self.waveforms[index], dtype=np.float32)) / 32768.0

    def column(self, name):
        """Return one column of the table as a list of strings.

        Parameters
        ----------
        name : str
            A column of ``notes.csv``.

        Returns
        -------
        list of str
            One entry per note.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        if name not in self.rows.columns:
            raise KeyError(f"expected one of {self.rows.columns}, got {name!r}")
        return [row[name] for row in self.rows]


def find_stores(path):
    """Return the store at a path, or those in a folder, as a sorted list of paths."""
    path = Path(path)
    found = [path / "store.json"] if (path / "store.json").is_file() else sorted(path.glob("*/store.json"))
    return [store.parent for store in found]


class SemiSupervised(Dataset):
    """A view of a dataset in which some notes have no labels.

    Parameters
    ----------
    dataset : NoteDataset
        The notes.
    columns : sequence of str
        Annotations to hide: they become empty, and "pitch" becomes NaN when "Pitch ID" is among them.
    share : float
        Share of notes without labels, in [0, 1].
    seed : int
        The same seed hides the same notes; a larger share hides these and more.

    Attributes
    ----------
    hidden : numpy.ndarray
        ``(N,)`` bool, true where labels are hidden.

    Raises
    ------
    ValueError
        If ``share`` is outside [0, 1].
    """

    def __init__(self, dataset, columns, share, seed=0):
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"expected a share in [0, 1], got {share}")
        self.dataset, self.columns = dataset, tuple(columns)
        rank = np.random.default_rng(seed).permutation(len(dataset))
        self.hidden = rank < round(share * len(dataset))  # (N,)

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        """Return an item of the dataset, without the hidden annotations."""
        mel, annotations = self.dataset[index]
        if self.hidden[index]:
            annotations.update(dict.fromkeys(self.columns, ""))
            if "Pitch ID" in self.columns:
                annotations.update({"Pitch": "", "pitch": float("nan")})
        return mel, annotations


def store_checksum(folder, mel):
    """Return the identity of a store's content: SHA-256 over front-end, table and waveforms.

    Mels are left out: they follow from the rest, up to the last bit of another machine's arithmetic.

    Parameters
    ----------
    folder : pathlib.Path
        With ``notes.csv`` and ``waveforms.npy``.
    mel : dict
        ``MelConfig.to_dict()``.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps(mel, sort_keys=True).encode())
    for name in ("notes.csv", "waveforms.npy"):
        with open(Path(folder) / name, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def pack(store, npz, bits=16):
    """Write a store as one compressed file, to carry it to another machine.

    Waveforms are kept as second differences modulo 2^16, which compress to about 70 % at 16 bits and invert
    exactly.

    Parameters
    ----------
    store : str or pathlib.Path
        The store's folder.
    npz : str or pathlib.Path
        The file to write; its name ends in .npz.
    bits : int
        Bits kept per sample, 8..16; below 16 the notes are rounded, and the checksum says so.

    Returns
    -------
    pathlib.Path
        ``npz``.

    Raises
    ------
    ValueError
        If ``bits`` is outside 8..16, or the name does not end in .npz.
    """
    store, npz = Path(store), Path(npz)
    if npz.suffix != ".npz" or not 8 <= bits <= 16:
        raise ValueError(f"expected a name ending in .npz and 8 to 16 bits, got {npz.name} and {bits}")
    info = json.loads((store / "store.json").read_text())
    if bits < 16:
        info["checksum"] += f"-{bits}bit"
    waveforms = _keep_bits(np.load(store / "waveforms.npy", mmap_mode="r"), 16 - bits)  # (N, n_samples)
    residual = np.diff(np.diff(waveforms, axis=1, prepend=np.int16(0)), axis=1, prepend=np.int16(0))  # wraps
    planes = residual.view(np.uint8).reshape(*residual.shape, 2)  # low and high bytes apart compress better
    np.savez_compressed(npz, shift=16 - bits, low=planes[..., 0], high=planes[..., 1], info=json.dumps(info),
                        notes=(store / "notes.csv").read_text(encoding="utf-8"))
    return npz


def _keep_bits(waveforms, shift):
    rounded = (np.asarray(waveforms, dtype=np.int32) + (1 << shift >> 1)) >> shift
    return np.minimum(rounded, (1 << (15 - shift)) - 1).astype(np.int16)  # not rounded past full scale


def _unpack(npz):
    if not npz.is_file():
        raise FileNotFoundError(f"expected a packed store, found no file {npz}")
    with np.load(npz) as data:
        residual = np.stack([data["low"], data["high"]], axis=-1).view(np.int16)[..., 0]  # (N, n_samples)
        first = np.cumsum(residual, axis=1, dtype=np.int16)  # wraps back
        waveforms = np.cumsum(first, axis=1, dtype=np.int16)  # (N, n_samples)
        return json.loads(str(data["info"])), str(data["notes"]), waveforms << np.int16(data["shift"])


def _lowest(pitch_id):
    return min((float(part) for part in pitch_id.split("_") if part), default=float("nan"))
