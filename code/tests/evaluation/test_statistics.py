"""Claims about intervals: they hold the truth as often as they say."""

import numpy as np
import pytest
from latentsampler.evaluation.statistics import bootstrap_interval, paired_difference, t_interval
from scipy import stats


def held(interval, truth):
    """Whether an interval holds a value."""
    return interval.low <= truth <= interval.high


def test_a_bootstrap_interval_of_a_mean_equals_the_normal_one_for_many_values():
    values = np.random.default_rng(0).normal(3.0, 2.0, 2000)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert bootstrap_interval(values) == pytest.approx((values.mean(), values.mean() - half, values.mean() + half),
                                                       abs=0.01)


def test_a_95_percent_interval_holds_the_true_median_in_about_95_percent_of_experiments():
    rng = np.random.default_rng(1)
    count = sum(held(bootstrap_interval(rng.exponential(size=60), np.median, n_resamples=400), np.log(2))
                for _ in range(200))
    assert 0.90 <= count / 200 <= 0.99


@pytest.mark.parametrize("statistic", [np.mean, np.median])
def test_notes_of_one_recording_do_not_count_as_independent(statistic):
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(30), 20)
    covered = {"notes": 0, "groups": 0}
    for _ in range(60):
        values = rng.normal(size=30)[groups] + 0.1 * rng.normal(size=600)  # all the spread is between recordings
        covered["notes"] += held(bootstrap_interval(values, statistic, n_resamples=300), 0.0)
        covered["groups"] += held(bootstrap_interval(values, statistic, groups, n_resamples=300), 0.0)
    assert covered["groups"] >= 52 and covered["notes"] <= 35


def test_the_interval_of_a_few_seeds_is_students():
    values = [1.0, 2.0, 4.0]
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert t_interval(values) == pytest.approx((7 / 3, expected.low, expected.high))


def test_a_paired_difference_of_three_seeds_is_a_paired_t_test():
    a, b = [3.0, 4.1, 5.2], [2.0, 3.0, 4.0]
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert paired_difference(a, b) == pytest.approx((1.1, expected.low, expected.high))


def test_a_difference_of_a_hundredth_shows_in_pairs_and_not_in_the_two_means():
    rng = np.random.default_rng(3)
    hard = rng.normal(10.0, 2.0, 100)
    a, b = hard + 0.01 + 0.01 * rng.normal(size=100), hard
    assert paired_difference(a, b).low > 0.0
    assert bootstrap_interval(a).low < bootstrap_interval(b).high


def test_few_recordings_are_compared_by_their_means():
    a, groups = np.array([1.0, 3.0, 2.0, 2.0, 5.0]), ["x", "x", "y", "y", "z"]
    assert paired_difference(a, np.zeros(5), groups) == pytest.approx(t_interval([2.0, 2.0, 5.0]))


def test_the_same_seed_gives_the_same_interval():
    values, groups = np.random.default_rng(4).normal(size=50), np.repeat(np.arange(25), 2)
    for given in (None, groups):
        assert bootstrap_interval(values, groups=given, seed=5) == bootstrap_interval(values, groups=given, seed=5)
        assert bootstrap_interval(values, groups=given, seed=5) != bootstrap_interval(values, groups=given, seed=6)


def test_what_cannot_be_resampled_is_refused():
    with pytest.raises(ValueError, match="at least two values"):
        bootstrap_interval([1.0])
    with pytest.raises(ValueError, match="at least two groups"):
        bootstrap_interval([1.0, 2.0], groups=["a", "a"])
    with pytest.raises(ValueError, match="one group for each of 2"):
        bootstrap_interval([1.0, 2.0], groups=["a"])
    with pytest.raises(ValueError, match="expected pairs"):
        paired_difference([1.0, 2.0], [1.0, 2.0, 3.0])
