"""Any notes at a path -> a NoteDataset: a store, a packed one, or a folder of sounds.

Contents
--------
open_notes   path -> NoteDataset
"""

import tempfile
from pathlib import Path

from latentsampler.data.arrays import find_stores
from latentsampler.data.store import NoteDataset


def open_notes(path):
    """Open notes for a training or a measurement.

    Parameters
    ----------
    path : str or pathlib.Path
        A store, a folder that holds exactly one, a packed ``.npz``, or a folder of sounds with or without a table, such
        as TinySOL's; of the last a store is made, which is gone when the dataset is.

    Returns
    -------
    NoteDataset
        With ``checksum``.

    Raises
    ------
    FileNotFoundError
        If there is nothing of the kind.
    """
    path = Path(path)
    if path.suffix == ".npz" or find_stores(path) or not path.is_dir():
        return NoteDataset(path)
    from latentsampler.data.build import build_store
    from latentsampler.data.sources import from_folder
    from latentsampler.sound.audio import MelConfig

    folder = tempfile.TemporaryDirectory(prefix="latentsampler-")
    dataset = NoteDataset(build_store(from_folder(path), Path(folder.name), MelConfig(), n_jobs=1))
    dataset.folder = folder  # removes itself with the dataset
    return dataset
