"""The chapter at its smallest, for the guards that run every command over every chapter."""

from dataclasses import replace

from latentsampler.chapters.rhythm import data, experiment
from latentsampler.learning.training import Schedule

from tests.chapters.rhythm.conftest import beats


def make(folder, small_notes):
    """Return a Config, a path of data, and paths of inputs."""
    data.save(beats(120), folder / "patterns")
    schedule = Schedule(steps=4, batch_size=32, valid_every=2, checkpoint_seconds=0.0)
    return replace(experiment.RUNS["short"], width=24, average=0.9, schedule=schedule), folder / "patterns", {}
