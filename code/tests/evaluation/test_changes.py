"""Claims about differences of runs: which way they go, and how they are listed."""

import pytest
from latentsampler.evaluation import changes


@pytest.mark.parametrize("interval, outcome", [((1.0, 0.5, 1.5), "worse"), ((-1.0, -1.5, -0.5), "better"),
                                               ((0.1, -0.1, 0.3), "undecided")])
def test_a_change_is_worse_or_better_only_where_its_interval_excludes_zero(interval, outcome):
    assert changes.change(*interval).outcome == outcome


def test_changes_of_one_outcome_are_listed_the_largest_first():
    found = {"a": changes.change(0.1, 0.05, 0.15), "b": changes.change(0.5, 0.4, 0.6), "c": changes.change(0, -1, 1)}
    assert changes.listed(found, "worse") == "b ($+0.50$ [$0.40$, $0.60$]), a ($+0.10$ [$0.05$, $0.15$])"
    assert changes.listed(found, "better") == "none"


def test_a_difference_is_taken_seed_by_seed():
    metrics = {"x/seed0": {"db": 2.0}, "x/seed1": {"db": 5.0}, "y/seed1": {"db": 4.0}, "y/seed0": {"db": 1.0},
               "z/seed0": {"other": 1.0}}
    assert changes.seeds_of(metrics, "y", "db") == [1.0, 4.0] and changes.seeds_of(metrics, "z", "db") == []
    assert changes.difference(metrics, ("x", "db"), ("y", "db")) == pytest.approx((1.0, 1.0, 1.0))
