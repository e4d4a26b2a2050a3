"""Claims about hits, their envelopes and drums.pt."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from latentsampler.chapters.rhythm import drums
from latentsampler.chapters.rhythm.grid import VOICES
from latentsampler.chapters.rhythm.hits import FLOOR, N_BANDS, N_SAMPLES, SAMPLE_RATE, Synthesis, analyse
from latentsampler.contract.export import load_scripted
from latentsampler.learning.training import Schedule
from scipy.signal import butter, sosfiltfilt

from tests.conftest import require

TIME = np.arange(N_SAMPLES) / SAMPLE_RATE


def glide(seconds=0.25):
    """Return a kick by formula: a sine that falls from 200 to 50 Hz and dies away."""
    hertz = 50.0 + 150.0 * np.exp(-TIME / 0.03)
    return (0.8 * np.exp(-TIME / seconds) * np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE)).astype(np.float32)


def energy(waveform, low, high):
    """Return the energy between two frequencies."""
    spectrum, hertz = np.abs(np.fft.rfft(waveform)) ** 2, np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE)
    return spectrum[(hertz >= low) & (hertz < high)].sum()


def test_a_gliding_sine_comes_back_with_its_glide_and_level():
    original = glide()
    copy = Synthesis()(torch.from_numpy(analyse(original[None])))[0].numpy()
    for first, last in ((0.05, 0.1), (0.1, 0.2), (0.2, 0.4)):  # the crossings of zero count periods
        part = slice(int(first * SAMPLE_RATE), int(last * SAMPLE_RATE))
        low = sosfiltfilt(butter(2, 350, fs=SAMPLE_RATE, output="sos"), copy)
        counts = [np.sum(np.diff(np.sign(x[part])) != 0) for x in (original, low)]
        assert abs(counts[0] - counts[1]) <= 2
        assert 0.7 < np.sqrt(np.mean(low[part] ** 2) / np.mean(original[part] ** 2)) < 1.4
    assert energy(copy, 0, 400) > 50 * energy(copy, 400, 22_050)


def test_a_burst_of_high_noise_stays_high_and_short():
    noise = np.random.default_rng(0).normal(size=N_SAMPLES) * 0.2 * np.exp(-TIME / 0.03)
    original = sosfiltfilt(butter(4, 6000, "high", fs=SAMPLE_RATE, output="sos"), noise).astype(np.float32)
    copy = Synthesis()(torch.from_numpy(analyse(original[None])))[0].numpy()
    assert energy(copy, 5000, 22_050) > 20 * energy(copy, 0, 4000)
    tail = slice(int(0.2 * SAMPLE_RATE), None)
    assert np.abs(copy[tail]).max() < 0.02 * np.abs(copy).max()
    assert 0.5 < energy(copy, 6000, 20_000) / energy(original, 6000, 20_000) < 2.0


def test_silence_is_the_floor_and_sounds_like_nothing():
    envelopes = analyse(np.zeros((1, N_SAMPLES), np.float32))
    assert np.allclose(envelopes[0, :N_BANDS + 1], FLOOR, atol=1e-3)
    assert Synthesis()(torch.from_numpy(envelopes)).abs().max() < 1e-6


@pytest.fixture(scope="module")
def shared_hits(shared):
    folder = Path(shared) / "data" / "drums"
    require(folder.is_dir(), "drum one-shots are expected in the reference data")
    return drums.read_hits(folder)


def test_every_voice_has_hits_to_train_on_and_hits_held_out(shared_hits):
    for mask in (shared_hits.train, ~shared_hits.train):
        assert set(shared_hits.voices[mask]) == set(range(len(VOICES)))


@pytest.mark.long
def test_a_short_run_writes_a_file_whose_kick_is_low_and_whose_hat_is_high(shared_hits, tmp_path):
    config = replace(drums.RUNS["drums"], schedule=Schedule(steps=150, batch_size=48, learning_rate=3e-3))
    metrics, _ = drums.run(config, 0, tmp_path / "drums.pt", shared_hits, progress=False)
    module, metadata = load_scripted(tmp_path / "drums.pt", ("sample_rate", "n_samples", "controls", "points"))
    assert metrics["lsd_analysis_db"] < metrics["lsd_db"] < metrics["lsd_mean_db"] + 2
    with torch.inference_mode():
        kick, hat = (module(torch.tensor([metadata["points"][name]]))[0].numpy() for name in ("kick", "closed_hat"))
    assert energy(kick, 0, 350) > energy(kick, 1000, 22_050) and energy(hat, 3000, 22_050) > energy(hat, 0, 1000)


def test_the_shipped_drums_have_a_region_for_every_voice(root):
    path = root / "patch" / "drums.pt"
    module, metadata = load_scripted(path, ("points",))
    assert path.stat().st_size < 3e6 and set(metadata["points"]) == set(VOICES)
    with torch.inference_mode():
        sounds = {name: module(torch.tensor([point]))[0].numpy() for name, point in metadata["points"].items()}
    share = {name: energy(x, 0, 350) / energy(x, 0, 22_050) for name, x in sounds.items()}
    assert share["kick"] > 0.5 > max(share[name] for name in ("closed_hat", "open_hat", "crash", "ride"))
    assert all(0.02 < np.abs(x).max() < 3.0 and np.isfinite(x).all() for x in sounds.values())
