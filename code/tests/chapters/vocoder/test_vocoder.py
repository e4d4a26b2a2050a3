"""Claims about vocoders: phases, inverse transform, pieces, exports."""

from dataclasses import replace

import librosa
import numpy as np
import pytest
import torch
from latentsampler.chapters.vocoder import experiment, losses
from latentsampler.chapters.vocoder.harmonic import HarmonicVocoder
from latentsampler.chapters.vocoder.mcnn import MCNN
from latentsampler.chapters.vocoder.transform import Transform
from latentsampler.contract.export import load_scripted
from latentsampler.runtime import records
from latentsampler.sound.audio import MelConfig, magnitude, mel_inverse, mel_spectrogram
from latentsampler.sound.griffin_lim import griffin_lim, griffin_lim_from_mel
from latentsampler.sound.metrics import log_spectral_distance, spectral_convergence
from latentsampler.sound.pitch import cents, midi_to_hz

from tests import rounding

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


@pytest.fixture(scope="module")
def transform():
    """The default transform."""
    module = Transform(1024, 256, MEL.n_frames)
    module.prepare(torch.zeros(1))
    return module


def test_the_transform_and_its_inverse_equal_torchs_within_rounding(transform):
    sound = torch.randn(2, MEL.n_samples, generator=torch.Generator().manual_seed(0))
    theirs = torch.stft(sound, 1024, 256, window=torch.hann_window(1024), pad_mode="constant", return_complex=True)
    rows = torch.nn.functional.pad(sound.view(2, MEL.n_frames, 256), (0, 0, 2, 1))
    spectrum = transform.analyse(rows)  # (B, T, F, 2)
    ours = torch.view_as_complex(spectrum.contiguous()).transpose(1, 2)  # (B, F, T)
    assert (ours - theirs[:, :, :MEL.n_frames]).abs().max() <= rounding.bound(lambda: transform.analyse(rows)) < 1e-3
    back = transform.signal(spectrum, 0)
    allowed = rounding.bound(lambda: transform.signal(transform.analyse(rows), 0))
    assert (back[:, 2:-1].flatten(1) - sound).abs().max() <= allowed < 1e-4
    assert not back[:, :2].any() and not back[:, -1:].any()


def test_power_and_scale_of_a_spectrum_are_those_of_complex_numbers(transform):
    generator = torch.Generator().manual_seed(0)
    real, imaginary, factor = (torch.randn(2, 5, 513, generator=generator) for _ in range(3))
    spectrum = torch.complex(real, imaginary)
    ours = transform.joined(real, imaginary)
    assert torch.equal(torch.view_as_complex(ours), spectrum)
    assert (transform.power(ours) - spectrum.abs().square()).abs().max() < 1e-5
    assert (torch.view_as_complex(transform.scaled(ours, factor)) - factor * spectrum).abs().max() < 1e-6


def test_least_squares_magnitudes_equal_those_of_the_whole_inverse_within_1e_4_of_the_loudest():
    mel = mel_spectrogram(torch.cat([saw(33.0), saw(81.0)]), MEL)
    ours = HarmonicVocoder(MEL, 16, 0).magnitude(mel.transpose(1, 2)).transpose(1, 2)  # (B, F, T)
    theirs = (mel_inverse(MEL) @ mel).clamp(min=0.0)
    assert (ours - theirs).abs().max() < 1e-4 * theirs.max()


def test_an_fft_that_is_no_even_multiple_of_the_hop_is_named():
    with pytest.raises(ValueError, match="an even multiple of the hop 300, got 1024"):
        Transform(1024, 300, 8)


@pytest.mark.parametrize(("first", "count"), [(0, 1), (1, 700), (255, 2), (1000, 5000), (31000, 1768), (32767, 1)])
def test_any_piece_equals_that_piece_of_the_whole_within_rounding(first, count):
    module = HarmonicVocoder(MEL, 16, 1).eval()
    torch.nn.init.normal_(module.leave.weight, std=0.02)
    with torch.inference_mode():
        state = module.start(mel_spectrogram(saw(57.0), MEL), torch.tensor([57.0]))
        whole = module.render(state, 0, MEL.n_samples)
        allowed = rounding.bound(lambda: module.render(state, first, count))
        assert (module.render(state, first, count) - whole[:, first:first + count]).abs().max() <= allowed < 1e-3


@pytest.mark.parametrize("pitch", [40.0, 57.0, 69.0, 84.0])
def test_before_any_training_a_harmonic_note_is_2_db_closer_than_by_griffin_lim_60(pitch):
    note = saw(pitch)
    mel = mel_spectrogram(note, MEL)
    with torch.inference_mode():
        ours = HarmonicVocoder(MEL, 16, 0).eval()(mel, torch.tensor([pitch]))
        theirs = griffin_lim_from_mel(mel, MEL, 60)
    assert float(spectral_convergence(ours, note)) < float(spectral_convergence(theirs, note)) - 2.0


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


