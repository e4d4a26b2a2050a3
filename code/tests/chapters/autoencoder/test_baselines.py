"""Claims about baselines: they are what they say, told the pitch as our decoder is, and trained by their own loop."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from latentsampler.chapters.autoencoder.baselines import LINEAR, PYTHAE, train_pythae, weights
from latentsampler.chapters.autoencoder.config import Config
from latentsampler.learning.training import Schedule
from latentsampler.sound.audio import MelConfig
from latentsampler.sound.metrics import log_spectral_distance
from sklearn.decomposition import PCA

MEL = MelConfig(n_mels=24, n_frames=16, n_fft=512, hop_length=1024)


@pytest.fixture(scope="module")
def notes():
    """Notes whose mel has a peak at the pitch, and a free brightness."""
    rng = np.random.default_rng(0)
    pitch = torch.from_numpy(rng.integers(40, 60, 120).astype(np.float32))
    pitch[:6] = float("nan")
    bands = np.arange(24)[None, :, None]
    peak = np.exp(-0.5 * ((np.nan_to_num(pitch.numpy(), nan=38.0)[:, None, None] - 37 - bands) / 1.5) ** 2)
    mels = 0.5 * peak * np.exp(rng.normal(size=(120, 1, 1)) - np.arange(16) / 8.0) + 0.01 * rng.random((120, 24, 16))
    return SimpleNamespace(mels=mels.astype(np.float32), pitch=pitch, mel_config=MEL,
                           column=lambda name: [str(k // 2) for k in range(120)])


@pytest.fixture(scope="module")
def config():
    return Config(latent_dim=3, width=16, depth=2, harmonic=False, mel=MEL,
                  schedule=Schedule(steps=120, batch_size=25, learning_rate=4e-3))


PARTS = SimpleNamespace(train=np.arange(0, 100), test=np.arange(100, 120))


def distance(peer, notes, part):
    """Mean log-spectral distance of reconstructions."""
    mel, pitch = torch.from_numpy(notes.mels[part]), notes.pitch[part]
    return float(log_spectral_distance(peer.decode(peer.encode(mel, pitch), pitch), mel).mean())


def test_the_linear_peer_is_pca_of_log_mels(notes):
    peer = LINEAR["PCA"](notes, PARTS.train, 4)
    log = peer.scale(torch.from_numpy(notes.mels)).flatten(1).numpy()
    pca = PCA(4).fit(log[:100])
    expected = peer.scale.inverse(torch.from_numpy(pca.inverse_transform(pca.transform(log[100:]))).view(20, 24, 16))
    assert distance(peer, notes, PARTS.test) == pytest.approx(
        float(log_spectral_distance(expected, torch.from_numpy(notes.mels[100:])).mean()), rel=1e-3)
    assert peer.parameters == 5 * 24 * 16


def test_a_linear_peer_that_is_told_the_pitch_needs_a_smaller_code(notes):
    plain, told = (LINEAR[name](notes, PARTS.train, 2) for name in ("PCA", "PitchPCA"))
    assert distance(told, notes, PARTS.test) < 0.7 * distance(plain, notes, PARTS.test)


def test_the_prior_of_a_linear_peer_is_as_wide_as_its_codes(notes):
    peer = LINEAR["PCA"](notes, PARTS.train, 3)
    codes = peer.encode(torch.from_numpy(notes.mels[PARTS.train]))
    drawn = peer.sample_prior(4000, torch.Generator().manual_seed(0))
    assert drawn.std(0).numpy() == pytest.approx(codes.std(0).numpy(), rel=0.05)


@pytest.mark.parametrize("name", PYTHAE)
def test_pythae_trains_with_our_networks_and_is_told_the_pitch(name, notes, config):
    pytest.importorskip("pythae")
    config = replace(config, linear=False)  # so that all that is learned is learned in steps
    short = replace(config, schedule=replace(config.schedule, steps=4))
    before, after = (train_pythae(name, c, 0, notes, PARTS) for c in (short, config))
    assert distance(after, notes, PARTS.test) < 0.75 * distance(before, notes, PARTS.test)
    z = after.encode(torch.from_numpy(notes.mels[PARTS.test]))
    assert z.shape == (20, 3) and after.sample_prior(7).shape == (7, 3)
    low, high = after.decode(z, torch.full((20,), 42.0)), after.decode(z, torch.full((20,), 57.0))
    assert low.mean((0, 2)).argmax() < high.mean((0, 2)).argmax()
    assert 0.0 < after.seconds_per_step < 1.0 and after.parameters > 10_000


def test_pythae_repeats_with_its_seed(notes, config):
    pytest.importorskip("pythae")
    short = replace(config, schedule=replace(config.schedule, steps=6))
    a, b, c = (train_pythae("PythaeWAE", short, seed, notes, PARTS) for seed in (1, 1, 2))
    mel = torch.from_numpy(notes.mels[:5])
    assert torch.equal(a.encode(mel), b.encode(mel)) and not torch.equal(a.encode(mel), c.encode(mel))


def test_the_price_of_a_peers_mmd_is_ours_against_the_mean_of_errors():
    assert weights("PythaeWAE", 8, 1000) == {"reconstruction_loss_scale": 0.001, "reg_weight": pytest.approx(0.6)}
    info = weights("PythaeInfoVAE", 4, 1000)  # half a sum of 1000 squares, so a mean's price times 500
    assert info["alpha"] + info["lbd"] - 1.0 == pytest.approx(0.3 * 500)


def test_without_pythae_the_error_names_its_extra(notes, config, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "pythae"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPythae(), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match=r"pythae.* of the extra 'peers'.*\.\[peers\]"):
        train_pythae("PythaeVAE", config, 0, notes, PARTS)


class NoPythae:
    """An importer that knows pythae is not installed."""

    def find_spec(self, name, path, target=None):
        """Refuse pythae."""
        if name.split(".")[0] == "pythae":
            raise ModuleNotFoundError(f"No module named {name!r}", name="pythae")
