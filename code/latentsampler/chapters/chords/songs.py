"""A folder of songs -> one symbol a beat, split by song, as windows.

Conventions
-----------
* The folder holds ``songs.csv`` and ``chords.csv`` as ``shared/data/realbook`` does; of the songs only ``song_id`` is
  needed (title, group, key, beats_per_bar, source_folder_2021 are used where they are), of the chords ``song_id``,
  ``n_beats``, ``root_pc`` and ``quality`` (and ``start_beat``, ``beat`` for the bars).
* Key: tonic 0 to 11, plus 12 in minor; 24 unknown. Place in the bar: beats 0 to 3 of 4/4, 4 to 6 of 3/4, 7 unknown.
* Windows are the reference's: 8 beats in, 8 out, each beat a start; seven beats of N stand in front, and the last
  window is left out.
* Songs of one group (the same tune under two titles) are never divided. Transposition comes after the split.

Contents
--------
Song, SongSet   what was read
open_songs      folder -> SongSet, with its checksum
folds           SongSet -> fold number of every song
Windows, windows   songs -> inputs, targets, key, place in the bar, song
bars            songs -> windows that begin with a bar
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from latentsampler.chapters.chords.alphabet import NONE, pitch_class, symbol_of

NO_KEY, NO_PLACE = 24, 7
N_IN = N_OUT = 8


@dataclass(frozen=True)
class Song:
    """One song.

    Attributes
    ----------
    title, group : str
        Group: what must not be divided.
    symbols : numpy.ndarray
        ``(n,)`` int64, one a beat.
    place : numpy.ndarray
        ``(n,)`` int64, place in the bar of every beat.
    key : int
        0 to 24.
    usable : bool
        False where the source marks the song as unfit for training: one chord, or a chord of very many beats.
    """

    title: str
    group: str
    symbols: np.ndarray
    place: np.ndarray
    key: int
    usable: bool


@dataclass(frozen=True)
class SongSet:
    """Songs and the identity of their files."""

    songs: tuple
    checksum: str

    def subset(self, keep):
        """Return the songs for which ``keep`` (a mask) is true, under the same checksum."""
        return SongSet(tuple(song for song, kept in zip(self.songs, keep, strict=True) if kept), self.checksum)


def open_songs(path):
    """Read a folder of songs.

    Parameters
    ----------
    path : str or pathlib.Path
        With ``songs.csv`` and ``chords.csv``.

    Returns
    -------
    SongSet
        In the order of ``songs.csv``; songs without a chord are left out.

    Raises
    ------
    FileNotFoundError
        If a table is missing.
    ValueError
        If a chord has a quality that no alphabet knows, or a length below one beat.
    """
    path, digest, rows = Path(path), hashlib.sha256(), {}
    for name in ("songs", "chords"):
        if not (path / f"{name}.csv").is_file():
            raise FileNotFoundError(f"expected {name}.csv in {path}; `main.py chords build` writes such a folder")
        content = (path / f"{name}.csv").read_bytes()
        digest.update(content)
        rows[name] = list(csv.DictReader(content.decode("utf-8").splitlines()))
    chords = {}
    for row in rows["chords"]:
        chords.setdefault(row["song_id"], []).append(row)
    songs = tuple(_song(row, chords[row["song_id"]]) for row in rows["songs"] if row["song_id"] in chords)
    return SongSet(songs, digest.hexdigest())


def _song(row, chords):
    lengths = [int(float(chord["n_beats"])) for chord in chords]
    if min(lengths) < 1:
        raise ValueError(f"expected chords of at least one beat, got {min(lengths)} in song {row['song_id']}")
    symbols = np.repeat([symbol_of(int(chord["root_pc"] or -1), chord["quality"]) for chord in chords], lengths)
    per_bar = int(float(row.get("beats_per_bar") or 0))
    return Song(row.get("title", ""), row.get("group") or row["song_id"], symbols.astype(np.int64),
                _places(chords, lengths, per_bar), key_of(row.get("key", "")),
                row.get("source_folder_2021") not in ("OneChordTrack", "LongChordTrack"))


def _places(chords, lengths, per_bar):
    if per_bar not in (3, 4):
        return np.full(sum(lengths), NO_PLACE)
    start = int(float(chords[0].get("beat") or 1)) - 1  # a song may begin with an upbeat
    return (np.arange(sum(lengths)) + start) % per_bar + (4 if per_bar == 3 else 0)


def key_of(text):
    """Return the number of a key such as ``Ebm``, 24 of an empty text."""
    minor = text.endswith("m")
    return pitch_class(text.removesuffix("m")) + 12 * minor if text else NO_KEY


def key_name(key):
    """Return how a key is written in a table; empty where it is not known."""
    names = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
    return "" if key == NO_KEY else names[key % 12] + "m" * (key >= 12)


def folds(songs, n=5):
    """Return the fold ``(S,)`` of every song: by hash of its group, so that it does not depend on the other songs."""
    return np.array([int(hashlib.sha256(song.group.encode()).hexdigest(), 16) % n for song in songs], dtype=int)


class Windows(NamedTuple):
    """Tensors of n windows, all int64.

    Attributes
    ----------
    x, y : torch.Tensor
        ``(n, 8)`` beats in, ``(n, 8)`` beats to come.
    key : torch.Tensor
        ``(n,)``, 0 to 24.
    place : torch.Tensor
        ``(n,)`` place in the bar of the last beat of ``x``.
    song : torch.Tensor
        ``(n,)`` index into the songs.
    """

    x: torch.Tensor
    y: torch.Tensor
    key: torch.Tensor
    place: torch.Tensor
    song: torch.Tensor


def windows(songs):
    """Return the reference's windows of some songs."""
    parts = [_windows_of(index, song) for index, song in enumerate(songs) if len(song.symbols) > N_OUT + 1]
    if not parts:
        raise ValueError(f"expected songs of more than {N_OUT + 1} beats, got none")
    return Windows(*(torch.from_numpy(np.concatenate(column)) for column in zip(*parts, strict=True)))


def _windows_of(index, song):
    count = len(song.symbols) - N_OUT - 1
    padded = np.concatenate([np.full(N_IN - 1, NONE), song.symbols])
    view = np.lib.stride_tricks.sliding_window_view(padded, N_IN + N_OUT)[:count]  # (n, 16)
    return view[:, :N_IN], view[:, N_IN:], np.full(count, song.key), song.place[:count], np.full(count, index)


def bars(songs, beats=16):
    """Return windows ``(n, beats)`` int64 that begin with a bar, and the song ``(n,)`` of each.

    A song whose bars are not known counts as in 4/4 from its first beat.
    """
    found, owner = [], []
    for index, song in enumerate(songs):
        starts = np.flatnonzero(np.isin(song.place, (0, 4)))
        starts = np.arange(0, len(song.symbols), 4) if song.place[0] == NO_PLACE else starts
        starts = starts[starts + beats <= len(song.symbols)]
        found += [song.symbols[start:start + beats] for start in starts]
        owner += [index] * len(starts)
    return torch.from_numpy(np.array(found, dtype=np.int64).reshape(-1, beats)), torch.tensor(owner, dtype=torch.int64)
