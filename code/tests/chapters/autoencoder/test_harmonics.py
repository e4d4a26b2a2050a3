"""Claims about the layer that knows where harmonics lie."""

import numpy as np
import pytest
import torch
from latentsampler.chapters.autoencoder.harmonics import HarmonicLayer
from latentsampler.sound.audio import MelConfig, mel_filter_bank, mel_spectrogram

MEL = MelConfig()


def tone(f0, harmonics):
    """The mel ``(M,)`` of equal sinusoids, mean over time, per unit of each band's filter."""
    time = np.arange(MEL.n_samples) / MEL.sample_rate
    wave = sum(np.cos(2 * np.pi * f0 * h * time + h * h) for h in harmonics)
    mel = mel_spectrogram(torch.from_numpy(wave[None].astype(np.float32)), MEL)[0, :, 8:-8]
    return mel.mean(dim=1) / mel_filter_bank(MEL).sum(dim=1).clamp(min=1e-9)


@pytest.mark.parametrize(("first", "step"), [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0)])
def test_a_comb_equals_the_mel_of_a_synthesised_tone(first, step):
    layer, f0 = HarmonicLayer(MEL, 8, 8), 16.3 * MEL.sample_rate / MEL.n_fft  # between bins; partials do not meet
    harmonics = np.arange(first, 31.0, step)
    level = torch.exp(2.0 * (layer.comb(torch.tensor([f0]), first, step)[0] - 1.0)) - 0.01  # undo the logarithm
    true = tone(f0, harmonics) / (MEL.n_fft / 4.0)  # the Hann window's gain for a cosine of amplitude 1
    known = (layer.bank.sum(dim=1) > 0.5) & (layer.band_hz < 29 * f0)
    assert float((level - true)[known].abs().max()) < 0.03  # the side lobes left out: -31.5 dB, 0.027


@pytest.mark.parametrize("pitch", [28.0, 28.017, 39.63, 60.0, 107.99])
def test_a_comb_has_the_digits_of_exact_arithmetic(pitch):
    layer, pi = HarmonicLayer(MEL, 8, 8), np.longdouble("3.14159265358979323846")
    f0 = np.longdouble(440) * np.longdouble(2) ** ((np.longdouble(np.float32(pitch)) - 69) / 12)
    hz = layer.hz.numpy().astype(np.longdouble)
    away = np.abs(hz - np.maximum(np.round(hz / f0), 1) * f0) / layer.bin_hz
    lobe = sum(share * _sinc(away - shift, pi) for shift, share in ((0, 1.0), (1, 0.5), (-1, 0.5)))  # three of Hann
    power = np.where(away < 2, lobe, 0) @ layer.bank.numpy().T.astype(np.longdouble)
    exact = (0.5 * np.log(power + 0.01) + 1.0).astype(np.float64)
    assert np.abs(layer.features(torch.tensor([pitch]))[0, :, 0].numpy() - exact).max() < 2e-6


def _sinc(x, pi):
    safe = np.where(x == 0, 1, pi * x)
    return np.where(x == 0, 1, np.sin(safe) / safe)


def test_an_unpitched_note_gets_no_harmonics():
    layer = HarmonicLayer(MEL, 8, 8)
    features = layer.features(torch.tensor([60.0, float("nan")]))
    places = layer.places.shape[1]
    assert (features[1, :, :-places] == 0.0).all() and (features[0, :, :-places] != 0.0).any()
    assert torch.equal(features[0, :, -places:], features[1, :, -places:])


def test_a_spectrum_moves_with_the_pitch_also_between_notes():
    layer = HarmonicLayer(MEL, 8, 8)
    pitches = torch.tensor([69.0, 69.5, 70.0])
    f0 = 440.0 * 2.0 ** ((pitches - 69.0) / 12.0)
    combs = layer.comb(f0, 1.0, 1.0)  # (3, M)
    tenth = 10.0 * f0
    for comb, hz in zip(combs, tenth, strict=True):
        near = (layer.band_hz - hz).abs() < 0.4 * 440.0
        peak = layer.band_hz[near][comb[near].argmax()]
        assert abs(float(peak - hz)) < 45.0  # one band at 4.4 kHz is 45 Hz wide


def test_the_layer_is_scripted_without_a_difference():
    layer = HarmonicLayer(MEL, 8, 6).eval()
    x, condition, pitch = torch.randn(3, 8, 128), torch.randn(3, 6), torch.tensor([33.3, float("nan"), 100.0])
    with torch.inference_mode():
        assert torch.equal(torch.jit.script(layer)(x, condition, pitch), layer(x, condition, pitch))
