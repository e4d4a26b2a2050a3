"""Figures of sweeps, against what is put in."""

import numpy as np
import pytest
from latentsampler.chapters.projection.sweeps import draw_sweeps, drift, rank_correlation, summarise


def sweeps_of(change):
    """Twelve sweeps of each knob; knob k moves attribute j by ``change[k, j]`` points over the whole sweep."""
    knob = np.arange(48) % 4
    steps = np.linspace(0.0, 1.0, 5)
    return 50.0 + steps[None, :, None] * np.asarray(change, dtype=float)[knob][:, None, :], knob


def test_perfect_knobs_have_perfect_figures():
    heard, knob = sweeps_of(np.diag([10.0, 8.0, 5.0, 12.0]))
    figures = summarise(heard, heard, knob, np.ones(4))
    assert figures["spearman"] == pytest.approx(1.0) and figures["monotone"] == 1.0
    assert figures["crosstalk"] == 0.0 and figures["error_deep"] == 0.0
    assert figures["range_dirty"] == 12.0


def test_cross_talk_is_a_share_in_deviations():
    change = np.diag([10.0] * 4)
    change[1, 3] = -4.0
    heard, knob = sweeps_of(change)
    figures = summarise(heard, heard, knob, np.array([1.0, 2.0, 1.0, 8.0]))
    assert figures["crosstalk_bright_dirty"] == pytest.approx((4.0 / 8.0) / (10.0 / 2.0))
    assert figures["crosstalk"] == figures["crosstalk_bright_dirty"]


def test_a_step_back_of_more_than_a_point_is_not_monotone():
    heard, knob = sweeps_of(np.diag([10.0] * 4))
    heard[knob == 0, 2, 0] -= 3.4  # falls back by 0.9 points
    assert summarise(heard, heard, knob, np.ones(4))["monotone_deep"] == 1.0
    heard[knob == 0, 2, 0] -= 0.2
    assert summarise(heard, heard, knob, np.ones(4))["monotone_deep"] == 0.0


def test_a_dead_knob_has_no_rank_correlation():
    assert rank_correlation(np.full(5, 3.0)) == 0.0
    assert rank_correlation(np.array([1.0, 3.0, 2.0, 4.0, 5.0])) == pytest.approx(0.9)


def test_drift_is_in_cents():
    hz = 220.0 * 2.0 ** (np.array([[0.0, 5.0, -5.0, 0.0, np.nan], [0.0, 0.0, 30.0, 0.0, 0.0]]) / 1200.0)
    figures = drift(hz)
    assert figures["drift_cents"] == pytest.approx(20.0) and figures["unvoiced"] == pytest.approx(0.1)


def test_sweeps_turn_each_knob_equally_often_at_whole_keys():
    sweeps = draw_sweeps(40, 40.0, 72.0, 3)
    assert (np.bincount(sweeps.knob) == 10).all()
    moved = np.ptp(sweeps.knobs, axis=1) > 0  # (n, 4)
    assert (moved == (np.arange(4) == sweeps.knob[:, None])).all()
    assert (sweeps.pitch % 1 == 0).all() and sweeps.pitch.min() >= 40 and sweeps.pitch.max() <= 72
