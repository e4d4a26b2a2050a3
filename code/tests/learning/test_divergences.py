"""Claims about the distances to the prior: closed forms, plain loops, and an independent optimal-transport library."""

import itertools
import math

import numpy as np
import pytest
import torch
from latentsampler.learning import divergences, transport
from scipy.special import hyp1f1
from scipy.stats import norm
from torch.distributions import Normal, kl_divergence


@pytest.fixture
def clouds():
    """Two clouds of 40 points in 4 dimensions, in double precision, one wider and moved."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 40, 4, generator=generator, dtype=torch.float64)
    return 1.5 * x + 0.5, y


@pytest.fixture
def posterior():
    """Means and log-variances of 5 posteriors in 3 dimensions, in double precision."""
    return torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64).unbind()


def each_coordinate(posterior, function):
    """Sum over dimensions, mean over notes, of a function of (mean, deviation)."""
    mean, log_variance = (part.numpy() for part in posterior)
    values = [function(m, s) for m, s in zip(mean.ravel(), np.exp(0.5 * log_variance).ravel(), strict=True)]
    return np.reshape(values, mean.shape).sum(1).mean()


LINE = np.linspace(-40, 40, 100_001)


def integral(values):
    """The integral over LINE of values there: smooth functions that vanish at both ends converge at once."""
    return values.sum() * (LINE[1] - LINE[0])


def test_kl_equals_torch_distributions(posterior):
    mean, log_variance = posterior
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(1).mean()
    assert float(divergences.kl(*posterior)) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_renyi_equals_its_integral(posterior, alpha):
    def one(m, s):
        return math.log(integral(norm.pdf(LINE, m, s) ** alpha * norm.pdf(LINE) ** (1 - alpha))) / (alpha - 1)

    assert float(divergences.renyi(*posterior, alpha)) == pytest.approx(each_coordinate(posterior, one), rel=1e-5)


def test_renyi_of_an_order_near_one_is_the_kl(posterior):
    assert float(divergences.renyi(*posterior, 1 - 1e-6)) == pytest.approx(float(divergences.kl(*posterior)), rel=1e-5)


@pytest.mark.parametrize("alpha", [0.2, 0.5])
def test_geometric_js_equals_its_integral(posterior, alpha):
    def one(m, s):
        q, p = norm.logpdf(LINE, m, s), norm.logpdf(LINE)
        mixed = alpha * q + (1 - alpha) * p
        mixed = mixed - math.log(integral(np.exp(mixed)))
        return ((1 - alpha) * integral(np.exp(q) * (q - mixed)) + alpha * integral(np.exp(p) * (p - mixed)))

    expected = each_coordinate(posterior, one)
    assert float(divergences.geometric_js(*posterior, alpha)) == pytest.approx(expected, rel=1e-5)


def test_geometric_js_goes_from_one_kl_to_the_other(posterior):
    mean, log_variance = posterior
    reverse = kl_divergence(Normal(0.0, 1.0), Normal(mean, (0.5 * log_variance).exp())).sum(1).mean()
    for alpha, expected in ((1e-7, divergences.kl(*posterior)), (1 - 1e-7, reverse)):
        assert float(divergences.geometric_js(*posterior, alpha)) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("function", [divergences.renyi, divergences.geometric_js])
def test_orders_outside_the_open_unit_interval_are_named(function, posterior):
    with pytest.raises(ValueError, match=r"in \(0, 1\), got 1.0"):
        function(*posterior, 1.0)


@pytest.mark.parametrize(("function", "kernel"), [
    (divergences.mmd_imq, lambda squared, width: width / (width + squared)),
    (divergences.mmd_gaussian, lambda squared, width: math.exp(-squared / width))])
def test_mmd_equals_a_double_loop(function, kernel, clouds):
    x, y = (cloud.numpy() for cloud in clouds)

    def mean(a, b, same):
        values = [sum(kernel(((p - q) ** 2).sum(), 2 * 4 * scale) for scale in divergences.SCALES)
                  for (i, p), (j, q) in itertools.product(enumerate(a), enumerate(b)) if not (same and i == j)]
        return np.mean(values)

    expected = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
    assert float(function(*clouds)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("function", [divergences.mmd_imq, divergences.mmd_gaussian])
def test_mmd_of_two_samples_of_the_prior_is_zero_on_average(function):
    generator = torch.Generator().manual_seed(2)
    values = torch.stack([function(*torch.randn(2, 32, 4, generator=generator)) for _ in range(400)])
    assert abs(float(values.mean())) < 3 * float(values.std()) / 20


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 8, 16])
def test_the_mean_over_directions_is_kummers_function(dimension):
    squared = torch.tensor([0.0, 0.1, 1.0, 10.0, 100.0, 1000.0], dtype=torch.float64)
    expected = hyp1f1(0.5, dimension / 2, -squared.numpy())
    assert np.allclose(divergences._mean_over_directions(squared, dimension).numpy(), expected, atol=1e-5)


def test_cramer_wold_equals_its_integrals_over_lines_in_the_plane(clouds):
    codes = clouds[0][:, :2]
    gamma = (4 / (3 * len(codes))) ** 0.4
    line = np.linspace(-15, 15, 601)
    values = []
    for angle in np.arange(90) * np.pi / 90:
        projected = codes.numpy() @ [np.cos(angle), np.sin(angle)]
        smoothed = norm.pdf(line[:, None], projected, math.sqrt(gamma)).mean(1)
        values.append(np.trapezoid((smoothed - norm.pdf(line, 0, math.sqrt(1 + gamma))) ** 2, line))
    assert float(divergences.cramer_wold(codes)) == pytest.approx(np.mean(values), rel=1e-5)


def test_separate_posteriors_on_a_grid_have_no_total_correlation_and_on_a_diagonal_all_of_it():
    side = 100.0 * torch.arange(5, dtype=torch.float64)
    grid, diagonal = torch.cartesian_prod(side, side), torch.stack([side, side], dim=1)  # (25, 2), (5, 2)
    for mean, information, correlation in ((grid, math.log(25), 0.0), (diagonal, math.log(5), math.log(5))):
        terms = divergences.information_terms(mean + 0.5, mean, torch.zeros_like(mean))
        assert [float(term) for term in terms[:2]] == pytest.approx([information, correlation], abs=1e-6)


def test_the_information_terms_sum_to_the_kl(posterior):
    mean, log_variance = (part.repeat(2000, 1) for part in posterior)  # (10000, 3)
    z = mean + (0.5 * log_variance).exp() * torch.randn(mean.shape, generator=torch.Generator().manual_seed(3))
    few = [part[::5][:400] for part in (z, mean, log_variance)]
    total = sum(float(term) for term in divergences.information_terms(*few))
    prior = divergences.log_normal(few[0], torch.zeros_like(few[0]), torch.zeros_like(few[0]))
    expected = float((divergences.log_normal(*few) - prior).sum(1).mean())
    assert total == pytest.approx(expected, abs=1e-6)


def test_sliced_wasserstein_equals_pot(clouds):
    ot = pytest.importorskip("ot")
    vectors = transport.directions(4, 50, torch.Generator().manual_seed(4)).double()
    x, y = (cloud.numpy() for cloud in clouds)
    expected = 4 * ot.sliced_wasserstein_distance(x, y, projections=vectors.numpy(), p=2) ** 2
    assert float(transport.sliced_wasserstein(*clouds, vectors)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("blur", [0.1, 0.5])
def test_sinkhorn_equals_pot_within_one_percent(blur, clouds):
    ot = pytest.importorskip("ot")
    x, y = (cloud.numpy() for cloud in clouds)
    epsilon, even = blur * 2 * 4, np.full(24, 1 / 24)

    def cost(a, b):
        distances = ot.dist(a, b)
        plan = ot.sinkhorn(even, even, distances, epsilon, method="sinkhorn_log", numItermax=3000, stopThr=1e-7)
        return (plan * distances).sum() + epsilon * (plan * np.log(plan * 576 + 1e-300)).sum()

    x, y = x[:24], y[:24]
    expected = cost(x, y) - 0.5 * cost(x, x) - 0.5 * cost(y, y)
    assert float(transport.sinkhorn(clouds[0][:24], clouds[1][:24], blur)) == pytest.approx(expected, rel=0.01)


def test_without_blur_the_sinkhorn_cost_is_the_exact_transport(clouds):
    ot = pytest.importorskip("ot")
    even = np.full(40, 1 / 40)
    expected = ot.emd2(even, even, ot.dist(*(cloud.numpy() for cloud in clouds)))
    assert float(transport.sinkhorn_cost(*clouds, 0.01, 2000)) == pytest.approx(expected, rel=0.01)


def test_the_gradient_of_sinkhorn_is_that_of_its_value(clouds):
    x, y = clouds[0].clone().requires_grad_(), clouds[1]
    slope = torch.autograd.grad(transport.sinkhorn(x, y, 0.5, 200), x)[0]
    with torch.no_grad():
        step = 1e-4 * slope
        change = transport.sinkhorn(x + step, y, 0.5, 200) - transport.sinkhorn(x - step, y, 0.5, 200)
    assert float(change) == pytest.approx(2e-4 * float(slope.pow(2).sum()), rel=1e-3)


@pytest.mark.parametrize("dimension", [1, 4, 16])
def test_a_translation_costs_its_squared_length_in_both_transports(dimension):
    x = torch.randn(64, dimension, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    delta = torch.zeros(dimension, dtype=torch.float64)
    delta[0] = 2.0
    vectors = transport.directions(dimension, 20000, torch.Generator().manual_seed(6)).double()
    assert float(transport.sliced_wasserstein(x + delta, x, vectors)) == pytest.approx(4.0, rel=0.05)
    assert float(transport.sinkhorn(x + delta, x)) == pytest.approx(4.0, rel=0.02)


def test_clouds_of_different_sizes_cannot_be_sorted_against_each_other():
    with pytest.raises(ValueError, match=r"one shape, got \(3, 2\) and \(4, 2\)"):
        transport.sliced_wasserstein(torch.zeros(3, 2), torch.zeros(4, 2), torch.ones(2, 1))
