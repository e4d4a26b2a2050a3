"""Claims about real time: notes come soon, none is lost, no tick of the audio is late.

There is no sound card here: Pd without one keeps time by the clock, so a tick that comes more than 25 ms after the
one before is what a sound card would call an underrun. A shared machine stands still now and then (20 ms, some times
a minute, seen with nothing else running): a monitor beside Pd measures that, and only what is late without it counts.
"""

import numpy as np
import pytest

from tests import pd
from tests.stall_monitor import StallMonitor

from . import benchmark
from . import models as small
from .test_play import RATE, pluck, shifted_sum, stats

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("name", ["plucks.pt", "chunked.pt"])
def test_with_latency_real_time_is_sample_exact_too(play, models, name):
    times = [1000.0 + 80.3 * i for i in range(10)]
    events = [(t, f"list -1 0.5 2 0 {60 + i}") for i, t in enumerate(times)]
    run = play(f"wae-sampler {models}/{name} 16 @latency 300", events, 2.5, offline=False, rate=RATE)
    notes = [(t + 300, pluck(models, -1, 0.5, 2, 0, 60 + i)) for i, t in enumerate(times)]
    assert np.abs(run.arrays["out"] - shifted_sum(notes, 2.5)).max() <= small.ROUNDING


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
    run, late = benchmark.soak(build, tmp_path, models / "chunked.pt", 10, 4)
    assert run.complaints() == []
    assert late == []
    assert stats(run)["dropped"] == 0


def test_a_tick_that_pd_itself_holds_up_counts_as_an_underrun(tmp_path):
    patch = pd.Patch()
    start, watch = patch.obj("bang"), benchmark.watch_ticks(patch)
    patch.chain(patch.obj("loadbang"), start)
    patch.chain(patch.obj("loadbang"), patch.msg("; pd dsp 1"))
    patch.chain(patch.obj("sig~ 0"), patch.obj("dac~"))
    patch.chain(patch.at(start, 200, "1"), watch)
    # Pd computes for a long time at once, as an object would that renders in the audio thread
    patch.chain(patch.at(start, 500, "20000000"), patch.obj("until"), patch.obj("f"))
    patch.at(start, 1000, "; pd quit")
    with StallMonitor() as monitor:
        run = pd.run_patch(patch.text(), tmp_path, batch=False, timeout=60)
    assert len(benchmark.underruns(run, monitor)) == 1


def test_under_overload_notes_still_sound(build, tmp_path):
    model = small.save(small.Large(), tmp_path / "large.pt")
    kept = benchmark.notes_per_second(build, tmp_path, model, 3.0)
    stolen = benchmark.notes_per_second(build, tmp_path, model, 3.0, steal="oldest")
    assert kept >= 3
    assert stolen >= kept / 3


@pytest.mark.long
def test_a_minute_at_ten_notes_a_second_has_no_underrun_and_loses_no_note(build, tmp_path):
    model = small.save(small.Large(), tmp_path / "large.pt")
    run, late = benchmark.soak(build, tmp_path, model, 10, 60)
    counts = stats(run)
    assert late == []
    assert counts["triggered"] >= 599
    assert counts["triggered"] == counts["done"] + counts["dropped"] == counts["done"]
    assert len(run.printed("status", "done")) == counts["done"]


@pytest.mark.long
def test_a_second_of_sound_costs_at_most_25_ms_of_a_core_at_five_million_parameters(build, tmp_path):
    model = small.save(small.Large(), tmp_path / "large.pt")
    seconds = small.Large.length / small.Large.rate
    found = []
    for _ in range(3):  # another machine on the same processor only adds: the least counts
        before = benchmark.alone(model, seconds)
        _, cost = benchmark.processor(build, tmp_path, model, seconds)
        found.append((cost, round(max(before, benchmark.alone(model, seconds)), 1)))
        # a core that meets the 25 ms takes 16 for the network alone; a slower core is slower at both
        if cost <= max(25.0, 25.0 / 16.0 * found[-1][1]):
            return
    pytest.fail(f"expected at most 25 ms, got ms of the object and of the network alone: {found}")


@pytest.mark.long
def test_a_model_in_chunks_sounds_within_ten_milliseconds(build, models, tmp_path):
    waits = benchmark.bang_to_sound(build, tmp_path, models / "chunked.pt", 10.0)
    assert waits["notes"] >= 40
    assert waits["p50_ms"] <= 10
