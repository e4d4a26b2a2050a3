"""What a knob asks for, against the closed form of normal data."""

import numpy as np
import pytest
import torch
from latentsampler.chapters.projection.quantiles import Quantiles
from scipy.stats import kstest, norm

CORRELATION = np.array([[1.0, -0.8, -0.6, 0.4], [-0.8, 1.0, 0.7, -0.1], [-0.6, 0.7, 1.0, 0.1], [0.4, -0.1, 0.1, 1.0]])


@pytest.fixture(scope="module")
def notes():
    """Attributes and pitches of 6,000 notes: correlated normal, falling or rising with pitch."""
    rng = np.random.default_rng(0)
    pitch = rng.uniform(40, 80, 6000)
    points = rng.multivariate_normal(np.zeros(4), CORRELATION, 6000) * [10, 8, 5, 12]
    return points + np.outer(pitch - 60.0, [-1.0, 0.5, 0.2, 0.0]) + 50.0, pitch


@pytest.fixture(scope="module")
def quantiles(notes):
    return Quantiles(*notes)


def test_the_spread_is_the_conditional_deviation_of_a_normal_distribution(quantiles):
    expected = np.array([10, 8, 5, 12]) / np.sqrt(np.diag(np.linalg.inv(CORRELATION)))
    np.testing.assert_allclose(quantiles.spread(torch.tensor([50.0, 60.0, 70.0])), np.tile(expected, (3, 1)), rtol=0.05)


def test_a_knob_asks_for_the_normal_quantile_and_leaves_the_others(quantiles):
    pitch = torch.full((2,), 60.0)
    asked = quantiles(torch.tensor([[0.5, 0.5, 0.5, 0.5], [0.5, 0.9, 0.5, 0.5]]), pitch)
    step = (asked[1] - asked[0]) / quantiles.spread(pitch)[0]
    np.testing.assert_allclose(step, [0.0, norm.ppf(0.9), 0.0, 0.0], atol=0.06)
    np.testing.assert_allclose(asked[0], [50.0] * 4, atol=0.8)


def test_notes_lie_evenly_along_every_knob(notes, quantiles):
    placed = quantiles.place(*(torch.tensor(x, dtype=torch.float32) for x in notes))
    assert all(kstest(column, "uniform").statistic < 0.03 for column in placed.T.numpy())


def test_placing_undoes_the_quantile_when_the_others_are_as_expected(quantiles):
    knobs = torch.full((9, 4), 0.5)
    knobs[:, 2] = torch.linspace(0.1, 0.9, 9)
    pitch = torch.full((9,), 55.0)
    typical = quantiles.centre(pitch).clone()
    typical[:, 2] = quantiles(knobs, pitch)[:, 2]
    np.testing.assert_allclose(quantiles.place(typical, pitch)[:, 2], knobs[:, 2], atol=0.02)


def test_silent_and_unpitched_notes_do_not_count(notes, quantiles):
    points, pitch = (np.concatenate([x, x[:50]]) for x in notes)
    points[-50:-25], pitch[-25:] = np.nan, np.nan
    np.testing.assert_array_equal(Quantiles(points, pitch).centres, quantiles.centres)


def test_too_few_notes_are_refused(notes):
    with pytest.raises(ValueError, match="at least 20 pitched, audible notes, got 19"):
        Quantiles(notes[0][:19], notes[1][:19])
