from dataclasses import replace

import librosa
import numpy as np
import pytest
import torch
from latentsampler.sound.audio import MelConfig, fit_length, magnitude, mel_filter_bank, mel_inverse, mel_spectrogram

BASE = MelConfig()
CONFIGS = [BASE, replace(BASE, n_mels=80, htk=True, norm="none"),
           replace(BASE, n_fft=2048, hop_length=512, n_frames=64),
           replace(BASE, sample_rate=44100, fmin=50.0, fmax=16000.0)]


def sound(config, seed=0):
    generator = np.random.default_rng(seed)
    t = np.arange(config.n_samples) / config.sample_rate
    return (0.3 * np.sin(2 * np.pi * 440 * t) + 0.1 * generator.standard_normal(len(t))).astype(np.float32)


@pytest.mark.parametrize("config", CONFIGS)
def test_the_mel_is_librosas_within_1e_4(config):
    y = sound(config)
    expected = librosa.feature.melspectrogram(
        y=y, sr=config.sample_rate, n_fft=config.n_fft, hop_length=config.hop_length, n_mels=config.n_mels,
        fmin=config.fmin, fmax=config.fmax, htk=config.htk, norm=None if config.norm == "none" else config.norm,
        power=1.0, pad_mode="constant")[:, :config.n_frames]
    found = mel_spectrogram(torch.from_numpy(y)[None], config)[0].numpy()
    assert found.shape == (config.n_mels, config.n_frames)
    assert np.abs(found - expected).max() <= 1e-4 * expected.max()


@pytest.mark.parametrize("config", CONFIGS)
def test_the_filter_bank_is_librosas_within_1e_6(config):
    expected = librosa.filters.mel(sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.n_mels, fmin=config.fmin,
                                   fmax=config.fmax, htk=config.htk, norm=None if config.norm == "none" else "slaney")
    assert np.abs(mel_filter_bank(config).numpy() - expected).max() <= 1e-6 * expected.max()


def test_no_band_of_the_default_is_empty_and_every_bin_is_heard():
    bank = mel_filter_bank(BASE)
    assert bool((bank.sum(dim=1) > 0).all()) and bool((bank.sum(dim=0)[1:-1] > 0).all())


def test_a_sine_is_loudest_in_the_band_around_its_frequency():
    t = np.arange(BASE.n_samples) / BASE.sample_rate
    centres = librosa.mel_frequencies(BASE.n_mels + 2, fmin=BASE.fmin, fmax=BASE.fmax)[1:-1]
    for hz in (110.0, 1000.0, 6000.0):
        mel = mel_spectrogram(torch.from_numpy(np.sin(2 * np.pi * hz * t).astype(np.float32))[None], BASE)[0]
        assert abs(int(mel[:, 64].argmax()) - int(np.abs(centres - hz).argmin())) <= 1


def test_twice_the_amplitude_is_twice_the_mel():
    y = torch.from_numpy(sound(BASE))[None]
    assert torch.allclose(mel_spectrogram(2 * y, BASE), 2 * mel_spectrogram(y, BASE), rtol=1e-5, atol=1e-6)


def test_a_sine_of_amplitude_a_peaks_at_a_times_half_the_window_sum():
    t = torch.arange(8192) / 22050
    peak = magnitude(0.5 * torch.sin(2 * torch.pi * 22050 * 100 / 1024 * t)[None])[0, :, 16].max()
    assert abs(float(peak) - 0.5 * 512 / 2) < 0.01


def test_the_inverse_is_least_squares_and_exact_on_what_a_mel_can_hold():
    bank, inverse = mel_filter_bank(BASE), mel_inverse(BASE)
    mel = bank @ torch.rand(513, 20, generator=torch.Generator().manual_seed(0))
    assert (bank @ (inverse @ mel) - mel).abs().max() <= 1e-4 * mel.max()
    expected = np.linalg.lstsq(bank.double().numpy(), mel.double().numpy(), rcond=1e-4)[0]
    assert np.abs((inverse @ mel).numpy() - expected).max() < 1e-4 * np.abs(expected).max()


def test_bands_narrower_than_a_bin_do_not_blow_up_the_inverse():
    narrow = replace(BASE, sample_rate=44100, n_fft=2048, n_mels=400, fmax=22050.0)
    condition = torch.linalg.matrix_norm(mel_inverse(narrow), 2) * torch.linalg.matrix_norm(mel_filter_bank(narrow), 2)
    assert float(condition) < 2e4


def test_a_waveform_without_batch_axis_is_refused():
    with pytest.raises(ValueError, match=r"expected a waveform of shape \(batch, n_samples\), got \(100,\)"):
        mel_spectrogram(torch.zeros(100), BASE)


def test_fit_length_cuts_and_pads_the_end():
    assert fit_length(np.arange(5), 3).tolist() == [0, 1, 2]
    assert fit_length(np.ones((2, 2)), 4).tolist() == [[1, 1, 0, 0]] * 2
