"""The chapter at its smallest, for the guards that run every command over every chapter."""

from argparse import Namespace
from dataclasses import replace

from latentsampler.learning.training import Schedule

from tests.chapters.chords.test_models import TINY


def make(folder, small_notes):
    """Return a Config, a path of data, and paths of inputs."""
    from toyset.kinds import chords

    (folder / "songs").mkdir()
    chords.make(Namespace(out=folder / "songs", seed=1, songs=60, form="free", split=0.4))
    schedule = Schedule(steps=4, batch_size=16, valid_every=2, checkpoint_seconds=0.0)
    return replace(TINY, schedule=schedule), folder / "songs", {}
