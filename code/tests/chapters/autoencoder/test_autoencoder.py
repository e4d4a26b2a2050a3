"""Claims about the autoencoder and its runs."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from latentsampler.chapters.autoencoder import experiment, losses
from latentsampler.chapters.autoencoder.config import find
from latentsampler.chapters.autoencoder.model import AutoEncoder
from latentsampler.contract.export import load_scripted
from latentsampler.contract.playing import encode_notes
from latentsampler.learning.conditioning import PitchEmbedding
from latentsampler.runtime import records
from latentsampler.sound.audio import LogMel, MelConfig
from latentsampler.sound.metrics import log_spectral_distance

from tests import rounding


def tiny(config):
    """The same run, narrow and in two steps."""
    return replace(config, width=16, schedule=replace(config.schedule, steps=2, batch_size=8, valid_every=2))


def test_log_mel_inverts_within_float_precision():
    mel = torch.rand(2, 8, 4) * 10
    assert torch.allclose(LogMel().inverse(LogMel()(mel)), mel, atol=1e-5)


def test_pitch_embedding_moves_little_between_keys_and_knows_the_unpitched():
    torch.manual_seed(0)
    embedding = PitchEmbedding(64)
    with torch.inference_mode():
        scale = embedding(torch.arange(0.0, 128.0, 0.5))  # (256, 64)
        none = embedding(torch.tensor([float("nan"), 60.0]))
    step = (scale[2:] - scale[:-2]).norm(dim=1)  # a semitone
    octave = (scale[24:] - scale[:-24]).norm(dim=1)
    assert step.max() < 0.2 * octave.mean() and octave.min() > 0
    assert torch.equal(none[0], embedding.none) and torch.allclose(none[1], scale[120], atol=1e-6)


def test_a_number_of_frames_that_cannot_be_halved_is_named():
    with pytest.raises(ValueError, match="multiple of 16 frames for depth 4, got 120"):
        AutoEncoder(experiment.Config(width=16, mel=MelConfig(n_frames=120)))


def test_the_decoder_leaves_no_stripes_at_initialisation():
    torch.manual_seed(0)
    module = AutoEncoder(experiment.Config(width=32, linear=False)).eval()
    with torch.inference_mode():
        log_mel = module.decoder(torch.randn(8, 4), torch.full((8,), 60.0))  # (8, 256, 128)
    inner = log_mel[..., 16:-16] - log_mel[..., 16:-16].mean(dim=-1, keepdim=True)
    power = torch.fft.rfft(inner, dim=-1).abs().square().mean(dim=(0, 1))  # bins of 1/96 of a frame's rate
    assert power[48] < 0.02 * power[1:].sum()  # a checkerboard would put its energy at the Nyquist rate


EVERY = {**experiment.RUNS, **{f"{base}: {name}": config for base, deltas in experiment.ABLATIONS.items()
                               for name, config in deltas.items()}}


@pytest.mark.parametrize("name", list(EVERY))
def test_every_run_takes_a_step_exports_and_reloads_equal(name, small_notes, tmp_path):
    config, parts = tiny(EVERY[name]), experiment.split(small_notes)
    fitted, history = experiment.fit(config, 0, small_notes, parts, progress=False)
    experiment.save_model(fitted.module, tmp_path / "model.pt", config, small_notes, parts.train, seed=0)
    module, metadata = load_scripted(tmp_path / "model.pt")
    assert history[-1]["step"] == 2 and np.isfinite([*history[-1].values()]).all()
    mel, pitch = torch.from_numpy(np.array(small_notes.mels[:6])), torch.tensor([60.0, 61.5, float("nan"), 0, 127, 40])
    with torch.inference_mode():
        z = module.encode(mel)
        assert z.shape == (6, metadata["latent_dim"])
        assert (z - fitted.module.encode(mel)).abs().max() <= rounding.bound(lambda: module.encode(mel), 1) < 1e-3
        decoded, eager = module.decode(z, pitch), fitted.module.decode(z, pitch)
        logarithm = fitted.module.scale  # of amplitudes up to e^6
        allowed = rounding.bound(lambda: logarithm(module.decode(z, pitch)), 1)
        assert (logarithm(decoded) - logarithm(eager)).abs().max() <= allowed < 1e-3
        allowed = rounding.bound(lambda: logarithm(module(mel)), 1)
        assert (logarithm(module(mel)) - logarithm(fitted.module(mel))).abs().max() <= allowed < 1e-3
        assert (module(mel) >= 0).all()


@pytest.mark.parametrize("conditioning", ["Concatenation", "Film"])
def test_a_decoder_that_is_told_the_pitch_uses_it_and_one_that_is_not_cannot(conditioning):
    torch.manual_seed(0)
    base = experiment.Config(width=16, linear=False)
    told = AutoEncoder(replace(base, conditioning=f"conditioning.{conditioning}")).eval()
    deaf = AutoEncoder(replace(base, conditioning="conditioning.Nothing")).eval()
    z, low, high = torch.randn(3, 4), torch.full((3,), 40.0), torch.full((3,), 80.0)
    with torch.inference_mode():
        assert (told.decode(z, low) - told.decode(z, high)).abs().max() > 1e-4
        assert torch.equal(deaf.decode(z, low), deaf.decode(z, high))


def test_a_random_encoder_trains_on_samples_and_exports_the_mean(small_notes):
    config = replace(tiny(experiment.RUNS["wae"]), regulariser="regularisers.KullbackLeibler")
    fitted, _ = experiment.fit(config, 0, small_notes, experiment.split(small_notes), progress=False)
    mel = torch.from_numpy(np.array(small_notes.mels[:3]))
    with torch.inference_mode():
        mean, log_variance, _ = fitted.module.posterior(fitted.module.scale(mel))
    assert log_variance.shape == (3, 4) and torch.equal(fitted.module.encode(mel), mean)


def test_what_a_regulariser_learns_trains_with_the_networks_and_stays_out_of_the_model(small_notes, tmp_path):
    config, parts = replace(tiny(experiment.RUNS["wae"]), regulariser="regularisers.Adversarial"), experiment.split(
        small_notes)
    torch.manual_seed(0)
    experiment.build(config)
    before = find(config.regulariser)(4, 256, 128).critic[0].weight.detach().clone()
    fitted, _ = experiment.fit(config, 0, small_notes, parts, progress=False)
    experiment.save_model(fitted.module, tmp_path / "model.pt", config, small_notes, parts.train, seed=0)
    assert not torch.equal(before, fitted.regulariser.critic[0].weight)
    assert not [name for name, _ in load_scripted(tmp_path / "model.pt")[0].named_parameters() if "critic" in name]


def test_a_name_that_this_folder_does_not_have_is_refused():
    with pytest.raises(ValueError, match="expected module.Name of .*autoencoder or .*, got 'losses.nothing'"):
        find("losses.nothing")


def test_losses_equal_their_definitions():
    a, b = torch.randn(3, 8, 5), torch.randn(3, 8, 5)
    log = LogMel()
    assert torch.allclose(losses.l1(a, b, log.inverse), (a - b).abs().mean())
    assert torch.allclose(losses.l2(a, b, log.inverse), ((a - b) ** 2).mean())
    true, got = log.inverse(b).numpy(), log.inverse(a).numpy()
    wanted = np.mean([np.linalg.norm(t - g) / np.linalg.norm(t) for t, g in zip(true, got, strict=True)])
    assert float(losses.spectral_convergence(a, b, log.inverse)) == pytest.approx(wanted, rel=1e-5)


def test_a_killed_run_goes_on_to_the_same_weights(small_notes, tmp_path):
    config = replace(tiny(experiment.RUNS["wae"]), regulariser="regularisers.Adversarial")
    config = replace(config, dropout=0.1, schedule=replace(config.schedule, steps=6, checkpoint_seconds=0.0))
    parts = experiment.split(small_notes)
    whole, _ = experiment.fit(config, 0, small_notes, parts, progress=False)
    script = f"""if True:
        import os, sys
        sys.path.insert(0, {str(Path(experiment.__file__).parents[3])!r})
        import torch
        torch.set_num_threads({torch.get_num_threads()})
        from dataclasses import replace
        from latentsampler.learning import training
        from latentsampler.chapters.autoencoder import experiment, losses
        from latentsampler.data.store import NoteDataset
        save = training._Progress.save
        def save_and_die(self, seconds):
            save(self, seconds)
            if self.step == 4:
                os.kill(os.getpid(), 9)
        training._Progress.save = save_and_die
        notes = NoteDataset({str(small_notes.path)!r})
        base = experiment.RUNS["wae"]
        config = replace(base, width=16, regulariser="regularisers.Adversarial", dropout=0.1, schedule=replace(
            base.schedule, steps=6, batch_size=8, valid_every=2, checkpoint_seconds=0.0))
        experiment.fit(config, 0, notes, experiment.split(notes), {str(tmp_path / "x.ckpt")!r}, progress=False)
    """
    died = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert died.returncode == -9 and (tmp_path / "x.ckpt").is_file(), died.stderr
    resumed, history = experiment.fit(config, 0, small_notes, parts, tmp_path / "x.ckpt", progress=False)
    assert [row["step"] for row in history] == [2, 4, 6]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_metadata_holds_the_ranges_of_the_training_codes(small_notes, tmp_path):
    experiment.run(tiny(experiment.RUNS["demo"]), 0, tmp_path / "model.pt", small_notes, progress=False)
    module, metadata = load_scripted(tmp_path / "model.pt")
    train = experiment.split(small_notes).train
    codes = encode_notes(module, small_notes, train).numpy()
    assert np.allclose(metadata["z_low"], np.quantile(codes, 0.005, axis=0), atol=5e-3)  # weights are stored rounded
    assert metadata["pitch_low"] == np.nanmin(small_notes.pitch[train])
    directions = np.array(metadata["axes"]["directions"])
    assert np.allclose(directions @ directions.T, np.eye(metadata["latent_dim"]), atol=1e-5)
    assert metadata["mel"] == small_notes.mel_config.to_dict()


def test_a_hundred_steps_come_closer_to_held_out_notes_than_the_mean_note(small_notes, tmp_path):
    config = replace(experiment.RUNS["demo"], width=32, schedule=replace(
        experiment.RUNS["demo"].schedule, steps=100, batch_size=16, valid_every=100))
    metrics, _ = experiment.run(config, 0, tmp_path / "model.pt", small_notes, progress=False)
    parts, scale = experiment.split(small_notes), LogMel()
    train, test = (torch.from_numpy(np.array(small_notes.mels[part])) for part in (parts.train, parts.test))
    mean = scale.inverse(scale(train).mean(dim=0, keepdim=True)).expand_as(test)
    assert metrics["lsd_db"] < 0.8 * float(log_spectral_distance(mean, test).mean())


def test_notes_of_another_front_end_are_refused(small_notes, tmp_path):
    config = replace(experiment.RUNS["demo"], mel=MelConfig(n_mels=128))
    with pytest.raises(ValueError, match="expected notes with MelConfig.*n_mels=128.*got MelConfig.*n_mels=256"):
        experiment.run(config, 0, tmp_path / "model.pt", small_notes, progress=False)


def test_no_record_is_outdated_against_its_run():
    assert records.outdated("autoencoder", experiment.RUNS) == []
