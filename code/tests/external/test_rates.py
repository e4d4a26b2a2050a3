"""Claims about resampling, measured on a recording: a model of any rate in a Pd of any rate."""

import numpy as np
import pytest

from . import models as small


def spectrum(samples):
    """Magnitudes in dB of a sine's full scale, Blackman-Harris window, and the bins' place in cycles per sample."""
    n = len(samples)
    t = 2 * np.pi * np.arange(n) / n
    window = 0.35875 - 0.48829 * np.cos(t) + 0.14128 * np.cos(2 * t) - 0.01168 * np.cos(3 * t)
    magnitude = np.abs(np.fft.rfft(samples * window, 8 * n)) * 2 / window.sum()
    return 20 * np.log10(np.maximum(magnitude, 1e-9)), np.arange(len(magnitude)) / (8 * n)


def middle(samples, rate, begin=0.1, end=0.4):
    """The steady part of a tone of half a second."""
    return samples[int(begin * rate) : int(end * rate)]


@pytest.mark.parametrize("pd_rate", [44100, 48000, 96000, 16000])
def test_a_tone_keeps_its_frequency_and_level_and_has_no_images(play, models, pd_rate):
    share = [0.02, 0.5, 0.9]  # of the lower Nyquist frequency
    lower = min(pd_rate, small.RATE) / 2
    events = [(600 * i, f"list {s * lower:.6f}") for i, s in enumerate(share)]
    run = play(f"wae-sampler {models}/tone.pt", events, 1.8, rate=pd_rate)
    for i, s in enumerate(share):
        begin = int(round(0.6 * i * pd_rate))
        level, place = spectrum(middle(run.arrays["out"][begin:], pd_rate))
        peak = int(level.argmax())
        assert abs(level[peak] - 20 * np.log10(0.5)) <= 0.1
        assert abs(place[peak] * pd_rate - s * lower) <= 1.0
        far = np.abs(np.arange(len(level)) - peak) > 8 * 8  # beyond the window's main lobe
        assert level[far].max() <= 20 * np.log10(0.5) - 80


def test_what_lies_above_a_lower_rate_does_not_fold_back(play, models):
    run = play(f"wae-sampler {models}/tone.pt", [(0, "list 9000")], 0.6, rate=16000)
    level, _ = spectrum(middle(run.arrays["out"], 16000))
    assert level.max() <= 20 * np.log10(0.5) - 80


def test_a_resampled_note_starts_on_its_sample(play, models):
    run = play(f"wae-sampler {models}/tone.pt", [(100, "list 300")], 0.7, rate=44100)
    t = np.arange(len(run.arrays["out"])) / 44100 - 0.1
    edge = np.clip(np.minimum(t, 0.5 - 1 / small.RATE - t) / 0.02, 0, 1)
    wanted = 0.5 * (0.5 - 0.5 * np.cos(np.pi * edge)) * np.sin(2 * np.pi * 300 * t)
    assert np.abs(run.arrays["out"] - wanted).max() <= 1e-4


@pytest.mark.parametrize("pitch", [48, 67.5, 79])
def test_an_unpitched_model_is_transposed_by_resampling(play, models, pitch):
    run = play(f"wae-sampler {models}/tone.pt", [(0, "list 500"), (600, f"note {pitch} 127")], 1.7, rate=44100)
    ratio = 2 ** ((pitch - 60) / 12)
    level, place = spectrum(middle(run.arrays["out"][int(0.6 * 44100) :], 44100, 0.1 / ratio, 0.4 / ratio))
    assert 1200 * abs(np.log2(place[int(level.argmax())] * 44100 / (500 * ratio))) <= 5
    assert abs(level.max() - 20 * np.log10(0.5)) <= 0.15


def test_a_change_of_rate_while_notes_play_leaves_later_notes_right(play, models):
    # `set 64 1 2` doubles the rate inside the subpatch: Pd calls dsp again with another rate, and 200 ms of that
    # put the recorder 200 ms ahead of the clock.
    events = [(0, "list 1000"), (100, "; to-block set 64 1 2"), (120, "list 1000"), (300, "; to-block set 64 1 1"),
              (800, "list 1000")]
    run = play(f"wae-sampler {models}/tone.pt", events, 1.8, rate=44100, block="block~ 64 1 1")
    level, place = spectrum(middle(run.arrays["out"][int(1.0 * 44100) :], 44100))
    assert abs(place[int(level.argmax())] * 44100 - 1000) <= 2
    assert abs(level.max() - 20 * np.log10(0.5)) <= 0.1
