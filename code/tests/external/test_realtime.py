"""Claims about real time: notes come soon, none is lost, no tick of the audio is late.

There is no sound card here: Pd without one keeps time by the clock, so a tick that comes more than 25 ms after the
one before is what a sound card would call an underrun.
"""

import numpy as np
import pytest

from .. import pd
from . import models as small
from .test_play import RATE, pluck, shifted_sum, stats

UNDERRUN_MS = 25


def soak(build, folder, model, notes_per_second, seconds):
    """Play random points in real time, one voice stealing from none, and time every tick; the run."""
    patch = pd.Patch()
    player, start = patch.obj(f"wae-sampler {model} 64"), patch.obj("bang")
    patch.chain(player, patch.obj("dac~"))
    patch.connect(player, 1, patch.obj("print status"))
    dsp = patch.msg("; pd dsp 1")
    first = patch.obj("t b b")
    patch.chain(patch.obj("loadbang"), first, start)
    patch.connect(first, 1, dsp)
    clock = patch.obj(f"metro {1000 / notes_per_second}")
    point = patch.msg("$1 0 $1 0 60")
    patch.chain(clock, patch.obj("random 1000"), patch.obj("/ 250"), patch.obj("- 2"), point, player)
    watch = watch_ticks(patch)
    for milliseconds, message, box in [(2000, "1", clock), (2000 + 1000 * seconds, "stop", clock)]:
        patch.chain(patch.at(start, milliseconds, message), box)
    patch.chain(patch.at(start, 2000, "1"), watch)
    patch.chain(patch.at(start, 4500 + 1000 * seconds, "stats"), player)
    patch.at(start, 4800 + 1000 * seconds, "; pd quit")
    return pd.run_patch(patch.text(), folder, batch=False, paths=(build,), timeout=seconds + 60)


def watch_ticks(patch):
    """Add boxes that print the length of late ticks as ``late``; return the box that a 1 switches on."""
    gate, order, watch = patch.obj("spigot"), patch.obj("t b b"), patch.obj("realtime")
    patch.chain(patch.obj("bang~"), gate, order, watch)
    patch.connect(order, 1, watch, 1)  # read the time since the last tick, then begin anew
    split = patch.obj(f"moses {UNDERRUN_MS}")
    patch.chain(watch, split)
    patch.connect(split, 1, patch.obj("print late"))
    switch = patch.obj("t f b")
    patch.connect(switch, 1, watch)
    patch.connect(switch, 0, gate, 1)
    return switch


@pytest.mark.parametrize("name", ["plucks.pt", "chunked.pt"])
def test_with_latency_real_time_is_sample_exact_too(play, models, name):
    times = [1000.0 + 80.3 * i for i in range(10)]
    events = [(t, f"list -1 0.5 2 0 {60 + i}") for i, t in enumerate(times)]
    run = play(f"wae-sampler {models}/{name} 16 @latency 300", events, 2.5, offline=False, rate=RATE)
    notes = [(t + 300, pluck(models, -1, 0.5, 2, 0, 60 + i)) for i, t in enumerate(times)]
    assert np.abs(run.arrays["out"] - shifted_sum(notes, 2.5)).max() <= 1e-5


def test_without_latency_every_note_is_ready_soon_and_done(play, models):
    events = [(1000.0 + 50 * i, f"list 0 0 0 0 {50 + i}") for i in range(20)]
    run = play(f"wae-sampler {models}/chunked.pt 64", [*events, (2600, "stats")], 2.6, offline=False, rate=RATE)
    ids = [float(i) for i in range(1, 21)]
    assert sorted(run.numbers("status", "ready")) == ids
    assert sorted(run.numbers("status", "done")) == ids
    waits = [float(line.split()[1]) for line in run.printed("status", "ready")]
    assert np.median(waits) <= 50  # 1 to 2 ms on an idle core
    counts = stats(run)
    assert (counts["triggered"], counts["done"], counts["dropped"]) == (20, 20, 0)


def test_an_instrument_that_is_switched_off_and_on_keeps_playing(play, models):
    events = [(0, "list 0"), (100, "; to-block 0"), (200, "list 0"), (300, "; to-block 1"), (800, "list 0")]
    run = play(f"wae-sampler {models}/plucks.pt", events, 1.6, rate=RATE, block="switch~")
    assert run.numbers("status", "done") == [1, 2, 3]


def test_a_few_seconds_of_music_have_no_underrun(build, models, tmp_path):
    run = soak(build, tmp_path, models / "chunked.pt", 10, 4)
    assert run.complaints() == []
    assert run.printed("late") == []
    assert stats(run)["dropped"] == 0


@pytest.mark.long
def test_a_minute_at_ten_notes_a_second_has_no_underrun_and_loses_no_note(build, tmp_path):
    model = small.save(small.Large(), tmp_path / "large.pt")
    run = soak(build, tmp_path, model, 10, 60)
    counts = stats(run)
    assert run.printed("late") == []
    assert counts["triggered"] >= 599
    assert counts["triggered"] == counts["done"] + counts["dropped"] == counts["done"]
    assert len(run.printed("status", "done")) == counts["done"]
