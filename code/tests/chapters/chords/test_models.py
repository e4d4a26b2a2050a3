"""Predictor, codes, whole songs: equivariance, the best reachable perplexity, files that equal their modules."""

import json
import sys
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from latentsampler.chapters.chords import baselines, experiment, measuring, model, whole
from latentsampler.chapters.chords.alphabet import NONE, transpose
from latentsampler.chapters.chords.predictor import Predictor, last_root
from latentsampler.chapters.chords.songs import open_songs, windows
from latentsampler.chapters.chords.vae import ChordVAE
from latentsampler.contract.events import check_events, load_events
from latentsampler.learning.training import Schedule

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "toy"))
PIECES = st.lists(st.integers(0, NONE), min_size=16, max_size=16)


@pytest.fixture(scope="module")
def networks():
    """Return an untrained predictor and VAE, in evaluation mode."""
    torch.manual_seed(1)
    vae = ChordVAE(width=32, embedding=4)
    vae.tonics.copy_(torch.randint(-9000, 0, (169,)))
    return Predictor(width=32, embedding=4).eval(), vae.eval()


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Return songs of the toy grammar and what is known of it."""
    from toyset.kinds import chords

    out = tmp_path_factory.mktemp("toy")
    chords.make(Namespace(out=out, seed=0, songs=300, form="free", split=0.4))
    return open_songs(out), json.loads((out / "grammar.json").read_text())


@given(PIECES, st.integers(0, 11))
@settings(deadline=None, max_examples=50)
def test_a_transposed_input_gives_the_transposed_prediction(networks, piece, semitones):
    predictor, _ = networks
    x, key = torch.tensor([piece[:8]]), torch.tensor([5])
    rest = torch.tensor([2]), torch.tensor([2])
    moved = transpose(x, semitones)
    if (x == NONE).all():  # nothing to move by, and only the key moves
        return
    p, q = predictor(x, key, *rest), predictor(moved, (key + semitones) % 12, *rest)
    assert torch.equal(p, q[:, :, transpose(torch.arange(169), semitones)])


@given(PIECES, st.integers(0, 11))
@settings(deadline=None, max_examples=50)
def test_a_transposed_piece_has_the_same_code_and_comes_back_transposed(networks, piece, semitones):
    _, vae = networks
    x = torch.tensor([piece])
    moved = transpose(x, semitones)
    (z, tonic), (z2, tonic2) = vae.encode(x), vae.encode(moved)
    assert torch.equal(z, z2)
    if (x != NONE).any():
        assert int(tonic2) == (int(tonic) + semitones) % 12
        there = transpose(torch.arange(169), semitones)
        assert torch.equal(vae.decode(z, tonic), vae.decode(z2, tonic2)[:, :, there])


def test_the_last_root_is_that_of_the_last_chord():
    x = torch.tensor([[NONE] * 8, [NONE, 14, 28, NONE, 43, NONE, NONE, NONE], [0] * 7 + [167]])
    assert last_root(x).tolist() == [0, 3, 11]


def test_probabilities_of_coarser_alphabets_are_sums(networks):
    predictor, _ = networks
    x = torch.randint(0, 169, (5, 8))
    log_p = predictor(x, *(torch.full((5,), v) for v in (24, 7, 2)))
    for name, size in (("a1", 25), ("a2", 85), ("a3", 169)):
        p = measuring.reduced(log_p, name)
        assert p.shape == (5, 8, size) and torch.allclose(p.sum(2), torch.ones(5, 8), atol=1e-5)


def test_the_grammar_says_the_perplexity_that_its_songs_have(toy):
    songs, grammar = toy
    best = grammar_nats(songs, grammar).mean(0)
    assert np.allclose(np.exp(best), grammar["best_perplexity"], rtol=0.04)  # of 25,000 beats


def grammar_nats(songs, grammar):
    """Return nats ``(n, 8)`` of the true probabilities for every window of songs, by powers of the matrices."""
    from latentsampler.chapters.chords.alphabet import symbol_of

    found = windows(songs.songs)
    nats = np.zeros((len(found.x), 8))
    for mode, content in grammar["modes"].items():
        steps = np.array(content["steps"])
        for key in range(12):
            number = {symbol_of((key + d) % 12, q): i for i, (d, q) in enumerate(content["functions"].values())}
            rows = np.flatnonzero(found.key.numpy() == key + 12 * (mode == "minor"))
            for place in range(4):
                here = rows[found.place.numpy()[rows] == place]
                start, ahead = [number[int(s)] for s in found.x[here, -1]], np.eye(len(number))
                for k in range(8):
                    ahead = ahead @ steps[(place + k + 1) % 4]
                    nats[here, k] = -np.log(ahead[start, [number[int(s)] for s in found.y[here, k]]])
    return nats


TINY = replace(experiment.BASE, predictor={"width": 96, "depth": 1, "embedding": 12, "dropout": 0.0},
               vae={"beats": 16, "latent_dim": 16, "width": 48, "embedding": 8}, hide_key=0.0, hide_place=0.0,
               alphabets=(0.0, 0.0, 1.0), schedule=Schedule(steps=4, batch_size=32, valid_every=2))


@pytest.mark.long
def test_a_model_comes_within_two_percent_of_the_best_perplexity(tmp_path):
    from toyset.kinds import chords

    chords.make(Namespace(out=tmp_path, seed=1, songs=1500, form="free", split=0.4))
    songs, grammar = open_songs(tmp_path), json.loads((tmp_path / "grammar.json").read_text())
    config = replace(TINY, weights={**TINY.weights, "beats": 0.0},
                     schedule=Schedule(steps=1100, batch_size=256, learning_rate=5e-3, valid_every=550))
    module, _ = experiment.fit(config, 0, songs, progress=False)
    _, _, test = experiment.divide(songs, config.fold)
    with torch.inference_mode():
        found = measuring.measure_prediction(module.predict, windows(test.songs))["perplexity_a3"]
    best = np.exp(grammar_nats(test, grammar).mean())
    assert best <= found < 1.02 * best


@pytest.mark.parametrize("name", experiment.RUNS)
def test_every_run_made_tiny_takes_steps_and_its_file_equals_it(name, toy, tmp_path):
    songs, _ = toy
    config = experiment.RUNS[name]
    config = replace(config, predictor=TINY.predictor, vae={**TINY.vae, "beats": config.vae["beats"]},
                     whole={"latent_dim": 8, "width": 16} if config.whole else {}, schedule=TINY.schedule)
    out = tmp_path / "chords.pt"
    small = replace(songs, songs=songs.songs[:60])
    metrics, history = experiment.run(config, 0, out, small, progress=False)
    assert [row["step"] for row in history] == [2, 4] and not (tmp_path / "chords.pt.ckpt").exists()
    _, valid, test = experiment.divide(small, config.fold)
    again = experiment.measure(out, test if test.songs else valid)
    assert all(again[key] == pytest.approx(metrics[key], abs=2e-3) for key in again if key in metrics)
    assert config.weights["next"] == 0 or {"accuracy_a1", "perplexity_a3"} <= metrics.keys()


def test_events_follow_the_contract_at_any_controls_and_equal_those_of_the_module(tmp_path):
    torch.manual_seed(2)
    module = experiment.build(TINY).eval()
    model.save_chords(module, tmp_path / "chords.pt", "none")
    loaded, metadata = load_events(tmp_path / "chords.pt")
    controls = torch.randn(30, len(metadata["controls"])) * 8
    controls[0], controls[1, 3] = float("nan"), float("inf")
    events = loaded(controls)
    check_events(events, metadata)
    assert torch.equal(events.nan_to_num(-1), module(controls).nan_to_num(-1))
    assert torch.equal(loaded(controls[:, :4]).nan_to_num(-1),
                       loaded(torch.cat([controls[:, :4], module.default[None, 4:].expand(30, -1)], 1)).nan_to_num(-1))


def test_markers_name_the_chords_that_are_played(tmp_path):
    module = experiment.build(TINY).eval()
    controls = module.default[None].clone()
    symbols, events = module.symbols(controls)[0], module(controls)[0]
    marks = events[events[:, 1] >= 2]
    starts = [b for b in range(16) if (b == 0 or symbols[b] != symbols[b - 1]) and symbols[b] != NONE]
    assert marks[:, 0].tolist() == starts
    assert [int(14 * (p % 12) + v - 2) for v, p in marks[:, 1:3].tolist()] == [int(symbols[b]) for b in starts]


def test_the_baselines_are_probabilities_and_smoothing_beats_repeating(toy):
    songs, _ = toy
    training, _, test = experiment.divide(songs, 0)
    train, held = windows(training.songs), windows(test.songs)
    few = type(held)(*(tensor[::97] for tensor in held))
    rest = few.key, few.place, torch.full_like(few.key, 2)
    found = {}
    for kind in (baselines.Repeat(), baselines.NGram(train), baselines.Nearest(train)):
        log_p = kind(few.x, *rest)
        assert torch.allclose(log_p.exp().sum(2), torch.ones(len(few.x), 8), atol=1e-3)
        found[type(kind).__name__] = float((log_p.argmax(2) == few.y).float().mean())
    assert found["NGram"] > found["Repeat"] + 0.05 and found["Nearest"] > found["Repeat"]


def test_ngram_of_a_counted_context_is_witten_and_bells(toy):
    songs, _ = toy
    found = windows(songs.songs[:1])
    p = baselines.NGram(found, lengths=(1,))
    x, y = p_context(found)
    first = int(x[0])
    follow = y[x == first, 0]
    total, kinds = len(follow), len(set(follow.tolist()))
    lowest = (np.bincount(y[:, 0], minlength=169) + 0.5) / (len(y) + 0.5 * 169)
    expected = (np.bincount(follow, minlength=169) + kinds * lowest) / (total + kinds)
    root = int(last_root(found.x[:1])[0])
    got = p(found.x[:1], *(torch.tensor([v]) for v in (24, 7, 2)))[0, 0].exp().numpy()
    assert np.allclose(got[transpose(np.arange(169), root)], expected, atol=1e-5)


def p_context(found):
    """Return last symbols ``(n,)`` and targets ``(n, 8)`` measured from the last root."""
    from latentsampler.chapters.chords.predictor import relative

    root = last_root(found.x)
    return relative(found.x, root)[:, -1].numpy(), relative(found.y, root).numpy()


def test_a_copy_is_found_in_any_key_and_at_its_length():
    song = np.array([0, 0, 28, 28, 43, 43, 100, 100])
    piece = np.concatenate([[167], transpose(song[1:7], 5), [3]])
    assert measuring.longest_copy(piece[None], [song]) == 6


def test_lengths_are_read_from_the_stops():
    songs = torch.full((2, whole.BARS * 4), whole.STOP)
    songs[0, :12], songs[1] = 5, 7
    assert whole.lengths(songs).tolist() == [3, whole.BARS]


def test_another_device_is_refused(toy, tmp_path):
    with pytest.raises(ValueError, match="device cpu"):
        experiment.run(TINY, 0, tmp_path / "x.pt", toy[0], device="cuda")
