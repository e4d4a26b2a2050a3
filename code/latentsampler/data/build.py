"""Source -> store: read, prepare, analyse, in parallel; atomic and resumable.

Conventions
-----------
* A source is a plain object with ``description`` (a dict that identifies its content),
  ``notes() -> (rows, rejected)`` and ``read(row, sample_rate, seconds) -> (n,) float waveform`` of at least a
  note's length where the sound has it, which may raise ``RejectedError``.
* The name of a store is a hash of (source, MelConfig, Preparation), so a finished store is never built again.
* Notes are done in chunks of fixed size; each is written under another name and then renamed, and so is the
  whole. A killed build continues at the missing chunks and ends in the same bytes, for any number of workers.
* Parallel work goes through ``latentsampler.runtime.parallel``, so a Dask cluster does it inside ``parallel.cluster``;
  the workers must see the same folders.

Contents
--------
EmptySourceError  nothing usable in a source
store_name        what a build will be called
build_store       source -> folder of the store
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

from latentsampler.data.extract import extract
from latentsampler.data.listen import listen
from latentsampler.data.prepare import Preparation, RejectedError, prepare, to_float
from latentsampler.data.store import store_checksum
from latentsampler.data.table import COLUMNS, write_table
from latentsampler.runtime.parallel import each
from latentsampler.runtime.progress import progress_bar
from latentsampler.sound.audio import MelConfig
from latentsampler.sound.pitch import compile_estimator

FORMAT = 1  # raised when the same input would give another store
CHUNK = 64  # notes: about 12 MB, one second of work


class EmptySourceError(ValueError):
    """A source without one usable note."""


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
    parts = store.with_suffix(".parts")
    store.parent.mkdir(parents=True, exist_ok=True)
    with _locked(store):
        if not store.exists():
            rows, rejected = source.notes()
            parts.mkdir(exist_ok=True)
            chunks = [parts / f"{start:09d}.npz" for start in range(0, len(rows), CHUNK)]
            _fill(source, rows, chunks, config, preparation, n_jobs, progress)
            _assemble(store, chunks, rejected, _identity(source, config, preparation))
        shutil.rmtree(parts, ignore_errors=True)
    return store


def _identity(source, config, preparation):
    return {"format": FORMAT, "source": source.description, "mel": config.to_dict(),
            "preparation": asdict(preparation)}


@contextlib.contextmanager
def _locked(store):
    # two builds of one store would take each other's parts away; the lock dies with its process
    with open(store.with_suffix(".lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fill(source, rows, chunks, config, preparation, n_jobs, progress):
    todo = [(path, slice(k * CHUNK, min((k + 1) * CHUNK, len(rows))))
            for k, path in enumerate(chunks) if not path.exists()]
    calls = ((source, rows[part], config, preparation, path)
             for path, part in todo)  # a generator: rows are copied only when their turn comes
    bar = progress_bar(total=len(rows), initial=len(rows) - sum(part.stop - part.start for _, part in todo),
               unit="note", desc=f"notes of {source.description['source']}", disable=not progress)
    if len(todo) < 2:
        n_jobs = 1
    if n_jobs != 1 and any(row.get("Pitch source") == "" for row in rows):
        compile_estimator()
    with bar:
        for count in each(_build_chunk, calls, n_jobs):
            bar.update(count)


def _build_chunk(source, rows, config, preparation, path):
    accepted, notes, rejected = [], [], []
    for row in rows:
        try:
            sound = source.read(row, config.sample_rate, config.seconds)
            note, facts = prepare(sound, config, preparation)
            row = listen(row, to_float(note), config.sample_rate)
        except RejectedError as reason:
            rejected.append({"path": row["Path"], "reason": str(reason)})
            continue
        accepted.append({**row, **facts})
        notes.append(note)
    waveforms = np.stack(notes) if notes else np.zeros((0, config.n_samples), np.int16)  # (n, N)
    _save(path, waveforms, extract(waveforms, config), {"rows": accepted, "rejected": rejected})
    return len(rows)


def _save(path, waveforms, mels, table):
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with open(temporary, "wb") as file:
        np.savez(file, waveforms=waveforms, mels=mels, table=np.array(json.dumps(table)))
    os.replace(temporary, path)


def _assemble(store, chunks, rejected, identity):
    own, n_rows, rejected = {}, 0, list(rejected)
    for table in _tables(chunks):
        own.update(dict.fromkeys(name for row in table["rows"] for name in row if name not in COLUMNS))
        n_rows, rejected = n_rows + len(table["rows"]), rejected + table["rejected"]
    if n_rows == 0:
        write_table(store.with_suffix(".rejected.csv"), rejected, ["path", "reason"])
        raise EmptySourceError(_why_empty(identity["source"], rejected, store.with_suffix(".rejected.csv")))
    temporary = store.with_suffix(".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    write_table(temporary / "notes.csv", (row for table in _tables(chunks) for row in table["rows"]),
                [*COLUMNS, *own])
    write_table(temporary / "rejected.csv", rejected, ["path", "reason"])
    for name in ("waveforms", "mels"):
        _concatenate(temporary / f"{name}.npy", (np.load(path)[name] for path in chunks), n_rows)
    facts = {**identity, "notes": n_rows, "rejected": len(rejected),
             "checksum": store_checksum(temporary, identity["mel"])}
    (temporary / "store.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
    os.replace(temporary, store)


def _tables(chunks):
    for path in chunks:
        with np.load(path) as data:
            yield json.loads(str(data["table"]))


def _concatenate(path, arrays, n_rows):
    # written piece by piece: a memmap would count as memory of this process
    with open(path, "wb") as file:
        for k, array in enumerate(arrays):
            if k == 0:
                header = np.lib.format.header_data_from_array_1_0(array)
                np.lib.format.write_array_header_1_0(file, {**header, "shape": (n_rows, *array.shape[1:])})
            file.write(array.tobytes())


def _why_empty(description, rejected, listing):
    reasons = Counter(row["reason"].split(":")[0] for row in rejected)
    why = ", ".join(f"{count} x {reason}" for reason, count in reasons.most_common()) or "it lists no note"
    return f"expected at least one usable note in {description}, got none: {why}; all reasons: {listing}"
