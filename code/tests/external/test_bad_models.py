"""Claims about files that are no good: a named error each, the old model keeps playing, Pd stays up."""

import re

import numpy as np
import pytest

from . import bad
from . import models as small
from .test_play import shifted_sum, waveform

RATE = small.RATE
POINT = "-1 0.5 2 0 64"


@pytest.fixture(scope="module")
def troubles(models, tmp_path_factory):
    """Files of `bad.write_bad`."""
    return bad.write_bad(tmp_path_factory.mktemp("bad"), models / "plucks.pt")


def test_every_bad_file_is_an_error_by_name_and_the_old_model_keeps_playing(play, models, troubles):
    events = [(20 * i, f"load {path}") for i, (path, _) in enumerate(troubles.values())]
    last = 20 * len(events) + 10.1
    run = play(f"wae-sampler {models}/plucks.pt", [*events, (last, f"list {POINT}")], 1.2, quiet=False, rate=RATE)
    errors = run.printed("status", "error")
    assert len(errors) == len(troubles), "\n".join(errors)
    for (name, (_, pattern)), text in zip(troubles.items(), errors, strict=True):
        assert re.search(pattern, text), f"{name}: {text}"
        assert any(text in line for line in run.log if not line.startswith("status: ")), f"{name}: not on the console"
    note = waveform(models / "plucks.pt", [-1, 0.5, 2, 0, 64])
    assert np.abs(run.arrays["out"] - shifted_sum([(last, note)], 1.2)).max() <= small.ROUNDING


@pytest.mark.parametrize("kind, word", [("ThrowsAbove", "boom"), ("NotANumberAbove", "NaN or infinity")])
def test_a_note_that_cannot_be_computed_is_dropped_and_later_ones_sound(play, models, tmp_path, kind, word):
    path = small.save(getattr(bad, kind)(), tmp_path / "sometimes.pt")
    run = play(f"wae-sampler {path}", [(0, "list 3"), (20, f"list {POINT}")], 0.6, quiet=False, rate=RATE)
    assert run.numbers("status", "dropped") == [1]
    assert any(word in line for line in run.printed("status"))
    note = waveform(models / "plucks.pt", [-1, 0.5, 2, 0, 64])
    assert np.abs(run.arrays["out"] - shifted_sum([(20, note)], 0.6)).max() <= small.ROUNDING


@pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.long)])
def test_damaged_files_never_stop_pd(play, models, tmp_path, count):
    rng = np.random.default_rng(count)
    source = small.save(small.Plucks(length=512), tmp_path / "small.pt")
    content = source.read_bytes()
    for i in range(count):
        target = tmp_path / f"fuzz{i}.pt"
        if i % 4 == 0:
            bad.mutated_metadata(source, target, rng)
        else:
            target.write_bytes(bad.mutated(content, rng))
    events = [(20.0 * i, f"load fuzz{i}.pt") for i in range(count)]
    end = 20.0 * count
    events += [(end, f"load {models}/plucks.pt"), (end + 100.2, f"list {POINT}")]
    run = play(f"wae-sampler {models}/plucks.pt", events, (end + 600) / 1000, quiet=False, rate=RATE, timeout=500)
    loaded, errors = len(run.printed("status", "loaded")), len(run.printed("status", "error"))
    assert loaded + errors == count + 2  # the first, the damaged ones, the last: none without an answer
    assert errors >= 0.6 * count
    tail = run.arrays["out"][int((end + 50) * RATE / 1000) :]
    note = waveform(models / "plucks.pt", [-1, 0.5, 2, 0, 64])
    first = int(np.flatnonzero(np.abs(tail) > 1e-6)[0] - np.flatnonzero(np.abs(note) > 1e-6)[0])
    assert np.abs(tail[first : first + len(note)] - note[: len(tail) - first]).max() <= small.ROUNDING
