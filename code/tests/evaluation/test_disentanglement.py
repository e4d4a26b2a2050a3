"""Claims about disentanglement: perfect codes score 1, rotated ones less, noise nothing."""

import numpy as np
import pytest
from latentsampler.evaluation.disentanglement import (
    dci,
    disentanglement,
    explained_matrix,
    factor_matrix,
    information_matrix,
    mig,
    modularity,
)
from scipy.stats import ortho_group

SCORES = ("mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness", "interpretability", "scc")


def uniform(n=1000, count=3, seed=0):
    """Return independent factors."""
    return np.random.default_rng(seed).random((n, count))


def test_one_dimension_for_each_factor_scores_one():
    found = disentanglement(uniform(), uniform())
    assert set(found) == {*SCORES, "modularity"}
    assert all(value > 0.9 for value in found.values()), found


def test_order_sign_and_scale_of_dimensions_do_not_matter():
    plain = disentanglement(uniform(), uniform())
    turned = disentanglement(uniform()[:, [2, 0, 1]] * [-3.0, 100.0, 0.01] + 7.0, uniform())
    assert turned == pytest.approx(plain, abs=0.03)


def test_a_random_rotation_keeps_what_is_known_and_loses_where():
    factors = uniform()
    rotated = (factors - 0.5) @ ortho_group.rvs(3, random_state=1)
    plain, found = disentanglement(factors, factors), disentanglement(rotated, factors)
    assert all(found[name] < 0.85 * plain[name] for name in (
        "mig", "sap", "modularity", "dci_disentanglement", "dci_completeness", "interpretability"))
    assert found["dci_informativeness"] > 0.85


def test_independent_noise_scores_nothing():
    found = disentanglement(uniform(seed=1), uniform(seed=0))
    assert all(found[name] < 0.1 for name in (*SCORES, "modularity")), found


def test_two_dimensions_for_one_factor_are_modular_and_not_complete():
    factors = uniform(count=2)
    codes = np.column_stack([factors[:, 0], factors[:, 0], factors[:, 1], factors[:, 1]])
    found = disentanglement(codes, factors)
    assert found["modularity"] > 0.95 and found["dci_disentanglement"] > 0.9
    assert found["mig"] < 0.02 and found["sap"] < 0.02 and found["dci_completeness"] < 0.8


def test_a_code_that_bends_a_factor_monotonically_loses_linearity_only():
    factors = uniform()
    found = disentanglement(np.exp(6 * factors), factors)
    assert found["scc"] == pytest.approx(1.0) and found["mig"] > 0.9
    assert found["interpretability"] < 0.75


def test_information_of_a_correlated_pair_is_that_of_the_normal_law():
    x = np.random.default_rng(0).standard_normal((20000, 2))
    y = 0.8 * x[:, :1] + 0.6 * x[:, 1:]
    information, entropy = information_matrix(x, y)
    assert information[0, 0] == pytest.approx(-0.5 * np.log(1 - 0.64), rel=0.12)  # bins lose some
    assert information[1, 0] == pytest.approx(-0.5 * np.log(1 - 0.36), rel=0.12)
    assert entropy[0] == pytest.approx(np.log(10), abs=1e-3)


def test_the_bias_of_few_notes_is_taken_off():
    values = [information_matrix(uniform(150, 2, seed=k), uniform(150, 2, seed=100 + k))[0] for k in range(20)]
    assert np.mean(values) < 0.06  # (10 - 1)^2 / (2 * 150) = 0.27 without


def test_mig_and_modularity_of_a_matrix_are_as_by_hand():
    information = np.array([[1.0, 0.0], [0.5, 2.0]])
    assert mig(information, np.array([2.0, 2.0])) == pytest.approx(((1.0 - 0.5) / 2 + (2.0 - 0.0) / 2) / 2)
    assert modularity(information) == pytest.approx(((1 - 0.0) + (1 - 0.25 / 4)) / 2)
    assert modularity(np.array([[1.0, 1.0], [0.0, 0.0]])) == pytest.approx(0.0)


def test_explained_is_the_squared_correlation():
    codes, factors = uniform(seed=3), uniform(seed=3) + 0.5 * uniform(seed=4)
    expected = np.corrcoef(codes[:, 1], factors[:, 2])[0, 1] ** 2
    assert explained_matrix(codes, factors)[1, 2] == pytest.approx(expected)


def test_discrete_factors_are_scored_without_an_order():
    factors = np.random.default_rng(0).integers(3, size=(600, 2))
    codes = factors + 0.05 * np.random.default_rng(1).standard_normal((600, 2))
    found = disentanglement(codes, factors, discrete=True)
    assert set(found) == {*SCORES[:5], "modularity"} and all(value > 0.85 for value in found.values()), found
    noise = disentanglement(np.random.default_rng(2).standard_normal((600, 2)), factors, discrete=True)
    assert all(noise[name] < 0.1 for name in SCORES[:5]), noise


def test_a_factor_is_judged_by_the_notes_that_have_it():
    factors = uniform()
    factors[200:, 2] = np.nan
    codes = np.nan_to_num(factors, nan=0.0)
    assert all(value > 0.9 for value in disentanglement(codes, factors).values())


def test_a_constant_dimension_is_not_modular_and_explains_nothing():
    codes = np.column_stack([uniform(), np.full(1000, 2.0)])
    found = disentanglement(codes, uniform())
    assert found["modularity"] == pytest.approx(0.75, abs=0.02)
    assert found["mig"] > 0.9 and found["dci_disentanglement"] > 0.9


def test_constant_and_rare_factors_are_no_question():
    factors = uniform(count=2)
    factors[:, 0], factors[10:, 1] = 3.0, np.nan
    assert all(np.isnan(value) for value in disentanglement(uniform(), factors).values())


def test_one_factor_has_no_modularity():
    assert np.isnan(disentanglement(uniform(), uniform()[:, :1])["modularity"])
    assert np.isnan(dci(uniform(200), uniform(200)[:, :1])[0])


def test_the_factors_of_a_table_are_numbers_and_times_are_logarithms():
    rows = [{"attack_ms": "10", "odd_even": ""}, {"attack_ms": "100", "odd_even": "3"}]
    found = factor_matrix(rows, ("attack_ms", "odd_even", "vibrato_hz"))
    assert found[:, 0] == pytest.approx(np.log([10, 100])) and found[1, 1] == pytest.approx(3.0)
    assert np.isnan(found[0, 1]) and np.isnan(found[:, 2]).all()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="L at least 2"):
        disentanglement(uniform(count=1), uniform())
    with pytest.raises(ValueError, match=r"shapes \(10, 3\) and \(20, 3\)"):
        disentanglement(uniform(10), uniform(20))
