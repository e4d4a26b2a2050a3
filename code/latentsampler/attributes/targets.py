"""The four attributes that knobs steer, of sounds and of all notes of a store.

Conventions
-----------
* The columns are always `ATTRIBUTES`, in points of `latentsampler.attributes.descriptors`; NaN for a silent sound.
* A store's table is measured once and kept beside it as ``attributes.npz``; the file names the store's checksum and
  the source of the descriptors, and is made again when either has changed.

Contents
--------
KNOBS, ATTRIBUTES   names of the knobs, and the functions that measure what each turns
measure             waveforms -> ``(batch, 4)`` points
measure_notes       store -> ``(N, 4)`` points
"""

import hashlib
from pathlib import Path

import numpy as np

from latentsampler.attributes import descriptors, hardness, loudness, onsets, spectra, timbre
from latentsampler.attributes.descriptors import describe

KNOBS = ("deep", "bright", "hard", "dirty")
ATTRIBUTES = (timbre.depth, timbre.brightness, hardness.hardness, timbre.roughness)


def measure(waveform, sample_rate):
    """Return the four attributes of sounds.

    Parameters
    ----------
    waveform : numpy.ndarray or torch.Tensor
        ``(batch, n_samples)``.
    sample_rate : int
        Hz.

    Returns
    -------
    numpy.ndarray
        ``(batch, 4)`` points.
    """
    found = describe(waveform, sample_rate, ATTRIBUTES)
    return np.stack([found[attribute.__name__] for attribute in ATTRIBUTES], axis=1)


def measure_notes(dataset, progress=False):
    """Return the four attributes of all notes of a store, from its table when that is up to date.

    Parameters
    ----------
    dataset : NoteDataset
        The notes.
    progress : bool
        Show a bar: 50 ms a note, where there is no table yet.

    Returns
    -------
    numpy.ndarray
        ``(N, 4)`` points.
    """
    from latentsampler.runtime.progress import tracked

    identity = f"{dataset.checksum} {_source()}"
    folder = dataset.path if dataset.path.is_dir() else None  # a packed store has no place beside it
    table = folder / "attributes.npz" if folder else None
    if table and table.is_file():
        with np.load(table) as kept:
            if str(kept["identity"]) == identity:
                return kept["points"]
    blocks = np.array_split(np.arange(len(dataset)), max(1, len(dataset) // 16))
    points = np.concatenate([measure(dataset.waveforms[block].astype(np.float64) / 32768.0,
                                     dataset.mel_config.sample_rate)
                             for block in tracked(blocks, desc="attributes", disable=not progress)])
    if table:
        _keep(table, identity, points)
    return points


def _source():
    """Identity of the code that measures: 12 hexadecimal digits."""
    digest = hashlib.sha256()
    for module in (descriptors, hardness, loudness, onsets, spectra, timbre):
        digest.update(Path(module.__file__).read_bytes())
    return digest.hexdigest()[:12]


def _keep(table, identity, points):
    partial = table.with_name(table.name + ".partial.npz")
    try:
        np.savez(partial, identity=identity, points=points)
        partial.replace(table)
    except PermissionError:
        pass  # a store that may only be read is measured every time
