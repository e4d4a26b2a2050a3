"""Where the two circles send their points."""

import numpy as np
import pytest
from scipy import stats

WALK = ("wae-clock", "wae-walk")


def settings(seed=1, **changes):
    """Messages that set all that the walk reads, at time 0."""
    values = {"x1": 0.3, "y1": -0.7, "d1": 1.6, "r1": 0, "s1": 8, "x2": -0.2, "y2": 0.4, "d2": 2.5, "r2": 0, "s2": 13,
              "tempo": 1500, "division": 4, "swing": 0, "direction": 0, "sync": 0, "seed": seed, **changes}
    return [(0.0, f"/wae/{name} {value!r}") for name, value in values.items()]


def walked(bench, steps, **changes):
    """Walk for a number of steps of 10 ms; return the points of both circles."""
    tables = [(0.0, f"wae-steps-{k} const 1") for k in (1, 2)]
    _, kept = bench.run(with_tables(WALK), [*settings(**changes), *tables, (5.0, "/wae/run 1")], 10.0 * steps + 4,
                        {"/wae/now/1": 2, "/wae/now/2": 2}, rows=steps + 10)
    return kept["/wae/now/1"][:steps], kept["/wae/now/2"][:steps]


def with_tables(boxes):
    """Put the tables of the steps' chances before the walk, which reads them by name."""
    return ["array define wae-steps-1 64", "array define wae-steps-2 64", *boxes]


def circle(centre, diameter, steps, k):
    """The k-th points by the formula, in double precision."""
    angle = 2 * np.pi * (k % steps) / steps
    return np.stack([centre[0] + diameter / 2 * np.cos(angle), centre[1] + diameter / 2 * np.sin(angle)], axis=1)


def test_without_randomness_points_lie_on_the_circles_within_1e6(bench):
    first, second = walked(bench, 40)
    k = np.arange(40)
    assert np.abs(first - circle((0.3, -0.7), 1.6, 8, k)).max() < 1e-6
    assert np.abs(second - circle((-0.2, 0.4), 2.5, 13, k)).max() < 1e-6


@pytest.mark.parametrize("direction, order", [(1, [0, 4, 3, 2, 1, 0, 4]), (2, [0, 1, 2, 3, 4, 3, 2])])
def test_directions_order_the_steps(bench, direction, order):
    first, _ = walked(bench, 7, s1=5, direction=direction)
    assert np.abs(first - circle((0.3, -0.7), 1.6, 5, np.array(order))).max() < 1e-6


def test_any_direction_visits_all_steps_equally(bench):
    first, _ = walked(bench, 1200, s1=6, direction=3)
    angle = np.arctan2(first[:, 1] + 0.7, first[:, 0] - 0.3)
    counts = np.bincount(np.round(angle / (2 * np.pi / 6)).astype(int) % 6, minlength=6)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_full_randomness_fills_the_disc_uniformly(bench):
    first, _ = walked(bench, 3000, s1=1, r1=1)
    offset = (first - np.array([0.3 + 0.8, -0.7])) / 0.8  # step 0 of one lies at the circle's right
    radius, angle = np.hypot(*offset.T), np.arctan2(offset[:, 1], offset[:, 0])
    assert radius.max() <= 1 + 1e-5
    cells = np.floor(radius**2 * 5).clip(0, 4) * 8 + np.floor((angle + np.pi) / (2 * np.pi) * 8).clip(0, 7)
    assert stats.chisquare(np.bincount(cells.astype(int), minlength=40)).pvalue > 1e-3


def test_randomness_reaches_no_further_than_its_share_of_the_radius(bench):
    first, _ = walked(bench, 500, s1=1, r1=0.25)
    reach = np.hypot(*(first - np.array([1.1, -0.7])).T).max()
    assert 0.95 * 0.2 < reach <= 0.2 + 1e-5


def test_same_seed_same_walk_and_another_seed_another(bench):
    changes = {"r1": 1, "r2": 1, "direction": 3}
    once, again, other = (walked(bench, 60, seed=seed, **changes) for seed in (5, 5, 6))
    assert np.array_equal(once[0], again[0]) and np.array_equal(once[1], again[1])
    assert np.abs(once[0] - other[0]).max() > 0.1


def test_the_generator_is_wichmann_and_hill_of_1982(bench):
    seed, who, what = 7, 3, 1
    stream = 10 * who + what
    state = [1 + (seed * a + stream * b) % m for a, b, m in
             ((131, 7177, 30268), (173, 4099, 30306), (199, 2113, 30322))]
    expected = []
    for _ in range(200):
        state = [a * s % m for s, a, m in zip(state, (171, 172, 170), (30269, 30307, 30323), strict=True)]
        expected.append(sum(s / m for s, m in zip(state, (30269, 30307, 30323), strict=True)) % 1)
    events = [(0.0, f"/wae/seed {seed}"), (1.0, "/draw 1")]
    _, kept = bench.run(["r /draw", "metro 1", f"wae-random {who} {what}", "s /drawn"], events, 200.5, {"/drawn": 1})
    found = kept["/drawn"][:200, 0]
    distance = np.abs(found - expected)
    assert np.minimum(distance, 1 - distance).max() < 1e-6  # sums just below and just above a whole number meet


def test_a_step_whose_chance_is_zero_rests_and_a_half_sounds_half_the_time(bench):
    events = [*settings(s1=2, s2=1), (0.0, "wae-steps-1 0 0 0.5"), (0.0, "wae-steps-2 const 1"), (5.0, "/wae/run 1")]
    _, kept = bench.run(with_tables(["wae-clock", "wae-walk", "s /sounded"]), events, 10_004.0,
                        {"/sounded": 4}, rows=2000)
    points = kept["/sounded"]
    assert (points[:, 0] < 0.3).all()  # step 0 lies to the right, step 1 to the left
    assert abs(len(points) - 250) < 4 * np.sqrt(500 * 0.25)


def test_swing_delays_every_second_step_by_its_share_of_half_a_step(bench):
    boxes = ["wae-clock", "t b", "timed"]
    (bench.folder / "timed.pd").write_text(
        "#N canvas 0 0 300 200 12;\n#X obj 20 20 inlet;\n#X obj 20 50 t b b;\n#X obj 20 90 timer;\n"
        "#X obj 20 120 s /time;\n#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n#X connect 1 1 2 1;\n#X connect 2 0 3 0;\n")
    events = [*settings(tempo=150, swing=0.5), (5.0, "/wae/run 1")]
    _, kept = bench.run(boxes, events, 2005.0, {"/time": 1})
    gaps = kept["/time"][1:, 0]  # step 100 ms: 125 to the late step, 75 back to the beat
    assert np.allclose(gaps[0:10:2], 125, atol=1e-3) and np.allclose(gaps[1:10:2], 75, atol=1e-3)
