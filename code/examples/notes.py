"""A set of notes with known parameters, as a store: ``toy/`` and ``dataset``. The argument is a folder to write."""

import sys
from pathlib import Path

from latentsampler.data.build import build_store
from latentsampler.data.sources import from_table
from latentsampler.data.splits import split
from latentsampler.data.store import NoteDataset

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/examples")
sample = Path(__file__).resolve().parents[2] / "toy" / "data" / "sample"
store = build_store(from_table(sample), folder / "notes", n_jobs=1, progress=False)
notes = NoteDataset(store)
mel, row = notes[0]
parts = split(notes, by="Instrument (abbr.)", seed=0)  # no instrument on two sides
print(f"{len(notes)} notes in {store}; the first: {row['Instrument (in full)']} {row['Pitch']}, mel {tuple(mel.shape)}")
print("train, valid, test:", [len(part) for part in parts])
