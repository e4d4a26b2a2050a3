import numpy as np
import pytest
from latentsampler.sound.pitch import cents, estimate_f0, heard_instead, hz_to_midi, midi_to_hz

RATE = 22050


def tone(hz, seconds=1.0, decay=1.0):
    t = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 30) if hz * k < 10000) * np.exp(-decay * t)


def test_a4_is_69_and_440_hz_and_an_octave_1200_cents():
    assert midi_to_hz(69) == 440.0 and abs(midi_to_hz(60) - 261.6256) < 1e-4
    assert np.allclose(hz_to_midi(midi_to_hz(np.arange(128))), np.arange(128))
    assert cents(880.0, 440.0) == 1200.0


@pytest.mark.parametrize("hz", [32.7, 110.3, 442.0, 987.7, 2093.0, 3951.0])
def test_f0_of_a_harmonic_tone_is_found_within_2_cents(hz):
    assert abs(cents(estimate_f0(tone(hz), RATE), hz)) < 2.0


def test_f0_of_a_tone_with_vibrato_is_its_mean_within_5_cents():
    t = np.arange(2 * RATE) / RATE
    phase = 2 * np.pi * 330.0 * t + 330.0 * 0.012 / 5.5 * np.sin(2 * np.pi * 5.5 * t)  # 20 cents at 5.5 Hz
    sound = sum(np.sin(k * phase) / k for k in range(1, 10))
    assert abs(cents(estimate_f0(sound, RATE), 330.0)) < 5.0


def test_noise_and_silence_have_no_pitch():
    assert np.isnan(estimate_f0(np.random.default_rng(0).uniform(-0.5, 0.5, RATE), RATE))
    assert np.isnan(estimate_f0(np.zeros(RATE), RATE))


@pytest.mark.parametrize("midi", [30, 45, 60, 75, 90])
def test_a_right_label_is_never_accused_and_one_a_fifth_away_is(midi):
    sound = tone(midi_to_hz(midi + 0.3))  # 30 cents out of tune
    assert np.isnan(heard_instead(sound, RATE, midi))
    for wrong in (midi + 7, midi - 7, midi + 12):
        assert abs(cents(heard_instead(sound, RATE, wrong), midi_to_hz(midi + 0.3))) < 20.0


def test_noise_accuses_no_label():
    assert np.isnan(heard_instead(np.random.default_rng(0).uniform(-0.5, 0.5, RATE), RATE, 60))
