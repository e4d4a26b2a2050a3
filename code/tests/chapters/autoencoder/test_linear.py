"""Claims about the linear part of the autoencoder."""

from dataclasses import replace

import pytest
import torch
from latentsampler.chapters.autoencoder.config import Config
from latentsampler.chapters.autoencoder.linear import SMOOTHER, LinearPart
from latentsampler.chapters.autoencoder.model import AutoEncoder
from latentsampler.learning.pca import Pca, PitchPca
from latentsampler.sound.audio import MelConfig, band_edges

MEL = MelConfig(n_mels=24, n_frames=8)  # as many frames as courses over time: nothing of the regression is lost
N = 90


@pytest.fixture(scope="module")
def notes():
    """Log mels of which pitch and five hidden numbers say nearly all, and their pitches, the last ones unpitched."""
    generator = torch.Generator().manual_seed(0)
    pitch = torch.randint(50, 60, (N,), generator=generator).float()
    pitch[-20:] = float("nan")
    hidden = torch.randn(N, 5, generator=generator) * torch.tensor([5.0, 4.0, 3.0, 2.0, 0.1])
    mixed = hidden @ torch.randn(5, 24 * 8, generator=generator)
    return torch.sin(pitch.nan_to_num(3.0))[:, None, None] + mixed.view(N, 24, 8), pitch


def fitted(notes, latent_dim=4):
    """A linear part of them, and the chances of their pitches, known for sure."""
    part = LinearPart(MEL, latent_dim)
    part.fit(*notes)
    return part, torch.nn.functional.one_hot(notes[1].nan_to_num(128.0).long(), 129).float()


def test_codes_and_reconstructions_are_those_of_principal_axes_after_regression_on_pitch(notes):
    log_mels, pitch = notes
    part, chances = fitted(notes)
    peer = PitchPca(log_mels.flatten(1), pitch, 4, smoothers=(SMOOTHER,))
    codes = part.encode(log_mels, chances)
    wanted = torch.from_numpy(peer.encode(log_mels.flatten(1), pitch)).float()
    assert torch.allclose((codes * part.spread).abs(), wanted.abs(), atol=1e-3)  # an axis has no sign
    decoded = torch.from_numpy(peer.decode(wanted, pitch)).float()
    assert torch.allclose(part(codes, pitch).flatten(1), decoded, atol=1e-3)


def test_codes_have_unit_variance_and_no_correlation(notes):
    part, chances = fitted(notes)
    codes = part.encode(notes[0], chances)
    assert torch.allclose(codes.T @ codes / N, torch.eye(4), atol=1e-3)


def test_decoding_and_encoding_again_returns_the_point(notes):
    part, chances = fitted(notes)
    z = torch.randn(N, 4, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(part.encode(part(z, notes[1]), chances), z, atol=1e-3)


def test_between_two_notes_harmonics_stay_sharp_and_move_with_the_pitch():
    mel = MelConfig(n_frames=8)
    centres = torch.from_numpy(band_edges(mel)[1:-1])
    pitch = torch.arange(55.0, 85.0)

    def harmonics(note):
        f0 = 440.0 * 2.0 ** ((note - 69.0) / 12.0)
        place = centres / f0
        lobe = torch.exp(-0.5 * ((place - place.round().clamp(1, 6)) * f0 / 40.0) ** 2)  # as wide as a window's
        return torch.log(lobe + 1e-3).float()[:, None].expand(-1, 8)

    part = LinearPart(mel, 2)
    noise = 0.01 * torch.randn(30, 256, 8, generator=torch.Generator().manual_seed(0))
    part.fit(torch.stack([harmonics(note) for note in pitch]) + noise, pitch)
    for share in (0.0, 0.25, 0.5, 0.75):
        found, wanted = part.expected(torch.tensor([69.0 + share]))[0], harmonics(69.0 + share)
        mixed = (1.0 - share) * harmonics(69.0) + share * harmonics(70.0)
        error = (found - wanted)[wanted > -2.0].abs().mean()
        assert error < 0.25 and (share == 0.0 or error < 0.5 * (mixed - wanted)[wanted > -2.0].abs().mean()), share


def test_an_untrained_autoencoder_is_its_linear_part_and_without_one_it_is_not(notes):
    log_mels, pitch = notes
    config = Config(width=16, depth=2, mel=MEL)
    torch.manual_seed(0)
    module = AutoEncoder(config)
    module.decoder.fit(log_mels, pitch)
    z = torch.randn(N, 4, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.allclose(module.decoder(z, pitch), module.decoder.linear(z, pitch), atol=1e-6)
        assert AutoEncoder(replace(config, linear=False)).decoder(z, pitch).std() > 1e-3


def test_a_decoder_that_is_not_told_the_pitch_has_plain_principal_axes(notes):
    log_mels, pitch = notes
    module = AutoEncoder(Config(width=16, depth=2, mel=MEL, conditioning="conditioning.Nothing", harmonic=False))
    module.decoder.fit(log_mels, pitch)
    peer = Pca(log_mels.flatten(1), 4)
    with torch.inference_mode():
        z = module.decoder.linear.encode(log_mels, torch.full((N, 129), 1.0 / 129))
        wanted = torch.from_numpy(peer.decode(peer.encode(log_mels.flatten(1)))).view_as(log_mels)
        assert torch.allclose(module.decoder(z, pitch), wanted, atol=1e-3)
