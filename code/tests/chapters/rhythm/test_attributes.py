"""Claims about attributes, on patterns written by hand and against an independent implementation."""

import numpy as np
import pytest
import torch
from latentsampler.chapters.rhythm.attributes import ATTRIBUTES, LEVELS, measure
from latentsampler.chapters.rhythm.grid import VOICES


def pattern(velocity=0.8, offset=0.0, **voices):
    """Return a pattern (1, 3, 9, 32) from a line of x and . per voice; one bar is played twice."""
    grid = torch.zeros(1, 3, 9, 32)
    for name, line in voices.items():
        line = line.replace(" ", "")
        for step, sign in enumerate(line * (32 // len(line))):
            if sign == "x":
                grid[0, :, VOICES.index(name), step] = torch.tensor([1.0, velocity, offset])
    return grid


def value(name, grid):
    """Return one attribute of one pattern."""
    return float(measure(grid)[0, ATTRIBUTES.index(name)])


ROCK = {"kick": "x... .... x... ....", "snare": ".... x... .... x...", "closed_hat": "x.x. x.x. x.x. x.x."}


def test_density_counts_onsets_per_beat():
    assert value("density", pattern(**ROCK)) == pytest.approx(12 / 4)
    assert value("density", pattern(kick="x... .... .... ....")) == pytest.approx(0.25)


@pytest.mark.parametrize(("kick", "expected"), [
    ("x... x... x... x...", 0.0),  # on every beat: nothing
    ("x... .... x... ....", 0.0),
    ("..x. ..x. ..x. ..x.", (1 + 2 + 1 + 3) / 4),  # off-beats, level -3: rests at -2, -1, -2, 0 follow
    (".... .... .... ...x", 4.0),  # the last sixteenth holds over the bar line
    ("x... ..x. .... ....", (0 + 2) / 2)])  # held over the half bar
def test_syncopation_of_longuet_higgins_and_lee_by_hand(kick, expected):
    assert value("syncopation", pattern(kick=kick)) == pytest.approx(expected)


def test_metrical_levels_are_those_of_four_four():
    assert LEVELS[:16].tolist() == [0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4]


def test_syncopation_equals_a_direct_search_for_the_highest_rest():
    generator = np.random.default_rng(0)
    for _ in range(50):
        line = generator.random(32) < generator.uniform(0.05, 0.7)
        if not line.any():
            continue
        total = 0
        for step in np.flatnonzero(line):
            rests, after = [], (step + 1) % 32
            while not line[after]:
                rests.append(LEVELS[after])
                after = (after + 1) % 32
            total += max(0, max(rests, default=-9) - LEVELS[step])
        grid = torch.zeros(1, 3, 9, 32)
        grid[0, 0, 1] = torch.from_numpy(line).float()
        assert value("syncopation", grid) == pytest.approx(total / line.sum(), abs=1e-5)


def test_hats_and_cymbals_do_not_syncopate():
    assert value("syncopation", pattern(kick="x... .... x... ....", closed_hat="..x. ..x. ..x. ..x.")) == 0.0


def test_balance_is_one_for_low_voices_only_and_minus_one_for_high_ones():
    assert value("balance", pattern(kick="x...", low_tom="..x.")) == pytest.approx(1.0)
    assert value("balance", pattern(ride="x.x.", crash="x...")) == pytest.approx(-1.0)
    assert value("balance", pattern(**ROCK)) == pytest.approx((2 - 8) / 10)
    assert value("balance", pattern(snare="x...")) == 0.0


def test_swing_is_how_late_off_beat_sixteenths_are():
    late = pattern(closed_hat="x.x.") + pattern(closed_hat=".x.x", offset=0.3)
    assert value("swing", late) == pytest.approx(0.3)
    all_late = pattern(closed_hat="x.x.", offset=0.2) + pattern(closed_hat=".x.x", offset=0.2)
    assert value("swing", all_late) == pytest.approx(0.0, abs=1e-6)  # a lazy drummer does not swing
    assert value("swing", pattern(closed_hat="x.x.", offset=0.2)) == 0.0


def test_dynamics_is_the_deviation_of_velocity():
    assert value("dynamics", pattern(**ROCK)) == pytest.approx(0.0, abs=1e-4)
    two = pattern(kick="x... ....", velocity=1.0) + pattern(snare=".... x...", velocity=0.5)
    assert value("dynamics", two) == pytest.approx(0.25, abs=1e-4)


def test_snare_is_its_share_of_the_velocities():
    two = pattern(kick="x... ....", velocity=0.9) + pattern(snare=".... x...", velocity=0.3)
    assert value("snare", two) == pytest.approx(0.25)


def test_attributes_are_finite_for_nothing_and_everything_and_have_gradients():
    grid = torch.stack([torch.zeros(3, 9, 32), torch.ones(3, 9, 32) * 0.4]).requires_grad_()
    values = measure(grid)
    values.sum().backward()
    assert torch.isfinite(values).all() and torch.isfinite(grid.grad).all()
