"""Claims about the linear autoencoders: they are what they say, and the pitch helps where it should."""

import numpy as np
import pytest
from latentsampler.learning.pca import Pca, PitchPca, smooth
from sklearn.decomposition import PCA


def notes(n=200, d=60, noise=0.05, seed=0):
    """Return notes (n, d) that are a function of the pitch, one free direction and noise; and their pitches."""
    rng = np.random.default_rng(seed)
    pitch = rng.integers(40, 80, n).astype(float)
    pitch[:10] = np.nan
    bands = np.arange(d)
    shape = 3.0 * np.exp(-0.5 * ((np.nan_to_num(pitch, nan=30.0)[:, None] - 35 - bands) / 1.5) ** 2)  # a moving peak
    return shape + rng.normal(size=(n, 1)) * np.sin(bands) + noise * rng.normal(size=(n, d)), pitch


def error(model, x, pitch):
    """Return the root mean square error of reconstructions."""
    return np.sqrt(np.mean((model.decode(model.encode(x, pitch), pitch) - x) ** 2))


def test_pca_equals_scikit_learn():
    x = notes()[0]
    expected = PCA(4).fit(x[:150])
    found = Pca(x[:150], 4)
    estimate = found.decode(found.encode(x[150:]))
    assert np.abs(estimate - expected.inverse_transform(expected.transform(x[150:]))).max() < 1e-4
    assert found.spread == pytest.approx(np.sqrt(expected.explained_variance_ * 149 / 150), rel=1e-4)


def test_what_the_pitch_explains_needs_no_code():
    x, pitch = notes()
    known, blind = PitchPca(x[:150], pitch[:150], 1), Pca(x[:150], 1)
    assert error(known, x[150:], pitch[150:]) < 0.3 * error(blind, x[150:], pitch[150:])
    assert known.smoother is not None and known.spread[0] == pytest.approx(np.sqrt((np.sin(np.arange(60)) ** 2).sum()),
                                                                           rel=0.2)


def test_a_pitch_that_explains_nothing_is_not_used():
    rng = np.random.default_rng(1)
    x, pitch = rng.normal(size=(120, 30)), rng.integers(40, 80, 120).astype(float)
    found = PitchPca(x, pitch, 2)
    assert found.smoother is None
    assert found.decode(found.encode(x, pitch), pitch) == pytest.approx(Pca(x, 2).decode(Pca(x, 2).encode(x)), abs=1e-3)


def test_weights_sum_to_one_and_unpitched_notes_have_their_own_mean():
    known = np.array([60.0, 60.0, 62.0, np.nan])
    weights = smooth(np.array([60.0, 61.0, np.nan, 127.0]), known, 0.1)
    assert weights.sum(axis=1) == pytest.approx(np.ones(4))
    assert weights[0, 0] == weights[0, 1] > 0.39 and weights[0, 3] == 0.0
    assert weights[2] == pytest.approx([0, 0, 0, 1])
    assert smooth(np.array([np.nan]), known[:3], 0.1) == pytest.approx(np.full((1, 3), 1 / 3))
    assert smooth(np.array([60.0]), known, None) == pytest.approx(np.full((1, 4), 1 / 4))


def test_the_choice_of_width_holds_out_whole_groups():
    x, pitch = notes(noise=0.0)
    copies, groups = np.repeat(np.arange(len(x)), 2), np.repeat(np.arange(len(x)), 2)
    tied = PitchPca(x[copies], pitch[copies], 1, groups, smoothers=(0.1,)).errors[0.1]
    alone = PitchPca(x, pitch, 1, smoothers=(0.1,)).errors[0.1]
    assert tied == pytest.approx(alone, rel=0.25)  # copies give no more than one of each
    assert PitchPca(x[copies], pitch[copies], 1, smoothers=(0.1,)).errors[0.1] < 0.8 * tied  # at random, a copy helps
