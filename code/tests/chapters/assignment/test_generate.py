"""Claims about the matrices: what is drawn, how often, how fast, and that their labels are optimal."""

import argparse
import importlib
import itertools
import json
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from latentsampler.chapters.assignment.data import build, open_data
from latentsampler.chapters.assignment.generate import PUBLISHED, Recipe, generate, margins, solve


def test_the_published_number_of_examples_takes_less_than_15_seconds_and_is_balanced():
    begin = time.process_time()
    drawn = generate(Recipe(), 405_000, 0)
    assert time.process_time() - begin < 15.0
    assert list(np.bincount(drawn.assignment.sum((1, 2)))) == [135_000] * 3


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_every_number_of_pairs_is_as_frequent_and_presence_agrees_with_labels(size):
    drawn = generate(Recipe(size), 60 * (size + 1), 3)
    pairs = np.minimum(drawn.rows.sum(1), drawn.columns.sum(1))
    assert (drawn.assignment.sum((1, 2)) == pairs).all()
    assert set(pairs) == set(range(size + 1))
    assert not drawn.assignment[~(drawn.rows[:, :, None] & drawn.columns[:, None])].any()
    assert not drawn.distances[~(drawn.rows[:, :, None] & drawn.columns[:, None])].any()
    if size > 1:
        assert (drawn.rows.sum(1) > drawn.columns.sum(1)).any() and (drawn.rows.sum(1) < drawn.columns.sum(1)).any()


def test_labels_cost_as_little_as_the_best_of_all_orders():
    drawn = generate(Recipe(4), 200, 1)
    full = drawn.take(np.flatnonzero(drawn.rows.all(1) & drawn.columns.all(1)))
    for matrix, label in zip(full.distances, full.assignment, strict=True):
        best = min(sum(matrix[k, order[k]] for k in range(4)) for order in itertools.permutations(range(4)))
        assert matrix[label].sum() == pytest.approx(best, abs=1e-5)


def test_margins_are_those_of_the_two_orders_of_two():
    drawn = generate(Recipe(2), 600, 2)
    full = drawn.take(np.flatnonzero(drawn.rows.all(1) & drawn.columns.all(1)))
    straight, crossed = (full.distances[:, 0, k] + full.distances[:, 1, 1 - k] for k in (0, 1))
    np.testing.assert_allclose(margins(full), np.abs(straight - crossed), atol=2e-6)


def test_a_grid_has_ties_that_jitter_removes():
    grid, jittered = (margins(generate(replace(Recipe(), jitter=amount), 20_000, 5)) for amount in (0.0, 0.01))
    assert 2e-4 < (grid < 1e-6).mean() < 2e-3
    assert (jittered < 1e-7).mean() < 1e-4


def test_same_seed_gives_the_same_and_another_seed_others():
    one, same, other = (generate(Recipe(3), 100, seed) for seed in (4, 4, 5))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert (one.distances != other.distances).any()


def test_great_circles_belong_to_chords():
    chord, angle = (generate(Recipe(3, distance=kind), 200, 6) for kind in ("chord", "angle"))
    np.testing.assert_allclose(2.0 * np.sin(angle.distances / 2.0), chord.distances, atol=2e-6)
    assert angle.distances.max() <= np.pi + 1e-6


def test_one_axis_is_left_in_order_as_published_and_both_are_shuffled_by_us():
    drawn = generate(replace(PUBLISHED, size=6, resolutions=(1,)), 400, 7)
    ours = generate(Recipe(6, resolutions=(1,)), 400, 7)

    def in_order(present):
        return (np.diff(present.astype(int), axis=1) <= 0).all(1)  # the present ones first

    assert (in_order(drawn.rows) | in_order(drawn.columns)).all()
    assert (~in_order(ours.rows) & ~in_order(ours.columns)).mean() > 0.3


def test_published_padding_lies_far_away():
    drawn = generate(PUBLISHED, 2000, 8)
    there = drawn.rows[:, :, None] & drawn.columns[:, None]
    assert drawn.distances[there].max() <= 2.0
    one = drawn.rows[:, :, None] ^ drawn.columns[:, None]
    assert (drawn.distances[one] > 1.0).mean() > 0.99  # a coordinate of padding is never within -1 to 1
    both = ~drawn.rows[:, :, None] & ~drawn.columns[:, None]
    assert 0.4 < (drawn.distances[both] == 0.0).mean() < 0.6


def test_resolutions_with_too_few_elevations_are_left_out():
    assert 30 not in Recipe(10).usable and 30 in Recipe(7).usable
    with pytest.raises(ValueError, match="at least 10 elevations"):
        Recipe(10, resolutions=(30,))


@pytest.mark.parametrize(("changed", "message"), [({"size": 21}, "1 to 20"), ({"shuffle": "rows"}, "both, one, none")])
def test_wrong_recipes_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(Recipe(), **changed)


def test_solve_takes_any_presence():
    distances = np.array([[[3.0, 1.0], [0.5, 9.0]]], dtype=np.float32)
    answer = solve(distances, np.array([[True, False]]), np.array([[True, True]]))
    assert answer.tolist() == [[[False, True], [False, False]]]
    assert not solve(distances, np.array([[False, False]]), np.array([[True, True]])).any()


def test_a_folder_equals_its_specification_and_a_changed_one_is_refused(tmp_path):
    spec = "generated:size=3,seed=5,count=50,distance=angle,resolutions=5+10"
    folder = build(spec, tmp_path / "matrices")
    assert open_data(folder).checksum == open_data(spec).checksum
    assert open_data(folder).recipe == Recipe(3, (5, 10), distance="angle")
    with pytest.raises(FileExistsError, match="remove it"):
        build(spec, folder)
    with pytest.raises(ValueError, match="size of"):
        open_data(folder).at(4)
    about = json.loads((folder / "info.json").read_text())
    (folder / "info.json").write_text(json.dumps({**about, "checksum": "0"}))
    with pytest.raises(ValueError, match="checksum 0"):
        open_data(folder)


@pytest.mark.parametrize("spec", ["generated:sise=3", "generated:colour=red,size=2"])
def test_unknown_fields_are_named(spec):
    with pytest.raises(ValueError, match="expected count, seed, recipe"):
        open_data(spec)


def test_toy_matrices_are_solved_as_they_were_made(tmp_path, root):
    sys.path.insert(0, str(root / "toy"))
    kind = importlib.import_module("toyset.kinds.matrices")
    kind.make(argparse.Namespace(out=tmp_path, seed=3, count=200, size=5, apart=15.0))
    made = open_data(tmp_path).matrices
    assert made.count == 200 and made.assignment.sum() > 200
    assert (solve(made.distances, made.rows, made.columns) == made.assignment).all()
