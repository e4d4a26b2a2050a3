"""Claims about the trained model, its file, its knobs and the commands that use it."""

from dataclasses import replace

import mido
import numpy as np
import pytest
import torch
from latentsampler.chapters.rhythm import baselines, experiment, knobs, prior, vary
from latentsampler.chapters.rhythm.attributes import ATTRIBUTES, measure
from latentsampler.chapters.rhythm.constraint import Constraint
from latentsampler.chapters.rhythm.grid import SENT
from latentsampler.chapters.rhythm.measures import copy_scores, onset_scores, rank_correlation
from latentsampler.chapters.rhythm.midi import read_midi, write_midi
from latentsampler.chapters.rhythm.objective import drop, order, reverse
from latentsampler.contract.events import check_events, load_events
from scipy.stats import spearmanr
from sklearn.metrics import f1_score, matthews_corrcoef

from .conftest import TINY


def test_scores_equal_sklearns_and_scipys():
    generator = torch.Generator().manual_seed(0)
    one, two = ((torch.rand(20, 9, 32, generator=generator) < 0.2).float() for _ in range(2))
    f1, mcc = onset_scores(one, two)
    assert f1 == pytest.approx(f1_score(two.flatten(), one.flatten()))
    assert mcc == pytest.approx(matthews_corrcoef(two.flatten(), one.flatten()))
    x, y = torch.rand(30, 2, generator=generator), torch.rand(30, 3, generator=generator).round(decimals=1)
    assert rank_correlation(x, y)[1, 2] == pytest.approx(spearmanr(x[:, 1], y[:, 2])[0])


def test_velocity_and_timing_count_where_both_have_an_onset():
    original = torch.zeros(1, 3, 9, 32)
    original[0, :, 0, 0], original[0, :, 0, 1] = torch.tensor([1, 0.5, 0.1]), torch.tensor([1, 0.5, 0.1])
    copy = original.clone()
    copy[0, :, 0, 0], copy[0, :, 0, 1] = torch.tensor([1, 0.7, 0.3]), torch.zeros(3)
    scores = copy_scores(copy, original, np.array([150.0]))
    assert scores["velocity_mae"] == pytest.approx(0.2) and scores["timing_mae_steps"] == pytest.approx(0.2)
    assert scores["timing_mae_ms"] == pytest.approx(30.0) and scores["onset_f1"] == pytest.approx(2 / 3)


def test_a_run_learns_writes_a_pattern_model_and_measures_the_same_as_the_file(trained, patterns):
    out, metrics, history = trained
    assert history[-1]["onset"] < history[0]["onset"]
    again = experiment.measure(out, patterns)
    for name in ("onset_f1", "onset_mcc", "velocity_mae", "timing_mae_ms", "knob_spearman_min", "knob_monotone_min",
                 "cross_talk_max"):
        assert again[name] == pytest.approx(metrics[name], abs=1e-6)
    assert metrics["parameters"] < 500_000 and metrics["n_train"] == 160 and metrics["n_held_out"] == 40


@pytest.mark.parametrize("name", experiment.RUNS)
def test_every_run_made_tiny_takes_a_step_and_reloads_equal(name, patterns, tmp_path):
    config = replace(experiment.RUNS[name], **{**TINY, "schedule": replace(TINY["schedule"], steps=2, valid_every=2)})
    metrics, _ = experiment.run(config, 0, tmp_path / "m.pt", patterns, progress=False)
    assert np.isfinite([metrics[key] for key in ("onset_f1", "onset_mcc", "knob_spearman_min", "cross_talk_max")]).all()
    again = experiment.copies(load_events(tmp_path / "m.pt")[0], patterns, patterns.held_out())
    assert again["onset_f1"] == pytest.approx(metrics["onset_f1"], abs=1e-6)


def test_shipped_runs_stay_within_the_sizes_they_promise():
    for name in ("shipped", "long"):
        config = experiment.RUNS[name]
        assert config.latent_dim <= 32
        assert sum(p.numel() for p in experiment.build(config).parameters()) <= 500_000


def test_any_controls_give_events_by_the_contract(trained):
    model, metadata = load_events(trained[0])
    generator = torch.Generator().manual_seed(0)
    controls = 3.0 * torch.randn(64, len(metadata["controls"]), generator=generator)  # far beyond the ranges, too
    events = model(controls)
    check_events(events, metadata)
    assert events.shape == (64, 288, 5) and [c["name"] for c in metadata["controls"][4:]] == list(ATTRIBUTES)
    assert torch.equal(events[:7].nan_to_num(-1), model(controls[:7]).nan_to_num(-1))  # a batch changes nothing


