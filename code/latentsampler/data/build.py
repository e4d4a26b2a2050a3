"""Source -> store of notes: read, prepare, analyse, in parallel; atomic and resumable (see ``resumable``).

Conventions
-----------
* A source is a plain object with ``description`` (a dict that identifies its content),
  ``notes() -> (rows, rejected)`` and ``read(row, sample_rate, seconds) -> (n,) float waveform`` of at least a
  note's length where the sound has it, which may raise ``RejectedError``.
* The name of a store is a hash of (source, MelConfig, Preparation), so a finished store is never built again.

Contents
--------
store_name        what a build will be called
build_store       source -> folder of the store
"""

import hashlib
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

from latentsampler.data.arrays import find_stores
from latentsampler.data.extract import extract
from latentsampler.data.listen import listen
from latentsampler.data.prepare import Preparation, prepare, to_float
from latentsampler.data.resumable import build_arrays
from latentsampler.data.store import note_fields
from latentsampler.data.table import COLUMNS
from latentsampler.sound.audio import MelConfig
from latentsampler.sound.pitch import compile_estimator

FORMAT = 2  # raised when the same input would give another store
CHUNK = 64  # notes: about 12 MB, one second of work
SLOW_CHUNK = 8  # where pitches are estimated, which takes a tenth of a second a note and more


def store_name(source, config, preparation):
    """Return the folder name of a store: 16 hexadecimal digits that identify everything it is made from."""
    identity = json.dumps(_identity(source, config, preparation), sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def build_store(source, folder, config=None, preparation=None, n_jobs=-1, progress=True):
    """Build the store of a source, or finish it, or find it finished.

    Parameters
    ----------
    source : object
        A note source (see the module).
    folder : str or pathlib.Path
        Where stores live; made if missing.
    config : MelConfig, optional
        The mel front-end.
    preparation : Preparation, optional
        How a sound becomes a note.
    n_jobs : int
        Worker processes; -1 for all cores.
    progress : bool
        Show a progress bar.

    Returns
    -------
    pathlib.Path
        The store's folder, for :class:`latentsampler.data.store.NoteDataset`.

    Raises
    ------
    EmptySourceError
        If no note is usable; the message counts the reasons.
    """
    config, preparation = config or MelConfig(), preparation or Preparation()
    store = Path(folder) / store_name(source, config, preparation)
    if find_stores(store) == [store]:
        return store
    rows, rejected = source.notes()
    estimated = any(row.get("Pitch source") == "" for row in rows)
    if estimated:
        if progress:
            print("preparing to estimate pitches (up to a minute, once)", file=sys.stderr, flush=True)
        compile_estimator()
    return build_arrays(
        store, note_fields(config), rows, partial(_make_note, source, config, preparation),
        about=_identity(source, config, preparation), identity=config.to_dict(), rejected=rejected, columns=COLUMNS,
        n_jobs=n_jobs, chunk=SLOW_CHUNK if estimated else CHUNK, progress=progress, unit="note",
        name=source.description["source"])


def _identity(source, config, preparation):
    return {"format": FORMAT, "source": source.description, "mel": config.to_dict(),
            "preparation": asdict(preparation)}


def _make_note(source, config, preparation, row):
    sound = source.read(row, config.sample_rate, config.seconds)
    note, facts = prepare(sound, config, preparation)
    row = listen(row, to_float(note), config.sample_rate)
    return [({**row, **facts}, {"waveforms": note, "mels": extract(note[None], config)[0]})]
