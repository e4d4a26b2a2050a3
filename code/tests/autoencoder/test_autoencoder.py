"""Claims about the autoencoder and its runs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from latentsampler import records
from latentsampler.audio import LogMel, MelConfig
from latentsampler.autoencoder import experiment
from latentsampler.autoencoder.conditioning import N_PITCHES, PitchEmbedding
from latentsampler.autoencoder.model import AutoEncoder
from latentsampler.export import load_scripted
from latentsampler.metrics import log_spectral_distance


def tiny(config):
    """The same run in three steps."""
    return replace(config, schedule=replace(config.schedule, steps=3, batch_size=8, valid_every=3))


def test_log_mel_inverts_within_float_precision():
    mel = torch.rand(2, 8, 4) * 10
    assert torch.allclose(LogMel().inverse(LogMel()(mel)), mel, atol=1e-5)


def test_pitch_embedding_is_exact_at_whole_notes_and_linear_between():
    embedding = PitchEmbedding(5)
    at = embedding(torch.tensor([60.0, 60.25, 61.0, float("nan"), 300.0, -9.0]))
    table = embedding.table.weight
    assert torch.equal(at[0], table[60]) and torch.equal(at[2], table[61])
    assert torch.allclose(at[1], 0.75 * table[60] + 0.25 * table[61], atol=1e-6)
    assert torch.equal(at[3], table[N_PITCHES]) and torch.equal(at[4], table[127]) and torch.equal(at[5], table[0])


def test_a_number_of_frames_that_cannot_be_halved_is_named():
    with pytest.raises(ValueError, match="multiple of 16 frames for depth 4, got 120"):
        AutoEncoder(experiment.Config(width=16, mel=MelConfig(n_frames=120)))


def test_the_decoder_leaves_no_stripes_at_initialisation():
    torch.manual_seed(0)
    module = AutoEncoder(experiment.Config(width=32)).eval()
    with torch.inference_mode():
        log_mel = module.decoder(torch.randn(8, 4), torch.full((8,), 60.0))  # (8, 256, 128)
    inner = log_mel[..., 16:-16] - log_mel[..., 16:-16].mean(dim=-1, keepdim=True)
    power = torch.fft.rfft(inner, dim=-1).abs().square().mean(dim=(0, 1))  # bins of 1/96 of a frame's rate
    assert power[48] < 0.02 * power[1:].sum()  # a checkerboard would put its energy at the Nyquist rate


@pytest.mark.parametrize("name", list(experiment.RUNS))
def test_every_run_takes_a_step_exports_and_reloads_equal(name, small_notes, tmp_path):
    config = tiny(experiment.RUNS[name])
    metrics, history = experiment.run(config, 0, tmp_path / "model.pt", small_notes, progress=False)
    module, metadata = load_scripted(tmp_path / "model.pt")
    assert history[-1]["step"] == 3 and np.isfinite([*metrics.values()]).all()
    torch.manual_seed(0)
    eager = experiment.build(config)
    eager.load_state_dict({key: value for key, value in _weights(config, small_notes, tmp_path).items()})
    eager.eval()
    mel, pitch = torch.from_numpy(np.array(small_notes.mels[:6])), torch.tensor([60.0, 61.5, float("nan"), 0, 127, 40])
    with torch.inference_mode():
        z = module.encode(mel)
        assert z.shape == (6, metadata["latent_dim"]) and torch.allclose(z, eager.encode(mel), atol=1e-6)
        assert torch.allclose(module.decode(z, pitch), eager.decode(z, pitch), rtol=1e-5, atol=1e-6)
        assert module(mel).shape == mel.shape and (module(mel) >= 0).all()


def _weights(config, notes, tmp_path):
    """The weights of the same run, made again: the run is reproducible."""
    kept = {}
    original = experiment.save_model

    def keep(module, *rest):
        kept.update(module.state_dict())
        original(module, *rest)

    experiment.save_model = keep
    try:
        experiment.run(config, 0, tmp_path / "again.pt", notes, progress=False)
    finally:
        experiment.save_model = original
    return kept


def test_metadata_holds_the_ranges_of_the_training_codes(small_notes, tmp_path):
    experiment.run(tiny(experiment.RUNS["demo"]), 0, tmp_path / "model.pt", small_notes, progress=False)
    module, metadata = load_scripted(tmp_path / "model.pt")
    train = experiment.split(small_notes).train
    codes = experiment.encode_all(module, small_notes, train)
    assert np.allclose(metadata["z_low"], np.quantile(codes, 0.005, axis=0), atol=1e-5)
    assert metadata["pitch_low"] == np.nanmin(small_notes.pitch[train])
    directions = np.array(metadata["axes"]["directions"])
    assert np.allclose(directions @ directions.T, np.eye(metadata["latent_dim"]), atol=1e-5)
    assert metadata["mel"] == small_notes.mel_config.to_dict()


def test_a_hundred_steps_come_closer_to_held_out_notes_than_the_mean_note(small_notes, tmp_path):
    config = replace(experiment.RUNS["demo"], schedule=replace(
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


def test_no_record_drifted_from_its_run():
    assert records.drifted("autoencoder", experiment.RUNS) == []
