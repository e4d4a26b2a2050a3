"""Claims about vocoders: phases, inverse transform, pieces, exports."""

import warnings
from dataclasses import replace

import librosa
import numpy as np
import pytest
import torch
from latentsampler import records
from latentsampler.audio import MelConfig, magnitude, mel_spectrogram
from latentsampler.export import load_scripted
from latentsampler.metrics import spectral_convergence
from latentsampler.pitch import cents, midi_to_hz
from latentsampler.vocoder import experiment, losses
from latentsampler.vocoder.griffin_lim import griffin_lim
from latentsampler.vocoder.harmonic import HarmonicVocoder
from latentsampler.vocoder.istft import InverseSTFT
from latentsampler.vocoder.mcnn import MCNN

MEL = MelConfig()


def saw(pitch, decay=2.0):
    """A decaying note of all harmonics with amplitude 1/h, at a MIDI note number: ``(1, n_samples)``."""
    t = np.arange(MEL.n_samples) / MEL.sample_rate
    f0 = float(midi_to_hz(pitch))
    partials = sum(np.sin(2 * np.pi * h * f0 * t + h) / h for h in range(1, int(MEL.sample_rate / 2 / f0)))
    return torch.from_numpy((0.3 * partials * np.exp(-decay * t)).astype(np.float32))[None]


def tiny(config):
    """The same run in two steps."""
    return replace(config, schedule=replace(config.schedule, steps=2, batch_size=4, valid_every=2))


def test_inverse_stft_equals_torch_within_1e_5():
    spectrum = torch.randn(2, 2 * 513, MEL.n_frames + 1)
    ours = InverseSTFT(1024, 256, MEL.n_frames + 1)(spectrum)[:, :MEL.n_samples]
    spectrum[:, 513], spectrum[:, -1] = 0, 0  # a real signal's DC and Nyquist have no imaginary part
    theirs = torch.istft(torch.complex(*spectrum.chunk(2, dim=1)), 1024, 256, window=torch.hann_window(1024))
    assert (ours - theirs).abs().max() < 1e-5


@pytest.mark.parametrize("first", [0, 1, 255, 1000, 31000])
def test_any_piece_equals_that_piece_of_the_whole(first):
    module = InverseSTFT(1024, 256, MEL.n_frames)
    spectrum = torch.randn(1, 2 * 513, MEL.n_frames)
    whole = module(spectrum)
    assert (module.render(spectrum, first, 700) - whole[:, first:first + 700]).abs().max() < 1e-5


@pytest.mark.parametrize("pitch", [40.0, 57.0, 69.0, 84.0])
def test_a_steady_harmonic_note_comes_back_below_minus_14_db_before_any_training(pitch):
    note = saw(pitch)
    module = HarmonicVocoder(MEL, 16, 1).eval()
    with torch.inference_mode():
        estimate = module(mel_spectrogram(note, MEL), torch.tensor([pitch]))
    assert float(spectral_convergence(estimate, note)) < -14.0


@pytest.mark.parametrize("pitch", [45.0, 60.3, 76.0])
def test_the_sound_has_the_asked_pitch_within_a_cent(pitch):
    module = HarmonicVocoder(MEL, 16, 1).eval()
    with torch.inference_mode():
        sound = module(mel_spectrogram(saw(pitch, decay=0.5), MEL), torch.tensor([pitch]))[0].numpy()
    f0 = float(midi_to_hz(pitch))
    steady = sound[4096:-4096] * np.hanning(MEL.n_samples - 8192)
    spectrum = np.abs(np.fft.rfft(steady, 1 << 20))
    hz = np.fft.rfftfreq(1 << 20, 1 / MEL.sample_rate)
    near = np.abs(cents(np.maximum(hz, 1.0), f0)) < 50
    assert abs(float(cents(hz[near][spectrum[near].argmax()], f0))) < 1.0


def test_silence_stays_silent():
    module = HarmonicVocoder(MEL, 16, 1).eval()
    with torch.inference_mode():
        sound = module(torch.zeros(1, 256, 128), torch.tensor([60.0]))
    assert sound.abs().max() < 1e-5


