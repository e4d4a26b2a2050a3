"""The pages rhythm.pd and chords.pd: events at their times, drawing in the grid, two copies, in headless Pd."""

import numpy as np
import pytest
import torch
from latentsampler.contract.export import load_scripted

from tests import pd
from tests.external import models as small
from tests.external import patterns

from .conftest import copied

RATE = small.RATE
START, TEMPO = 600.0, 120.0
BEAT = 60000 / TEMPO  # ms


@pytest.fixture
def pages(tmp_path, built):
    """Folder with the patch, the objects, and small models under the names that the pages load."""
    folder = copied(tmp_path)
    for name in ("wae-sampler", "wae-pattern"):
        (folder / f"{name}{built.suffix}").symlink_to(built.resolve())
    latents = [{"name": f"z{i + 1}", "unit": "", "min": -2.0, "max": 2.0, "default": 0.0} for i in range(4)]
    knob = {"name": "density", "unit": "share", "min": 0.0, "max": 1.0, "default": 0.5}
    patterns.save(patterns.Beats(), folder / "rhythm.pt", controls=[*latents, knob])
    patterns.save(patterns.Chords(), folder / "chords.pt", controls=[*latents, knob], points={},
                  voices=["arpeggio", "bass", "chord maj", "chord m7"])
    small.save(small.Plucks(length=1024), folder / "drums.pt")
    small.save(small.Plucks(), folder / "generative.pt")
    return folder


def perform(folder, boxes, events, seconds, main=False):
    """Play pages for some seconds; events are (ms, index of the page or None, message). Return the pd.Run.

    What a page says is printed as ``page0: TIME ...``, TIME in ms since the start; its sound is the array ``out0``.
    """
    patch = pd.Patch()
    pages = [patch.obj(box) for box in boxes]
    if main:
        patch.obj("main")
    start = patch.obj("loadbang")
    patch.at(start, START, "; /wae/run 1")
    for i, page in enumerate(pages):
        patch.obj(f"table out{i} {int(seconds * RATE)}")
        record, first, stamp = patch.obj(f"tabwrite~ out{i}"), patch.obj("t l b"), patch.obj("list prepend")
        time = patch.obj("timer")
        patch.connect(page, 0, record)
        patch.chain(patch.at(start, START, "bang"), record)
        patch.chain(patch.at(start, START, "bang"), time)
        patch.connect(page, 1, first)
        patch.connect(first, 1, time, 1)
        patch.connect(time, 0, stamp, 1)
        patch.connect(first, 0, stamp)
        patch.chain(stamp, patch.obj(f"print page{i}"))
        # without the limiter: the sum of the small model's notes is louder than full scale
        for message in ("pattern offline 1", "player offline 1", "player latency 0", "player limit 0", "level 0"):
            patch.chain(patch.at(start, 1.0, message), page)
        for milliseconds, index, message in events:
            if index == i:
                patch.chain(patch.at(start, START + milliseconds, message), page)
    for milliseconds, index, message in events:
        if index is None:
            patch.at(start, START + milliseconds, f"; {message}")
    patch.at(start, START - 100, f"; pd dsp 1 ; /wae/tempo {TEMPO} ; /wae/division 4 ; /wae/swing 0")
    both = patch.obj("t b b")
    patch.chain(start, patch.obj(f"delay {START + seconds * 1000 + 50}"), both, patch.msg("; pd quit"))
    for i in range(len(pages)):
        write = patch.msg(f"write -wave -bytes 4 {folder}/out{i}.wav out{i}")
        patch.connect(both, 1, write)
        patch.chain(write, patch.obj("soundfiler"))
    run = pd.run_patch(patch.text(), folder, rate=RATE, timeout=100)
    assert run.code == 0
    return run


def said(run, page=0):
    """What a page told: array (M, 1 + values), time in ms first."""
    return np.array([[float(word) for word in line.split()] for line in run.printed(f"page{page}")])


def note(folder, values, pitch):
    """Sound of the drums' model at a point."""
    model, metadata = load_scripted(folder / "drums.pt")
    row = list(values) + [control["default"] for control in metadata["controls"]][len(values):]
    row[-1] = pitch
    with torch.inference_mode():
        return model(torch.tensor([row], dtype=torch.float32))[0].numpy()


HITS = [(0.0, 0, 1.0), (0.55, 1, 0.5), (1.0, 2, 0.25), (1.45, 0, 0.75), (2.0, 2, 0.25), (3.2, 1, 1.0)]  # patterns.Beats


