import numpy as np
import pytest
from latentsampler.data.fields import RejectedError
from latentsampler.data.prepare import Preparation, check_clipping, onset, prepare
from latentsampler.sound.audio import MelConfig

from .conftest import tone

CONFIG = MelConfig()


@pytest.mark.parametrize("start_ms", [0, 7, 150, 900])
def test_onset_is_found_at_most_2_ms_early_and_never_late(start_ms):
    start = int(start_ms * 22.05)
    sound = np.pad(np.ones(4000) * 0.5, (start, 0))
    assert 0 <= start - onset(sound, 22050, -40.0) <= 0.002 * 22050


def test_every_note_starts_10_ms_before_its_onset_whatever_came_before():
    late = prepare(np.pad(tone(220.0), (9001, 0)), CONFIG, Preparation())[0]
    early = prepare(tone(220.0)[430:], CONFIG, Preparation())[0]
    both = [int(np.argmax(np.abs(note) > 0.01 * np.abs(note).max())) / 22.05 for note in (late, early)]
    assert all(8.0 <= start <= 13.0 for start in both)


def test_a_note_has_the_asked_length_peak_and_silent_ends():
    note, facts = prepare(tone(220.0, seconds=3.0, level=0.05), CONFIG, Preparation())
    assert note.shape == (32768,) and note.dtype == np.int16
    assert abs(np.abs(note).max() / 32768 - 0.9) < 1e-3
    assert abs(note[0]) == 0 and abs(note[-1]) <= 1
    assert abs(float(facts["Peak (dBFS)"]) - 20 * np.log10(0.05)) < 0.01


def test_a_short_note_fades_at_its_own_end_and_is_padded_with_zeros():
    note = prepare(tone(220.0, seconds=0.5), CONFIG, Preparation())[0]
    end = int((0.5 + 0.01) * 22050)
    assert np.all(note[end + 60:] == 0) and np.abs(note[end - 1200:end - 1100]).max() > 1000


def test_only_the_level_changes_between_fades():
    sound = tone(220.0, seconds=3.0)
    note = prepare(sound, CONFIG, Preparation())[0] / 32768
    start = onset(sound, 22050, -40.0) - 220
    middle = slice(1000, 30000)
    gain = note[middle] @ sound[start:][middle] / (sound[start:][middle] @ sound[start:][middle])
    assert np.abs(note[middle] - gain * sound[start:][middle]).max() < 1.01 / 32768  # rounding only


@pytest.mark.parametrize(("sound", "reason"), [
    (np.zeros(20000), "silent: peak below -60 dBFS"),
    (tone(440.0, level=0.0005), "silent"),
    (tone(440.0)[:1200], "too short: 0.034 s"),
    (np.array([]), "too short: no samples"),
    (np.where(np.arange(20000) == 500, np.nan, 0.1), "NaN: 1 samples")])
def test_a_sound_that_is_no_note_is_rejected_with_the_reason(sound, reason):
    with pytest.raises(RejectedError, match=reason):
        prepare(sound, CONFIG, Preparation())


@pytest.mark.parametrize("hz", [30.0, 440.0, 4000.0])
def test_clipping_by_1_db_is_found_and_a_sine_at_full_scale_is_not_clipped(hz):
    sine = np.round(np.sin(2 * np.pi * hz * np.arange(44100) / 44100 + 0.1) * 32767) / 32768
    check_clipping(sine)
    with pytest.raises(RejectedError, match="clipped"):
        check_clipping(np.clip(sine * 1.122, -1.0, 32767 / 32768))
