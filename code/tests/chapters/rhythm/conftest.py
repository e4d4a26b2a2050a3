"""A small model of random patterns, trained for a few steps, as the chapter writes it."""

from dataclasses import replace

import numpy as np
import pytest
from latentsampler.chapters.rhythm import experiment
from latentsampler.chapters.rhythm.data import Patterns
from latentsampler.chapters.rhythm.grid import to_pattern
from latentsampler.learning.training import Schedule

TINY = {"width": 24, "average": 0.9, "schedule": Schedule(steps=60, batch_size=32, valid_every=30)}


def beats(count, seed=0):
    """Return beats around a rock pattern as the chapter's data: a kick on the beats, a snare between, hats."""
    generator = np.random.default_rng(seed)
    patterns, table = [], []
    for index in range(count):
        hits = [(step / 4, voice, generator.uniform(0.3, 1.0))
                for voice, every, first in ((0, 8, 0), (1, 8, 4), (2, 2, 0))
                for step in range(first, 32, every) if generator.random() < 0.8]
        hits += [(generator.integers(0, 32) / 4 + generator.uniform(-0.1, 0.1), voice, 0.4) for voice in range(9)
                 for _ in range(generator.integers(0, 2))]
        patterns.append(to_pattern(np.array(hits))[0])
        split = "validation" if index % 5 == 4 else "train"
        table.append({"path": f"{index}.mid", "start_beat": "0", "split": split, "drummer": "d", "session": "s",
                      "style": "", "bpm": "120", "beat_type": "beat", "lost": "0"})
    return Patterns(np.stack(patterns).astype(np.float16), table)


@pytest.fixture(scope="session")
def patterns():
    return beats(200)


@pytest.fixture(scope="session")
def trained(patterns, tmp_path_factory):
    """The file, metrics and history of a tiny run."""
    out = tmp_path_factory.mktemp("rhythm") / "rhythm.pt"
    metrics, history = experiment.run(replace(experiment.RUNS["short"], **TINY), 0, out, patterns, progress=False)
    return out, metrics, history
