"""Claims about the shipped files' size and speed, and about gradients through a loaded one."""

import time
import zlib

import numpy as np
import pytest
import torch
from latentsampler.chapters.instrument import generative
from latentsampler.chapters.vocoder.harmonic import HarmonicVocoder
from latentsampler.contract.export import round_to_half
from latentsampler.sound.audio import MelConfig, mel_spectrogram
from latentsampler.sound.metrics import log_spectral_distance

MEL = MelConfig()


@pytest.fixture(scope="module")
def shipped(root):
    """Module and metadata of patch/generative.pt."""
    return generative.load_generative(root / "patch" / "generative.pt")


def test_all_shipped_models_together_compress_to_at_most_12_megabytes(root):
    files = sorted((root / "patch").glob("*.pt"))
    assert len(files) >= 3
    assert sum(len(zlib.compress(path.read_bytes(), 6)) for path in files) <= 12e6


@pytest.mark.alone
def test_the_shipped_instrument_has_at_most_6_megabytes_and_loads_in_300_milliseconds_of_one_core(root):
    path, times = root / "patch" / "generative.pt", []
    for _ in range(5):
        begin = time.thread_time()
        generative.load_generative(path)
        times.append(time.thread_time() - begin)
    assert path.stat().st_size <= 6e6 and min(times) <= 0.3


@pytest.mark.alone
def test_the_first_512_samples_cost_at_most_10_milliseconds_of_one_core(shipped):
    module, metadata = shipped
    controls, times = generative.with_defaults(metadata, []), []
    with torch.inference_mode():
        for _ in range(20):
            begin = time.thread_time()
            module.render(module.start(controls), 0, 512)
            times.append(time.thread_time() - begin)
    assert min(times) <= 0.010


def test_a_loaded_model_has_gradients_to_its_controls(shipped):
    module, metadata = shipped
    controls = generative.with_defaults(metadata, []).requires_grad_()
    module(controls).square().mean().backward()
    assert torch.isfinite(controls.grad[:, :-1]).all() and controls.grad[:, :-1].abs().max() > 0


def test_weights_rounded_to_half_precision_change_a_note_by_less_than_a_tenth_of_a_decibel():
    t = np.arange(MEL.n_samples) / MEL.sample_rate
    note = torch.from_numpy((0.2 * sum(np.sin(2 * np.pi * 220 * h * t + h * h) / h for h in range(1, 30))
                             * np.exp(-2 * t)).astype(np.float32))[None]
    torch.manual_seed(0)
    module = HarmonicVocoder(MEL, 64, 2).eval()
    torch.nn.init.normal_(module.leave.weight, std=0.02)  # as large as trained ones
    with torch.inference_mode():
        mel, pitch = mel_spectrogram(note, MEL), torch.tensor([57.0])
        before, after = module(mel, pitch), round_to_half(module)(mel, pitch)
    assert float(log_spectral_distance(mel_spectrogram(before, MEL), mel_spectrogram(after, MEL))) < 0.1
