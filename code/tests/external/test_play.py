"""Claims about what sounds: real headless Pure Data against what Python computes from the same generative.pt."""

import numpy as np
import pytest
import torch
from latentsampler.contract.export import load_scripted

from . import models as small

RATE = small.RATE
POINT = "-1 0.5 2 0 64"


def waveform(path, values):
    """What the model computes in Python; missing values are the defaults."""
    model, metadata = load_scripted(path)
    defaults = [control["default"] for control in metadata["controls"]]
    row = list(values) + defaults[len(values) :]
    with torch.inference_mode():
        return model(torch.tensor([row], dtype=torch.float32))[0].numpy()


def pluck(models, *values):
    """The test model's note at a point."""
    return waveform(models / "plucks.pt", values)


def shifted_sum(notes, seconds, rate=RATE):
    """Sum of (milliseconds, waveform) in a recording of that length."""
    out = np.zeros(int(round(seconds * rate)), np.float32)
    for milliseconds, note in notes:
        first = int(round(milliseconds * rate / 1000))
        part = note[: max(0, len(out) - first)]
        out[first : first + len(part)] += part
    return out


def stats(run):
    """The answers to ``stats`` as a dict; a later answer replaces an earlier one."""
    return {key: float(value) for key, value in (line.split() for line in run.printed("status", "stats"))}


@pytest.mark.parametrize("name", ["plucks.pt", "chunked.pt"])
def test_notes_start_on_their_exact_sample_and_equal_python(play, models, name):
    times = [0.0, 10.1, 123.4567, 200.03, 350.7]  # at no common place in a block, none half way between samples
    points = [[-1, 0.5, 2, 0, 60 + i] for i in range(len(times))]
    events = [(t, "list " + " ".join(map(str, p))) for t, p in zip(times, points, strict=False)]
    run = play(f"wae-sampler {models}/{name} 16", events, 0.8, rate=RATE)
    notes = [(t, waveform(models / name, p)) for t, p in zip(times, points, strict=False)]
    assert np.abs(run.arrays["out"] - shifted_sum(notes, 0.8)).max() <= small.ROUNDING
    assert run.numbers("status", "ready") == [1, 2, 3, 4, 5]
    assert run.numbers("status", "done") == [1, 2, 3, 4, 5]


def test_a_single_note_is_silent_before_its_sample_and_not_at_it(play, models):
    note = pluck(models, -1, 0.5, 2, 0, 64)
    run = play(f"wae-sampler {models}/plucks.pt", [(33.3, f"list {POINT}")], 0.2, rate=RATE)
    first = round(33.3 * RATE / 1000)
    audible = int(np.flatnonzero(note)[0])
    assert np.flatnonzero(run.arrays["out"])[0] == first + audible


def test_fewer_values_take_the_defaults_and_too_many_are_an_error(play, models):
    events = [(0, "list 1"), (300, "list 1 2 3 4 5 6"), (300, "bang")]
    run = play(f"wae-sampler {models}/plucks.pt", events[:2], 0.6, quiet=False, rate=RATE)
    out = shifted_sum([(0, pluck(models, 1))], 0.6)
    assert np.abs(run.arrays["out"] - out).max() <= small.ROUNDING
    said = run.printed("status", "error") + run.printed("status", "dropped")
    assert any("at most 5 values" in line and "6" in line for line in said)


def test_bang_repeats_the_last_point(play, models):
    note = pluck(models, 1, 1, 1, 1, 50)
    run = play(f"wae-sampler {models}/plucks.pt", [(0, "list 1 1 1 1 50"), (100, "bang")], 0.6, rate=RATE)
    assert np.abs(run.arrays["out"] - shifted_sum([(0, note), (100, note)], 0.6)).max() <= small.ROUNDING


def test_latency_moves_every_start_by_exactly_that_much(play, models):
    note = pluck(models, -1, 0.5, 2, 0, 64)
    run = play(f"wae-sampler {models}/plucks.pt 16 @latency 40", [(20, f"list {POINT}")], 0.6, rate=RATE)
    assert np.abs(run.arrays["out"] - shifted_sum([(60, note)], 0.6)).max() <= small.ROUNDING


def test_gain_multiplies(play, models):
    note = pluck(models, -1, 0.5, 2, 0, 64)
    run = play(f"wae-sampler {models}/plucks.pt 16 @gain 0.25", [(100, f"list {POINT}")], 0.6, rate=RATE)
    assert np.abs(run.arrays["out"] - 0.25 * shifted_sum([(100, note)], 0.6)).max() <= small.ROUNDING


