"""The chapter at its smallest, for the guards that run every command over every chapter."""

from dataclasses import replace

from latentsampler.chapters.assignment import experiment


def make(folder, small_notes):
    """Return a Config, a path of data, and paths of inputs."""
    base = experiment.RUNS["messages-2"]
    schedule = replace(base.schedule, steps=4, batch_size=8, valid_every=2, checkpoint_seconds=0.0)
    return replace(base, examples=64, seconds=0.0, schedule=schedule), "generated:size=2,count=60,seed=1", {}