def test_hits_start_on_their_exact_sample_with_the_point_of_their_voice(pages):
    run = perform(pages, ["rhythm"], [], 2.5)
    assert [line for line in run.complaints() if "audio I/O" not in line] == []
    expected = [(beat * BEAT, voice, velocity) for beat, voice, velocity in [*HITS, (4.0, 0, 1.0), (4.55, 1, 0.5)]]
    heard = said(run)
    assert np.allclose(heard[: len(expected)], expected, atol=2e-2)  # ms
    out = np.zeros(int(2.5 * RATE), np.float32)
    points = {0: [-1.0, 0.5, 2.0, 0.0], 1: [], 2: [1.0, 1.0]}
    for time, voice, velocity in expected:
        pitch = 60.0 if points[voice] else 38.0  # without a point of its own a voice is heard at its MIDI key
        sound, first = note(pages, points[voice], pitch) * velocity, int(round(time * RATE / 1000))
        out[first : first + len(sound)] += sound[: len(out) - first]
    start = int(np.flatnonzero(np.abs(run.arrays["out0"]) > 1e-6)[0] - np.flatnonzero(np.abs(out) > 1e-6)[0])
    assert 0 <= start <= 64  # the recorder begins with a block
    got, want = run.arrays["out0"][start:], out[: len(out) - start]
    assert np.abs(got - want)[: int(2.2 * RATE)].max() <= 2e-3  # a hit between two samples is rounded to one of them


def test_swing_of_the_main_clock_delays_every_second_sixteenth(pages):
    run = perform(pages, ["rhythm"], [(-50.0, None, "/wae/swing 1")], 1.0)
    times = said(run)[:2, 0]
    assert np.allclose(times, [0, 0.55 * BEAT], atol=0.1)  # the third sixteenth is not delayed
    run = perform(pages, ["rhythm"], [(-50.0, None, "/wae/swing 1"), (-40.0, 0, "cell 2 1 1")], 1.0)
    assert np.allclose(said(run)[1, 0], 0.25 * BEAT * 1.5, atol=0.1)


def test_what_is_drawn_in_the_grid_plays_and_what_is_erased_does_not(pages):
    edits = [(-20.0, 0, "hold 1"), (-20.0, 0, "cell 2 3 0.6"), (-20.0, 0, "cell 0 0 0")]
    heard = said(perform(pages, ["rhythm"], edits, 1.0))
    assert [0.75 * BEAT, 2, 0.6] in np.round(heard, 3).tolist()
    assert not ((heard[:, 1] == 0) & (heard[:, 0] < 10)).any()


def test_hold_keeps_the_pattern_and_without_it_a_knob_changes_it_in_the_next_round(pages):
    free = said(perform(pages, ["rhythm"], [(100.0, 0, "knob 4 1")], 3.9))
    held = said(perform(pages, ["rhythm"], [(-20.0, 0, "hold 1"), (100.0, 0, "knob 4 1")], 3.9))
    second = [rows[rows[:, 0] >= 4 * BEAT - 1] for rows in (free, held)]
    assert len(second[0]) > len(second[1]) == len(HITS)


def test_two_copies_of_a_page_do_not_disturb_each_other_and_share_one_clock(pages):
    run = perform(pages, ["rhythm", "rhythm"], [(-20.0, 0, "hold 1"), (-20.0, 0, "cell 2 3 0.6")], 1.9)
    first, second = said(run, 0), said(run, 1)
    assert len(first) == len(second) + 1
    assert np.allclose(second[:, 0], [beat * BEAT for beat, _, _ in HITS][: len(second)], atol=2e-2)


def test_beside_main_a_page_follows_its_clock(pages):
    presets = pages / "presets.txt"  # main.pd shows its first preset when its model is there, whenever that is
    presets.write_text(presets.read_text().replace("tempo 100", f"tempo {TEMPO:.0f}"))
    run = perform(pages, ["rhythm"], [], 2.2, main=True)
    heard = said(run)
    assert np.allclose(heard[: len(HITS), 0], [beat * BEAT for beat, _, _ in HITS], atol=2e-2)


def test_chords_play_their_notes_and_lengths_on_the_beat_and_show_their_names(pages):
    run = perform(pages, ["chords"], [], 2.5)
    assert [line for line in run.complaints() if "audio I/O" not in line] == []
    rows = said(run)  # ms, pitch, velocity, length in ms
    assert np.allclose(rows[:5], [[k * BEAT, 60 + 2 * k, 64, 0.5 * BEAT] for k in range(4)] + [[4 * BEAT, 60, 64, 250]],
                       atol=2e-2)
    assert np.abs(run.arrays["out0"]).max() > 0.01


def test_the_names_of_chords_are_their_roots_and_qualities(pages):
    watch = pd.Patch()
    page = watch.obj("wae-chord-name probe")
    for beat in range(16):
        watch.chain(watch.obj(f"r probe-cell-{beat}"), watch.obj(f"print cell{beat}"))
    start = watch.obj("loadbang")
    for i, name in enumerate(("arpeggio", "bass", "chord_maj", "chord_m7")):
        watch.at(start, 10.0 + i, f"; probe-voice {i} {name}")
    events = ("0 0 60 1 1", "0 2 36 0.01 4", "4 3 45 0.01 4")
    watch.at(start, 30.0, "; probe-begin 3" + "".join(f"; probe-event {event}" for event in events))
    watch.at(start, 50.0, "; pd quit")
    run = pd.run_patch(watch.text(), pages)
    assert page == 0
    assert run.printed("cell0")[-1] == "label Cmaj" and run.printed("cell4")[-1] == "label Am7"
    assert run.printed("cell1")[-1] == "label -"
