"""Claims about learning from few labels: what is hidden, what is spread, what the prior with parts computes."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from latentsampler.chapters.autoencoder import labels
from latentsampler.chapters.autoencoder.config import Config
from latentsampler.chapters.autoencoder.experiment import build
from latentsampler.chapters.autoencoder.objective import Objective
from latentsampler.chapters.autoencoder.studies import figures_labels, label_study
from latentsampler.experiments import grid
from latentsampler.learning.batch import Batch
from latentsampler.runtime import records
from latentsampler.sound.audio import MelConfig
from torch import distributions

UNKNOWN = -1


def seeded(notes, seed):
    notes.label_seed = seed
    return notes


def test_only_training_notes_have_labels_and_a_larger_share_knows_these_and_more(small_notes):
    few, many = (labels.known_labels(small_notes, share) for share in (0.2, 0.6))
    train, truth = labels.training_notes(small_notes), labels.true_labels(small_notes)
    others = np.setdiff1d(np.arange(len(small_notes)), train)
    for name, values in many.items():
        known = values != UNKNOWN
        assert torch.equal(values[known], truth[name][known]) and not known[others].any()
        assert known[few[name] != UNKNOWN].all()
        assert 0.4 < known[train].float().mean() < 0.8


def test_the_seed_decides_which_notes_have_labels(small_notes):
    known = [labels.known_labels(seeded(small_notes, seed), 0.3)["pitch"] for seed in (0, 1, 0)]
    assert torch.equal(known[0], known[2]) and not torch.equal(known[0], known[1])


@pytest.mark.parametrize("semitones", [-12, 7, 12])
def test_a_transposed_mel_has_its_peak_at_the_transposed_frequency(semitones):
    config = MelConfig()
    bands = np.arange(config.n_mels)
    moved = labels.transposition(config, semitones)
    bank = labels.mel_filter_bank(config).numpy()
    centre = bank @ (np.arange(bank.shape[1]) * config.sample_rate / config.n_fft) / bank.sum(axis=1)
    peak = 110
    log_mel = torch.from_numpy(np.exp(-0.5 * ((bands - peak) / 3.0) ** 2).astype(np.float32))
    found = centre[int((moved @ log_mel).argmax())]
    assert 12 * np.log2(found / centre[peak]) == pytest.approx(semitones, abs=0.5)


def test_spread_labels_are_mostly_right_and_leave_held_out_notes_and_dynamics_alone(small_notes):
    seeded(small_notes, 0)
    known, spread = (function(small_notes, 0.4) for function in (labels.known_labels, labels.spread_labels))
    train, truth = labels.training_notes(small_notes), labels.true_labels(small_notes)
    asked = train[(known["pitch"][train] == UNKNOWN).numpy()]
    pitched = asked[(truth["pitch"][asked] < 128).numpy()]
    assert (spread["pitch"][pitched] == truth["pitch"][pitched]).float().mean() > 0.75
    chance = torch.bincount(truth["instrument"]).max() / len(small_notes)
    assert (spread["instrument"][asked] == truth["instrument"][asked]).float().mean() > 3 * chance
    assert torch.equal(spread["dynamics"], known["dynamics"])
    others = np.setdiff1d(np.arange(len(small_notes)), train)
    assert all((values[others] == UNKNOWN).all() for values in spread.values())


@pytest.fixture
def prior():
    torch.manual_seed(0)
    prior = labels.LabelledPrior(3, 16, 8, hold=0.0, decay=0.0)
    torch.nn.init.normal_(prior.means)
    torch.nn.init.normal_(prior.log_variances, std=0.3)
    torch.nn.init.normal_(prior.heads["instrument"].weight, std=0.05)
    return prior.eval()


def batch_with(instrument):
    notes = len(instrument)
    mean, log_variance = torch.randn(notes, 3), -torch.rand(notes, 3)
    log_mel = torch.randn(notes, 16, 8)
    return Batch(mean, mean, log_variance, mean, log_mel, log_mel, torch.full((notes,), 60.0),
                 {"instrument": torch.tensor(instrument)}, None)


def kl_to_parts(prior, batch, note):
    q = distributions.Normal(batch.mean[note], (0.5 * batch.log_variance[note]).exp())
    p = distributions.Normal(prior.means, (0.5 * prior.log_variances).exp())
    return distributions.kl_divergence(q, p).sum(1)  # (Y,)


def test_a_known_instrument_asks_for_its_own_part_of_the_prior(prior):
    batch = batch_with([2, 5])
    expected = torch.stack([kl_to_parts(prior, batch, 0)[2], kl_to_parts(prior, batch, 1)[5]]).mean()
    assert prior(batch)["divergence"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_an_unknown_instrument_is_summed_out(prior):
    batch = batch_with([UNKNOWN])
    q = prior.hear(batch.log_mel)["instrument"].softmax(1)[0]
    expected = sum(q[k] * (kl_to_parts(prior, batch, 0)[k] + torch.log(q[k] / prior.shares[k])) for k in range(len(q)))
    assert prior(batch)["divergence"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_only_known_labels_have_a_cross_entropy(prior):
    batch = batch_with([3, UNKNOWN])
    expected = -prior.hear(batch.log_mel)["instrument"].log_softmax(1)[0, 3]
    assert prior(batch)["labels"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert prior(batch_with([UNKNOWN, UNKNOWN]))["labels"].item() == 0.0


def test_prior_samples_are_as_often_of_a_part_as_its_instrument(prior):
    prior.shares.zero_()
    prior.shares[4], prior.shares[9] = 0.25, 0.75
    sample = prior.sample_prior(40000, torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = 0.25 * prior.means[4] + 0.75 * prior.means[9]
    assert torch.allclose(sample.mean(0), expected, atol=0.03)


@pytest.mark.parametrize("config", [
    Config(width=16, depth=3, regulariser="labels.Unlabelled"),
    Config(width=16, depth=3, regulariser="labels.LabelledPrior", labels="labels.known_10")])
def test_a_hidden_pitch_reaches_no_part_of_the_loss(config, small_notes):
    small_notes.label_seed = 0
    torch.manual_seed(0)
    regulariser_class = getattr(labels, config.regulariser.split(".")[1])
    regulariser = regulariser_class(config.latent_dim, config.mel.n_mels, config.mel.n_frames)
    objective = Objective(build(config), regulariser, small_notes, config, "cpu").eval()
    hidden = np.flatnonzero(labels.known_labels(small_notes, 0.1)["pitch"].numpy() == UNKNOWN)[:8]
    losses = []
    for pitch in (objective.pitch, torch.full_like(objective.pitch, 40.0)):
        objective.pitch = pitch
        torch.manual_seed(1)
        losses.append({name: term.item() for name, term in objective.loss(torch.from_numpy(hidden)).items()})
    assert losses[0] == losses[1]


def test_a_killed_study_goes_on_and_its_table_has_a_row_per_model(small_notes, tmp_path):
    setting = replace(label_study.SMALL, percents=(10, 100), width=16,
                      schedule=replace(label_study.SMALL.schedule, steps=2, batch_size=8, valid_every=2))
    results = grid.run_study(label_study.STUDY, setting, {"soundfont": small_notes.path}, tmp_path, progress=False)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    next(iter(kept)).unlink()
    again = grid.run_study(label_study.STUDY, setting, {"soundfont": small_notes.path}, tmp_path, progress=False)
    assert sum(path.stat().st_mtime_ns != time for path, time in kept.items()) == 1
    for cell, figures in results.items():
        assert {k: v for k, v in again[cell].items() if k != "seconds"} == pytest.approx(
            {k: v for k, v in figures.items() if k != "seconds"}, rel=1e-5)
    record = {"metrics": results, "config": {"percents": list(setting.percents)}}
    assert len(figures_labels.table_labels(record).splitlines()) == 1 + 4 + 2
    assert "points below all labels" in figures_labels.goals(record)


def test_the_record_is_of_the_setting_and_unlabelled_notes_help():
    record = records.read_record(*label_study.STUDY.record)
    assert record["config"] == json.loads(json.dumps(asdict(label_study.RECORDED)))
    gain = figures_labels.values(record, "spread", 10, "mean") - figures_labels.values(record, "only", 10, "mean")
    assert (gain > 5.0).all()  # points, in every seed
    assert figures_labels.values(record, "spread", 10, "pitch").mean() > figures_labels.values(
        record, "known", 100, "pitch").mean() - 3.0
