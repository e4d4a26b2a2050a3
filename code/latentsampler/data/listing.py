"""A folder -> its sound files, and why each other file is none.

Conventions
-----------
* Nothing is left out in silence: what is no sound by its ending, hidden, or linked is listed with the reason.
* Linked folders are not followed, so that loops end and nothing is read twice; linked files are.

Contents
--------
ENDINGS      of sound files that libsndfile reads
Listing      sounds, tables, and the rest with reasons
list_folder  folder -> Listing
Paths        what people write for a path -> the path on disk
"""

import os
import posixpath
import unicodedata
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from latentsampler.data import tables

ENDINGS = (".wav", ".wave", ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".opus", ".mp3", ".au", ".snd", ".caf",
           ".w64", ".rf64")


class Listing(NamedTuple):
    """What is in a folder: paths of sounds and tables below it, sorted, and ``path -> reason`` of everything else."""

    sounds: list
    tables: list
    others: dict


def list_folder(folder):
    """Return the `Listing` of a folder, at any depth.

    Parameters
    ----------
    folder : pathlib.Path
        Where to look; may itself be a link.

    Returns
    -------
    Listing
        Paths with ``/``, relative to the folder.
    """
    listing = Listing([], [], {})
    for place, folders, names in os.walk(folder):  # a hundred thousand Path objects would be 100 MB
        below = os.path.relpath(place, folder).replace(os.sep, "/")
        for name in sorted(folders):
            reason = _why_not_searched(place, name)
            if reason:
                listing.others[posixpath.normpath(posixpath.join(below, name))] = reason
        folders[:] = [name for name in folders if not _why_not_searched(place, name)]
        for name in names:
            _sort(posixpath.normpath(posixpath.join(below, name)), name, listing)
    return Listing(sorted(listing.sounds), sorted(listing.tables), dict(sorted(listing.others.items())))


def _why_not_searched(place, name):
    if name.startswith(".") or name == "__MACOSX":
        return "hidden folder: not searched"
    if os.path.islink(os.path.join(place, name)):
        target = os.path.realpath(os.path.join(place, name))
        return f"linked folder: not followed; it is {target}, name that as a source or copy it here"
    return ""


def _sort(path, name, listing):
    ending = PurePosixPath(name).suffix.lower()
    if name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        return  # every folder that was looked at has one
    if name.startswith("."):
        listing.others[path] = "hidden file"
    elif ending in ENDINGS:
        listing.sounds.append(path)
    elif ending in tables.ENDINGS:
        listing.tables.append(path)
    else:
        listing.others[path] = (f"no sound by its ending: expected {', '.join(ENDINGS)}, got {ending or 'none'}")


class Paths:
    """Paths as people write them -> paths on disk.

    Backslashes, ``./``, other Unicode compositions of a letter, a letter's case, and a missing ending are forgiven
    where only one file can be meant.

    Parameters
    ----------
    sounds : sequence of str
        Paths on disk, with ``/``.
    folder : pathlib.Path
        That they are relative to; absolute paths into it are understood.
    """

    def __init__(self, sounds, folder):
        self._folder = Path(folder).absolute().as_posix()
        self._exact = set(sounds)
        self._loose = {}
        for path in sounds:
            for key in {self._key(path), self._key(path.rpartition(".")[0])}:
                self._loose[key] = None if key in self._loose else path  # None: two files could be meant

    def find(self, written, prefix=""):
        """Return the path on disk that a written one means, below ``prefix``; None if there is none."""
        path = posixpath.normpath(posixpath.join(prefix, written))
        if path in self._exact:
            return path
        clean = written.strip().replace("\\", "/").removeprefix(f"{self._folder}/")
        path = posixpath.normpath(posixpath.join(prefix, clean))
        return path if path in self._exact else self._loose.get(self._key(path))

    @staticmethod
    def _key(path):
        return unicodedata.normalize("NFC", path).casefold()