def test_an_unpitched_note_is_noise_of_the_right_level():
    noise = 0.1 * torch.randn(1, MEL.n_samples, generator=torch.Generator().manual_seed(0))
    module = HarmonicVocoder(MEL, 16, 1).eval()
    with torch.inference_mode():
        sound = module(mel_spectrogram(noise, MEL), torch.tensor([float("nan")]))
    ratio = 20 * np.log10(float(sound.std() / noise.std()))
    assert abs(ratio) < 3.0


def test_mcnn_gives_hop_times_frames_samples_and_refuses_other_strides():
    assert MCNN(MEL, 2, (8, 4, 4), 4)(torch.rand(1, 256, 16)).shape == (1, 16 * 256)
    assert MCNN(MEL, 1, (4,) * 7, 2)(torch.rand(1, 256, 5)).shape == (1, 5 * 256)
    with pytest.raises(ValueError, match="multiply to the hop 256, got 4 .. 3"):
        MCNN(MEL, 2, (8, 4), 4)


@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_griffin_lim_equals_librosas_within_1e_3(momentum):
    size = magnitude(saw(57.0))
    theirs = librosa.griffinlim(size[0].numpy(), n_iter=4, hop_length=256, momentum=momentum, init=None,
                                length=MEL.n_samples)
    ours = griffin_lim(size, 4, momentum, n_samples=MEL.n_samples, seed=None)
    assert np.abs(ours[0].numpy() - theirs).max() < 1e-3


def test_losses_are_zero_for_equal_sounds_and_convergence_is_the_scale_error():
    note = saw(60.0)
    assert all(float(term) == 0.0 for term in losses.spectral_terms(note, note).values())
    assert float(losses.spectral_terms(0.9 * note, note)["convergence"]) == pytest.approx(0.1, abs=1e-4)


@pytest.mark.parametrize("name", list(experiment.RUNS))
def test_every_run_takes_a_step_exports_and_reloads_equal(name, small_notes, tmp_path):
    config = replace(tiny(experiment.RUNS[name]), decoded=0.0)
    metrics, _ = experiment.run(config, 0, tmp_path / "v.pt", small_notes, progress=False)
    module, metadata = load_scripted(tmp_path / "v.pt")
    assert np.isfinite([*metrics.values()]).all() and metadata["mel"] == MEL.to_dict()
    _, mel, pitch = experiment.notes(small_notes, [0, 1])
    with torch.inference_mode():
        sound = module(mel, pitch) if metadata["needs_pitch"] else module(mel)
    assert sound.shape == (2, MEL.n_samples)
    if metadata["needs_pitch"]:
        pieces = [module.render(module.start(mel, pitch), k, 4096) for k in range(0, MEL.n_samples, 4096)]
        assert (torch.cat(pieces, dim=1) - sound).abs().max() < 1e-5


def test_training_on_decoded_mels_needs_a_model(small_notes, tmp_path):
    with pytest.raises(ValueError, match="expected a model.pt, because 50% of the mels are decoded ones"):
        experiment.run(experiment.RUNS["harmonic"], 0, tmp_path / "v.pt", small_notes, progress=False)


def test_the_vocoder_in_onnx_equals_torch_within_1e_4(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    module = HarmonicVocoder(MEL, 16, 1).eval()
    torch.nn.init.normal_(module.leave.weight, std=0.02)
    inputs = (mel_spectrogram(saw(60.0), MEL), torch.tensor([60.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, inputs, str(tmp_path / "v.onnx"), input_names=["mel", "pitch"], dynamo=False,
                          opset_version=17)
    session = onnxruntime.InferenceSession(str(tmp_path / "v.onnx"))
    got = session.run(None, {"mel": inputs[0].numpy(), "pitch": inputs[1].numpy()})[0]
    assert np.abs(got - module(*inputs).detach().numpy()).max() < 1e-4


def test_no_record_drifted_from_its_run():
    assert records.drifted("vocoder", experiment.RUNS) == []
