"""Mel <-> four numbers: ``autoencoder``, ``training``, ``export``. The argument is a folder to write.

Run ``notes.py`` with the same folder first.
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch
from latentsampler.chapters.autoencoder import experiment
from latentsampler.contract.export import load_scripted
from latentsampler.data.store import NoteDataset

torch.set_num_threads(1)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/examples")
notes = NoteDataset(next((folder / "notes").glob("*/info.json")).parent)
demo = experiment.RUNS["demo"]
few_steps = replace(demo, width=32, schedule=replace(demo.schedule, steps=10, batch_size=16, valid_every=5))
metrics, history = experiment.run(few_steps, 0, folder / "model.pt", notes, progress=False)
model, metadata = load_scripted(folder / "model.pt")
mel = notes[0][0][None]  # (1, 256, 128)
with torch.inference_mode():
    z = model.encode(mel)  # (1, 4)
    higher = model.decode(z, torch.tensor([72.0]))  # the same timbre at C5
print(f"loss {history[0]['total']:.2f} -> {history[-1]['total']:.2f} in ten steps; z = {z[0].numpy().round(2)}")
