"""The store on disk, as a torch dataset of annotated mels.

Conventions
-----------
* A store of notes is a store (see ``arrays``) with the fields of `note_fields`: "waveforms" and what follows from them,
  "mels". Its table has TinySOL's columns first.
* A packed store is one compressed .npz without mels, which are computed again on opening.
* Needs torch, numpy and scipy only, so that machines which just train can open it.

Contents
--------
note_fields      front-end -> the fields of a store of notes
NoteDataset      a store -> ``(mel, annotations)``, waveforms, columns
SemiSupervised   the same with a seeded share of labels hidden
pack             store -> one small .npz
"""

import csv
import io
import json
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from latentsampler.data.arrays import Store, column, find_stores
from latentsampler.data.extract import extract
from latentsampler.data.fields import Field
from latentsampler.data.table import Rows
from latentsampler.sound.audio import MelConfig


def note_fields(config):
    """Return the fields of a store of notes of a front-end (a ``MelConfig``)."""
    return (Field("waveforms", (config.n_samples,), "int16", "full scale = 32768"),
            Field("mels", (config.n_mels, config.n_frames), "float32", "amplitude", derived=True))


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
    labelled : torch.Tensor
        ``(N,)`` bool, true where table or name told the pitch; false where it was estimated, or there is none.
    checksum : str
        Identity of the content (table, front-end and waveforms).
    info : dict
        What the store says of itself.

    Raises
    ------
    FileNotFoundError
        If there is no store at ``path``.
    ValueError
        If it is a store of something else, is damaged, or has a pitch outside 0..127.
    """

    def __init__(self, path):
        self.path = Path(path)
        if self.path.suffix == ".npz":
            self.info, table, self.waveforms = _unpack(self.path)
            self.rows = Rows(csv.DictReader(io.StringIO(table, newline="")))
            self.mel_config = MelConfig(**self.info["mel"])
            self.mels = extract(self.waveforms, self.mel_config)
        else:
            store = _open(self.path)
            self.path, self.info, self.rows = store.path, store.info, store.rows
            self.mel_config = MelConfig(**self.info["mel"])
            self.mels, self.waveforms = store["mels"], store["waveforms"]
        self.checksum = self.info["checksum"]
        self.pitch = torch.tensor([_lowest(row["Pitch ID"]) for row in self.rows])  # (N,)
        self.labelled = torch.tensor([row.get("Pitch source") != "estimate" for row in self.rows]) & ~self.pitch.isnan()
        outside = [row["Path"] for row, pitch in zip(self.rows, self.pitch, strict=True) if not 0 <= pitch <= 127
                   and pitch == pitch]
        if outside:
            raise ValueError(f"expected pitches in 0..127 in {self.path}, got another in {len(outside)} notes, the "
                             f"first is {outside[0]}; build the store again")

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
        return column(self.rows, name)


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
    opened = _open(store)
    info = dict(opened.info)
    if bits < 16:
        info["checksum"] += f"-{bits}bit"
    waveforms = _keep_bits(opened["waveforms"], 16 - bits)  # (N, n_samples)
    residual = np.diff(np.diff(waveforms, axis=1, prepend=np.int16(0)), axis=1, prepend=np.int16(0))  # wraps
    planes = residual.view(np.uint8).reshape(*residual.shape, 2)  # low and high bytes apart compress better
    np.savez_compressed(npz, shift=16 - bits, low=planes[..., 0], high=planes[..., 1], info=json.dumps(info),
                        notes=opened.table.read_text(encoding="utf-8"))
    return npz


def _open(path):
    if not find_stores(path):
        raise FileNotFoundError(f"expected a store of notes (a folder with info.json, or an .npz) at {path}, found "
                                "none; make one with: python code/main.py dataset build --source S --out DIR")
    store = Store(path)
    if not {"mels", "waveforms"} <= set(store.fields) or "mel" not in store.info:
        raise ValueError(f"expected a store of notes at {store.path}, got one of {', '.join(store.fields)}")
    return store


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
