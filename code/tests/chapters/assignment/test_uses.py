"""Claims about what the layer is for: the gradient through it, and partials that glide."""

import itertools

import main
import numpy as np
import pytest
import soundfile
import torch
from latentsampler.chapters.assignment import comparisons, localiser, morph
from latentsampler.chapters.assignment.solvers import SOLVERS


def test_the_gradient_of_the_stopped_exact_matching_is_that_of_permutation_invariant_training():
    generator = torch.Generator().manual_seed(0)
    truth, answers = (localiser.directions(30, 4, generator) for _ in range(2))
    gradients = []
    for match in (localiser.permutation_invariant, localiser.exact_stopped):
        x = answers.clone().requires_grad_()
        localiser.loss_of(match, truth, x).backward()
        gradients.append(x.grad)
    torch.testing.assert_close(*gradients)


def test_the_gradient_of_exact_matching_is_the_finite_difference_of_the_optimal_cost():
    figures = localiser.gradient_agreement(localiser.exact_stopped, count=40)
    assert figures["cosine"] > 0.999


def test_a_warm_plan_has_a_gradient_that_points_elsewhere():
    cold, warm = (localiser.gradient_agreement(localiser.entropic(blur, 50), count=40) for blur in (0.02, 1.0))
    assert warm["cosine"] < cold["cosine"] and cold["cosine"] > 0.98


def test_features_turn_with_what_was_simulated():
    setting = localiser.Setting(noise=0.0, snapshots=4000)
    generator = torch.Generator().manual_seed(0)
    truth = localiser.directions(2, 1, generator)
    features = localiser.simulate(truth, setting, generator)
    microphones, pairs = setting.microphones, setting.microphones * (setting.microphones - 1) // 2
    size = features[:, :pairs].square() + features[:, pairs:2 * pairs].square()
    torch.testing.assert_close(size, torch.ones(2, pairs))  # one source: every pair is coherent
    assert features.shape == (2, 2 * pairs * len(setting.frequencies)) and microphones == 8


def test_a_localiser_learns_through_every_way():
    setting = comparisons.small(localiser.SETTING)
    guess = localiser.angular_error(*(localiser.directions(300, 3, torch.Generator().manual_seed(k)) for k in range(2)))
    for name in ("exact, stopped", "sinkhorn .1 x 20", "min-sum x 24"):
        figures, seconds = localiser.train_localiser(comparisons.ways()[name], setting, 0)
        assert figures["error_degrees"] < 0.8 * guess and seconds > 0.0


def test_partials_are_found_where_they_are():
    sound = comparisons.note(220.0, [0, -6, -12, -30], stretch=1e-3)
    found = morph.analyse(sound)
    n = np.arange(1, 5)
    np.testing.assert_allclose(found.hz, 220.0 * n * np.sqrt(1.0 + 1e-3 * n ** 2), rtol=1e-3)
    assert np.diff(found.level)[:2] == pytest.approx([-6.0, -6.0], abs=0.3)


@pytest.mark.parametrize("layer", ["min-sum x 24", "scipy"])
def test_equal_sounds_match_partial_by_partial_and_octaves_keep_their_order(layer):
    one, other = (morph.analyse(comparisons.note(f0, [0, -6, -9, -12])) for f0 in (220.0, 240.0))
    assert (morph.match(one, one, SOLVERS[layer]) == np.eye(4, dtype=bool)).all()
    assert (morph.match(one, other, SOLVERS[layer]) == np.eye(4, dtype=bool)).all()


def test_a_morph_glides_at_equal_loudness_and_a_crossfade_jumps():
    report = comparisons.compare_morphs(steps=6)
    assert report["morph"]["rising"] == 1.0 and report["crossfade"]["rising"] < 0.5
    assert report["morph"]["largest_jump"] < 0.25 and report["crossfade"]["largest_jump"] > 0.9
    assert report["morph"]["loudness_range"] < 0.1


def test_the_ends_of_a_morph_are_those_of_a_crossfade():
    notes = ((220.0, [0, -6]), (300.0, [0, -9, -12]))
    one, other = (morph.analyse(comparisons.note(f0, levels)) for f0, levels in notes)
    pairs = morph.match(one, other, SOLVERS["scipy"])
    for end in (0.0, 1.0):
        glide, fade = morph.morph(one, other, pairs, end, 4000), morph.crossfade(one, other, end, 4000)
        assert np.abs(glide - fade).max() < 1e-3 * np.abs(fade).max()


def test_the_command_writes_steps_of_both_kinds(tmp_path, capsys):
    for name, f0 in (("a", 220.0), ("b", 330.0)):
        soundfile.write(tmp_path / f"{name}.wav", comparisons.note(f0, [0, -6, -9]), morph.SAMPLE_RATE)
    sounds, out = (tmp_path / "a.wav", tmp_path / "b.wav"), tmp_path / "out"
    arguments = ["assignment", "morph", *sounds, "--steps", "4", "--out", out]
    assert main.main([str(x) for x in arguments]) == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(
        f"{kind}-{k}.wav" for kind, k in itertools.product(("morph", "crossfade"), range(1, 5)))
    assert "3 pairs of partials" in capsys.readouterr().out
    assert main.main([str(x) for x in (*arguments[:2], tmp_path / "none.wav", *arguments[3:])]) == 2
    assert "found none at" in capsys.readouterr().err
    soundfile.write(tmp_path / "a.wav", np.zeros(9000), morph.SAMPLE_RATE)
    assert main.main([str(x) for x in arguments]) == 2
    assert "silence" in capsys.readouterr().err


def test_the_command_draws_a_folder(tmp_path, capsys):
    spec = "generated:size=3,count=20"
    assert main.main(["assignment", "build", "--source", spec, "--out", str(tmp_path / "m")]) == 0
    assert "wrote" in capsys.readouterr().out and (tmp_path / "m" / "distances.npy").is_file()


def test_the_study_of_gradients_has_a_cell_for_each_way_and_seed():
    pytest.importorskip("latentsampler.experiments.grid")
    from latentsampler.chapters.assignment import studies

    study = studies.STUDIES["gradient"]
    cells = study.cells(study.small, dict.fromkeys(study.sources, "not there"))
    assert len(cells) == 2 * len(comparisons.ways()) and "exact, stopped/seed1" in cells