def test_a_vibrato_of_40_cents_is_followed_within_4_cents():
    t = np.arange(MEL.n_samples) / MEL.sample_rate
    wave = 40.0 * np.sin(2 * np.pi * 5.5 * t)  # cents
    phase = 2 * np.pi * np.cumsum(440.0 * 2.0 ** (wave / 1200)) / MEL.sample_rate
    note = torch.from_numpy(0.1 * sum(np.sin(h * phase) / h for h in range(1, 12)).astype(np.float32))[None]
    module = HarmonicVocoder(MEL, 16, 1).eval()
    f0 = torch.tensor([440.0]).double()
    bent = module.bend(module.magnitude(mel_spectrogram(note, MEL).transpose(1, 2)), f0)[0].numpy()
    assert np.sqrt(np.mean((cents(bent, 1.0) - wave[::256])[3:-3] ** 2)) < 4.0
    with torch.inference_mode():
        kept, asked = (HarmonicVocoder(MEL, 16, 0, bend=bend).eval()(mel_spectrogram(note, MEL), torch.tensor([69.0]))
                       for bend in (True, False))
    assert float(spectral_convergence(kept, note)) < float(spectral_convergence(asked, note)) - 6.0


@pytest.mark.parametrize("pitch", [33.0, 57.0, 81.0])
def test_no_click_at_the_first_sample(pitch):
    module = HarmonicVocoder(MEL, 16, 1).eval()
    with torch.inference_mode():
        sound = module(mel_spectrogram(saw(pitch, decay=0.0), MEL), torch.tensor([pitch]))[0]
    assert sound[:16].abs().max() < 1.0 * sound[4096:].abs().max()


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
    assert MCNN(MEL, 2, (8, 4, 4), 8, 4)(torch.rand(1, 256, 16)).shape == (1, 16 * 256)
    assert MCNN(MEL, 1, (4,) * 7, 13, 2)(torch.rand(1, 256, 5)).shape == (1, 5 * 256)
    with pytest.raises(ValueError, match="multiply to the hop 256, got 4 .. 3"):
        MCNN(MEL, 2, (8, 4), 8, 4)


@pytest.mark.parametrize("momentum", [0.0, 0.99])
@pytest.mark.parametrize("from_mel", [False, True])
def test_griffin_lim_of_a_batch_equals_librosas_within_half_a_percent(momentum, from_mel):
    noise = 1e-2 * torch.randn(2, MEL.n_samples, generator=torch.Generator().manual_seed(0))  # every bin has a phase
    notes = torch.cat([saw(57.0), saw(64.0)]) + noise
    if from_mel:
        bank = librosa.filters.mel(sr=MEL.sample_rate, n_fft=1024, n_mels=MEL.n_mels).astype(float)
        size = np.maximum(np.linalg.pinv(bank, rcond=1e-4) @ mel_spectrogram(notes, MEL).numpy(), 0.0)
        size = np.pad(size, ((0, 0), (0, 0), (0, 1)))
        ours = griffin_lim_from_mel(mel_spectrogram(notes, MEL), MEL, 4, momentum, seed=None)
    else:
        size = magnitude(notes).numpy()
        ours = griffin_lim(torch.from_numpy(size), 4, momentum, n_samples=MEL.n_samples, seed=None)
    for k in range(2):
        theirs = librosa.griffinlim(size[k], n_iter=4, hop_length=256, momentum=momentum, init=None,
                                    length=MEL.n_samples)
        assert np.linalg.norm(ours[k].numpy() - theirs) < 5e-3 * np.linalg.norm(theirs)


def test_losses_are_zero_for_equal_sounds_and_convergence_is_the_scale_error():
    note = saw(60.0)
    for terms in (losses.spectral_terms, losses.published_terms):
        assert all(abs(float(term)) < 1e-4 for term in terms(note, note, MEL).values())
        assert float(terms(0.9 * note, note, MEL)["convergence"]) == pytest.approx(0.1, abs=1e-4)


def test_losses_are_what_their_equations_say():
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(2, 5, 7, dtype=torch.complex64, generator=generator) for _ in range(2))
    x, y = a.numpy(), b.numpy()
    turn = np.diff(np.angle(x), axis=2) - np.diff(np.angle(y), axis=2)
    turn = (turn + np.pi) % (2 * np.pi) - np.pi
    assert float(losses.instantaneous_frequency(a, b)) == pytest.approx(np.abs(turn).mean() / np.pi, abs=1e-4)
    phase = np.abs(x) * np.abs(y) - x.real * y.real - x.imag * y.imag
    assert float(losses.weighted_phase(a, b)) == pytest.approx(np.abs(phase).mean(), abs=1e-4)
    assert float(losses.log_magnitude(a.abs(), b.abs())) == pytest.approx(
        np.abs(np.log(np.abs(x) + losses.FLOOR) - np.log(np.abs(y) + losses.FLOOR)).mean(), abs=1e-5)


def test_mel_distance_is_the_log_spectral_distance_over_20_db():
    note = saw(60.0)
    distance = log_spectral_distance(mel_spectrogram(0.5 * note, MEL), mel_spectrogram(note, MEL)) / 20.0
    assert float(losses.mel_distance(0.5 * note, note, MEL)) == pytest.approx(float(distance), abs=2e-3)


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
        allowed = rounding.bound(lambda: module.render(module.start(mel, pitch), 0, MEL.n_samples))
        assert (torch.cat(pieces, dim=1) - sound).abs().max() <= allowed < 1e-3


def test_training_on_decoded_mels_needs_a_model(small_notes, tmp_path):
    with pytest.raises(ValueError, match="expected a model.pt, because 33% of the mels are decoded ones"):
        experiment.run(experiment.RUNS["harmonic"], 0, tmp_path / "v.pt", small_notes, progress=False)


def test_no_record_is_outdated_against_its_run():
    assert records.outdated("vocoder", experiment.RUNS) == []