@pytest.mark.parametrize("size", [1, 16, 512, 4096])
def test_the_block_size_of_a_subpatch_changes_nothing(play, models, size):
    note = pluck(models, -1, 0.5, 2, 0, 64)
    run = play(f"wae-sampler {models}/plucks.pt", [(250.2, f"list {POINT}"), (300.9, "bang")], 1.2, rate=RATE,
               block=f"block~ {size}")
    out = run.arrays["out"]
    # Recorder and object begin together at a boundary of the larger blocks: only the common shift is free.
    first = int(np.flatnonzero(out)[0] - np.flatnonzero(note)[0])
    gap = round(300.9 * RATE / 1000) - round(250.2 * RATE / 1000)
    wanted = np.zeros(len(out), np.float32)
    wanted[first : first + len(note)] += note
    wanted[first + gap : first + gap + len(note)] += note
    assert np.abs(out - wanted).max() <= small.ROUNDING
    assert 0 <= first - round(250.2 * RATE / 1000) + size <= 2 * size


def test_offline_rendering_is_the_same_twice(play, models):
    events = [(7.7 * i, f"list {i % 5 - 2} 0 {i % 3} 0 {50 + i}") for i in range(40)]
    first, second = (play(f"wae-sampler {models}/chunked.pt 8", events, 0.8).arrays["out"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first).max() > 0.1


@pytest.mark.long
def test_offline_rendering_is_the_same_twenty_times(play, models):
    events = [(7.7 * i, f"list {i % 5 - 2} 0 {i % 3} 0 {50 + i}") for i in range(40)]
    takes = [play(f"wae-sampler {models}/chunked.pt 8", events, 0.8).arrays["out"] for _ in range(20)]
    assert all(np.array_equal(take, takes[0]) for take in takes)


def test_stop_fades_to_silence_within_the_fade_time(play, models):
    events = [(0, "list 0 0 -3 0 60"), (100, "stop")]
    run = play(f"wae-sampler {models}/plucks.pt 16 @fade 30", events, 0.5, rate=RATE)
    out, whole = run.arrays["out"], shifted_sum([(0, pluck(models, 0, 0, -3, 0, 60))], 0.5)
    stop, end = round(0.1 * RATE), round(0.13 * RATE)
    np.testing.assert_allclose(out[:stop], whole[:stop], atol=small.ROUNDING)
    ramp = np.linspace(1, 0, end - stop, endpoint=False)
    np.testing.assert_allclose(out[stop:end], whole[stop:end] * ramp, atol=0.01)
    assert not out[end + 64 :].any()
    assert run.numbers("status", "done") == [1]


def test_stop_of_an_id_leaves_the_others(play, models):
    events = [(0, "list 0 0 -3 0 60"), (10.1, "list 0 0 -3 0 67"), (100, "stop 1")]
    run = play(f"wae-sampler {models}/plucks.pt 16 @fade 10", events, 0.5, rate=RATE)
    other = shifted_sum([(10.1, pluck(models, 0, 0, -3, 0, 67))], 0.5)
    after = round(0.12 * RATE)
    np.testing.assert_allclose(run.arrays["out"][after:], other[after:], atol=small.ROUNDING)


def test_panic_is_silence_at_once(play, models):
    events = [(0, "list 0 0 -3 0 60"), (1, "list 0 0 -3 0 62"), (100, "panic")]
    run = play(f"wae-sampler {models}/plucks.pt", events, 0.5, rate=RATE)
    assert not run.arrays["out"][round(0.1 * RATE) + 64 :].any()


def test_a_stolen_voice_is_the_oldest_and_fades(play, models):
    events = [(0, "list 0 0 -3 0 60"), (50.1, "list 0 0 -3 0 64"), (100, "list 0 0 -3 0 67"), (200, "stats")]
    run = play(f"wae-sampler {models}/plucks.pt 2", events, 0.6, rate=RATE)
    notes = [(50.1, pluck(models, 0, 0, -3, 0, 64)), (100, pluck(models, 0, 0, -3, 0, 67))]
    after = round(0.11 * RATE)
    np.testing.assert_allclose(run.arrays["out"][after:], shifted_sum(notes, 0.6)[after:], atol=small.ROUNDING)
    assert stats(run)["stolen"] == 1


def test_without_stealing_the_newest_is_dropped_by_name(play, models):
    events = [(0, "list 0 0 -3 0 60"), (50.1, "list 0 0 -3 0 64"), (100, "list 0 0 -3 0 67")]
    run = play(f"wae-sampler {models}/plucks.pt 2 @steal none", events, 0.6, rate=RATE)
    assert run.numbers("status", "dropped") == [3]


def test_quietest_stealing_takes_the_quietest(play, models):
    events = [(0, "note 60 127 1"), (50.1, "note 64 10 2"), (100, "note 67 127 3")]
    run = play(f"wae-sampler {models}/plucks.pt 2 @steal quietest", events, 0.6, rate=RATE)
    default = [0.0, 0.25, 0.5, 0.75]
    notes = [(0, pluck(models, *default, 60)), (100, pluck(models, *default, 67))]
    after = round(0.11 * RATE)
    np.testing.assert_allclose(run.arrays["out"][after:], shifted_sum(notes, 0.6)[after:], atol=small.ROUNDING)


def test_velocity_scales_and_note_off_releases_at_its_sample(play, models):
    events = [(0, "list 0 0 -3 0"), (400, "note 69 64"), (500, "note 69 0")]
    run = play(f"wae-sampler {models}/plucks.pt 16 @fade 20", events, 0.8, rate=RATE)
    start, off, end = (round(t * RATE) for t in (0.4, 0.5, 0.52))
    whole = 64 / 127 * pluck(models, 0, 0, -3, 0, 69)
    np.testing.assert_allclose(run.arrays["out"][start:off], whole[: off - start], atol=small.ROUNDING)
    assert not run.arrays["out"][end + 64 :].any()


def test_note_off_by_id_spares_the_same_pitch(play, models):
    events = [(0, "note 60 127 7"), (20, "note 60 127 8"), (100, "note 60 0 7")]
    run = play(f"wae-sampler {models}/plucks.pt 16 @fade 5", events, 0.5, rate=RATE)
    other = shifted_sum([(20, pluck(models, 0.0, 0.25, 0.5, 0.75, 60))], 0.5)
    after = round(0.11 * RATE)
    np.testing.assert_allclose(run.arrays["out"][after:], other[after:], atol=small.ROUNDING)


def test_describe_answers_by_the_contract(play, models):
    run = play(f"wae-sampler {models}/plucks.pt", [(0, "describe"), (1, "version")], 0.1)
    said = [line.split() for line in run.printed("status")]
    listed = [line for line in said if line[0] == "control"]
    assert [line[2] for line in listed] == ["z1", "z2", "z3", "z4", "pitch"]
    assert [float(x) for x in listed[-1][-3:]] == [36, 84, 60]
    assert said[said.index(listed[-1]) + 1] == ["controls-end"]
    (loaded,) = run.printed("status", "loaded")
    assert loaded.split()[1:] == ["controls", "5", "rate", "22050", "samples", "8192"]
    (version,) = run.printed("status", "version")
    assert torch.__version__.split("+")[0] in version and "libtorch" in version


def test_the_tilde_name_makes_the_same_object(play, models):
    run = play(f"wae-sampler~ {models}/plucks.pt", [(0, f"list {POINT}")], 0.5, rate=RATE)
    note = pluck(models, -1, 0.5, 2, 0, 64)
    assert np.abs(run.arrays["out"] - shifted_sum([(0, note)], 0.5)).max() <= small.ROUNDING


def test_a_relative_file_is_found_beside_the_patch_and_load_changes_the_sound(play, models, tmp_path):
    (tmp_path / "here.pt").write_bytes((models / "plucks.pt").read_bytes())
    (tmp_path / "there.pt").write_bytes((models / "unpitched.pt").read_bytes())
    events = [(0, f"list {POINT}"), (400, "load there.pt"), (401, "list -1 0.5 2 0")]
    run = play("wae-sampler here.pt", events, 1.0, rate=RATE)
    notes = [(0, pluck(models, -1, 0.5, 2, 0, 64)), (401, waveform(models / "unpitched.pt", [-1, 0.5, 2, 0]))]
    assert np.abs(run.arrays["out"] - shifted_sum(notes, 1.0)).max() <= small.ROUNDING
    assert len(run.printed("status", "loaded")) == 2


def test_dsp_off_and_on_keeps_the_object_playing(play, models):
    events = [(0, f"list {POINT}"), (100, "; pd dsp 0"), (150, "; pd dsp 1"), (600, f"list {POINT}")]
    run = play(f"wae-sampler {models}/plucks.pt", events, 1.2, rate=RATE)
    assert run.numbers("status", "done") == [1, 2]
    assert np.isfinite(run.arrays["out"]).all()


def test_unknown_words_and_wrong_types_are_errors_and_nothing_else(play, models):
    events = [(i, message) for i, message in enumerate(
        ["list a b", "voices -1", "voices 1e9", "steal loudest", "latency -5", "fade -1", "note 60", "frobnicate 1",
         "load", "load nowhere.pt", "stop 99", "gain", "note a b", "duration -1"])]
    run = play(f"wae-sampler {models}/plucks.pt", [*events, (50.1, f"list {POINT}")], 0.6, quiet=False, rate=RATE)
    note = pluck(models, -1, 0.5, 2, 0, 64)
    assert np.abs(run.arrays["out"] - shifted_sum([(50.1, note)], 0.6)).max() <= small.ROUNDING
    assert len(run.printed("status", "error")) >= 7
