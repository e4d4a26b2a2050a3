"""The chapter at its smallest, for the guards that run every command over every chapter."""

from dataclasses import replace

import main
from latentsampler.chapters.projection import experiment


def make(folder, small_notes):
    """Return a Config, a path of data, and paths of inputs, which are trained for it."""
    inputs = {"model": folder / "model.pt", "vocoder": folder / "vocoder.pt"}
    for name, run in (("model", "autoencoder/demo"), ("vocoder", "vocoder/demo-mcnn")):
        words = ["train", run, "--data", str(small_notes.path), "--steps", "1", "--out", str(inputs[name])]
        assert main.main(words) == 0
    return replace(experiment.RUNS["knobs"], first=30, more=0, turned=0, rounds=0, steps=2, fit_steps=2, sweeps=4,
                   drift_sweeps=1, note_sweeps=2, probes=False), small_notes.path, inputs
