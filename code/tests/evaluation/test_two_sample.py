"""Claims about two-sample tests: they reject as often as they should, and effects mean what they say."""

import time

import numpy as np
import ot
import pytest
import torch
from latentsampler.evaluation.two_sample import mmd2, permutation_p, sliced_wasserstein, two_sample_tests


def normal(n, generator, d=4):
    """Return samples of a standard normal prior."""
    return torch.randn(n, d, generator=generator)


def normals(n, d, seed):
    """Return normal numbers."""
    return np.random.default_rng(seed).standard_normal((n, d))


def test_mmd_equals_a_double_loop_within_1e_9():
    x, y = normals(7, 3, 0) + 0.5, normals(9, 3, 1)
    width = np.median([np.sum((y[i] - y[j]) ** 2) for i in range(9) for j in range(i)])

    def kernel(a, b):
        return np.mean([np.exp(-np.sum((a - b) ** 2) / (s * width)) for s in (0.25, 0.5, 1.0, 2.0, 4.0)])

    def within(z):
        return np.mean([kernel(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j])

    expected = within(x) + within(y) - 2 * np.mean([kernel(a, b) for a in x for b in y])
    assert mmd2(x, y) == pytest.approx(expected, abs=1e-9)


def test_the_sliced_distance_equals_pot_within_5_percent():
    x, y = 1.5 * normals(200, 4, 0) + [1, 0, 0, 0], normals(200, 4, 1)
    assert sliced_wasserstein(x, y) == pytest.approx(ot.sliced_wasserstein_distance(x, y, n_projections=5000, seed=0),
                                                     rel=0.05)


def test_a_shift_in_one_dimension_is_its_length():
    x = normals(50, 1, 0)
    assert sliced_wasserstein(x + 3.0, x) == pytest.approx(3.0)


def test_codes_of_the_prior_are_rejected_at_about_the_level_of_the_test():
    found = [two_sample_tests(normals(64, 4, 100 + k), normal, n=64, n_permutations=99, seed=k) for k in range(40)]
    for name in ("mmd2", "sw2"):
        assert np.mean([f[f"{name}_p"] <= 0.05 for f in found]) <= 0.15  # 3 deviations above 5 %
        assert 0.35 <= np.mean([f[f"{name}_p"] for f in found]) <= 0.65
        assert np.mean([f[f"{name}_effect"] > 1.0 for f in found]) <= 0.15


def test_effects_grow_with_the_shift_and_the_smallest_p_value_is_one_in_200():
    found = [two_sample_tests(normals(300, 4, 0) + shift, normal) for shift in (0.0, 0.25, 0.5, 1.0, 3.0)]
    for name in ("mmd2", "sw2"):
        effects = [f[f"{name}_effect"] for f in found]
        assert effects[0] < 1.3 and all(a < b for a, b in zip(effects, effects[1:], strict=False))
        assert found[-1][f"{name}_p"] == pytest.approx(1 / 200)


def test_too_narrow_a_cloud_is_found_though_its_mean_is_right():
    found = two_sample_tests(0.6 * normals(300, 4, 0), normal)
    assert found["mmd2_effect"] > 2.0 and found["sw2_effect"] > 2.0


def test_a_prior_that_is_no_normal_is_tested_against_itself():
    def uniform(n, generator):
        return torch.rand(n, 2, generator=generator)

    clouds = [np.random.default_rng(k).random((256, 2)) for k in range(4)]
    assert np.mean([two_sample_tests(codes, uniform)["mmd2_effect"] for codes in clouds]) < 0.8
    assert two_sample_tests(clouds[0], lambda n, generator: normal(n, generator, 2))["mmd2_p"] == pytest.approx(1 / 200)


def test_a_p_value_counts_the_relabellings_that_are_as_far_apart():
    assert permutation_p(np.array([3.0, 1.0, 3.0, 4.0])) == pytest.approx(0.75)


@pytest.mark.alone
def test_both_tests_of_256_codes_take_less_than_two_seconds_and_repeat():
    codes = normals(400, 16, 0)
    start = time.process_time()
    first = two_sample_tests(codes, lambda n, generator: normal(n, generator, 16), seed=3)
    assert time.process_time() - start < 2.0
    assert first == two_sample_tests(codes, lambda n, generator: normal(n, generator, 16), seed=3)


def test_codes_that_are_no_cloud_are_refused():
    with pytest.raises(ValueError, match="at least 8 finite codes"):
        two_sample_tests(np.full((20, 2), np.nan), normal)
    with pytest.raises(ValueError, match="at least 8 finite codes"):
        two_sample_tests(np.zeros((4, 2)), normal)
