"""The chapter at its smallest, for the guards that run every command over every chapter."""

from dataclasses import replace

from latentsampler.chapters.vocoder import experiment


def make(folder, small_notes):
    """Return a Config, a path of data, and paths of inputs."""
    base = experiment.RUNS["demo-mcnn"]
    schedule = replace(base.schedule, steps=4, batch_size=2, valid_every=2, checkpoint_seconds=0.0)
    return replace(base, schedule=schedule, decoded=0.0), small_notes.path, {}