def test_knobs_read_where_they_were_set(trained, patterns):
    model, _ = load_events(trained[0])
    z = model.encode(torch.from_numpy(patterns.patterns[:16].astype(np.float32)))
    wanted = torch.rand(16, 6, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1
    got = model.knobs(model.turn(z, wanted))
    assert torch.allclose(got[:, 4:], wanted[:, 4:], atol=1e-3)  # these two have no ties in the training set
    assert torch.equal(model.turn(z, wanted)[:, 6:], z[:, 6:])


def test_the_constraint_gives_patterns_the_attributes_that_are_asked_for(patterns):
    generator = torch.Generator().manual_seed(0)
    originals = torch.from_numpy(patterns.patterns[:64].astype(np.float32))
    wanted = measure(originals)
    cells = torch.stack([torch.randn(64, 9, 32, generator=generator), torch.rand(64, 9, 32, generator=generator),
                         0.2 * torch.randn(64, 9, 32, generator=generator)], 1)  # a decoder that knows nothing
    got, scale = measure(Constraint()(cells, wanted, wanted.std(0))), wanted.std(0)
    error = ((got - wanted).abs() / scale).median(0).values
    assert torch.allclose(got[:, 0], wanted[:, 0]) and (error < 0.6).all()
    plain = measure(Constraint(0)(cells, wanted, scale))
    assert ((plain - wanted).abs() / scale).median(0).values[[1, 2, 5]].sum() > 2 * error[[1, 2, 5]].sum()


def test_a_sweep_that_moves_against_its_knob_is_not_monotone():
    class Wrong:
        def knobs(self, z):
            return torch.full((len(z), 6), 0.5)

        def turn(self, z, turned):
            return turned

        def decode(self, z):  # density falls with its knob
            count = (30 - 20 * z[:, 0]).long()
            onset = (torch.arange(288)[None] < count[:, None]).float().reshape(-1, 9, 32)
            return torch.stack([onset, onset * 0.5, onset * 0], 1)

    figures = knobs.figures(*knobs.effects(Wrong(), torch.zeros(30, 6), torch.ones(6)))
    assert figures["spearman_density"] < -0.9 and figures["monotone_density"] == 0.0
    assert figures["monotone_swing"] == 1.0  # what does not move does not move against it


def test_gradients_are_reversed_orders_are_rewarded_and_hits_are_dropped():
    x = torch.ones(3, requires_grad=True)
    reverse(x, 0.5).sum().backward()
    assert x.grad.tolist() == [-0.5] * 3
    a = torch.arange(5.0)[:, None]
    assert order(10 * a, a) < 0.1 < order(-10 * a, a)
    assert drop(torch.ones(50, 3, 9, 32), 0.25).mean() == pytest.approx(0.75, abs=0.02)


def test_baselines_are_what_their_names_say(patterns):
    found = baselines.compare(patterns, patterns.indices("train"), patterns.held_out(), 32)
    assert found["flat"]["onset_f1"] == found["quantised"]["onset_f1"] == 1.0
    assert found["quantised"]["velocity_mae"] == 0.0 and found["flat"]["velocity_mae"] > 0.05
    copied = baselines.compare(patterns, patterns.indices("train"), patterns.indices("train"), 32)
    assert copied["nearest"]["onset_f1"] == 1.0 and copied["mean"]["onset_f1"] < 0.9


def test_equal_samples_diverge_less_than_shifted_ones():
    generator = np.random.default_rng(0)
    held_out = generator.normal(size=300)
    near, far = (prior.kl_and_overlap(generator.normal(shift, 1, 300), held_out) for shift in (0, 2))
    assert near[0] < 0.05 < far[0] and near[1] > 0.9 > far[1]


@pytest.fixture
def beat(tmp_path):
    """A MIDI file of four straight bars."""
    hits = [(step / 4, voice, 0.8) for voice, every, first in ((0, 8, 0), (1, 8, 4), (2, 2, 0)) for step in
            range(first, 64, every)]
    return write_midi(tmp_path / "beat.mid", np.array(hits), bpm=110.0)


def test_vary_moves_the_attribute_and_keeps_tempo_and_length(trained, beat, tmp_path):
    report = vary.vary(trained[0], beat, tmp_path / "out.mid", {"density": 1.0}, keep=False)
    assert report["density"][1] > report["density"][0]
    read = read_midi(tmp_path / "out.mid")
    assert read.bpm == pytest.approx(110.0, abs=1e-3) and 8 < read.hits[-1, 0] <= 16
    assert all(message.note in SENT for message in mido.MidiFile(tmp_path / "out.mid") if message.type == "note_on")


def test_vary_without_a_knob_changes_nothing(trained, beat, tmp_path):
    vary.vary(trained[0], beat, tmp_path / "out.mid", {})
    assert np.allclose(read_midi(tmp_path / "out.mid").hits, read_midi(beat).hits, atol=0.01)
    with pytest.raises(ValueError, match="expected a knob .*got 'funk'"):
        vary.vary(trained[0], beat, tmp_path / "out.mid", {"funk": 1.0})
    with pytest.raises(ValueError, match=r"density in \[0, 1\], got 2"):
        vary.vary(trained[0], beat, tmp_path / "out.mid", {"density": 2.0})


def test_humanise_keeps_every_hit_and_moves_velocities(trained, beat, tmp_path):
    report = vary.humanise(trained[0], beat, tmp_path / "out.mid")
    assert report["density"][0] == pytest.approx(report["density"][1])
    assert report["dynamics"][1] > report["dynamics"][0]


def test_morph_begins_and_ends_with_the_decoded_beats(trained, beat, tmp_path):
    other = write_midi(tmp_path / "other.mid", np.array([(b, 0, 0.9) for b in range(8)]))
    way = vary.morph(trained[0], beat, other, tmp_path / "out.mid", steps=3)
    assert way["density"][0] == pytest.approx(3.0, abs=0.2) and way["density"][2] < 2.5
    with pytest.raises(ValueError, match="at least 2 steps"):
        vary.morph(trained[0], beat, other, tmp_path / "out.mid", steps=1)
