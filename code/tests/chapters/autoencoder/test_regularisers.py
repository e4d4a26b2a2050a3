"""Claims about the regularisers: what each does to codes, how it scales, where it is monotone, what it learns."""

import math

import numpy as np
import pytest
import torch
from latentsampler.chapters.autoencoder.studies import monotone
from latentsampler.learning import divergences, regularisers
from latentsampler.learning.batch import Batch
from latentsampler.learning.regularisers import METHODS
from torch import distributions, nn

POINTS = [method for method in METHODS if not method.random_encoder and method.weight]
SHAPE = (4, 8, 8)  # latent dimensions, bands, frames


class Coder(nn.Module):
    """The parts of an autoencoder that regularisers call, for mels of 8 bands and 8 frames."""

    def __init__(self, latent_dim):
        super().__init__()
        self.encoder = nn.Linear(64, 2 * latent_dim)
        self.decoder = Linear(latent_dim)

    def posterior(self, log_mel):
        mean, log_variance = self.encoder(log_mel.flatten(1)).chunk(2, dim=1)
        return mean, log_variance, None


class Linear(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.matrix = nn.Linear(latent_dim, 64)

    def forward(self, z, pitch):
        return self.matrix(z).view(-1, 8, 8)


def batch_of(z, log_variance=None, mean=None, module=None):
    notes, size = z.shape
    return Batch(z, z if mean is None else mean, log_variance, torch.randn(notes, size), torch.randn(notes, 8, 8),
                 torch.randn(notes, 8, 8), torch.full((notes,), 60.0), {}, module or Coder(size))


def random_batch(method, notes=32, size=4, mean=0.5):
    torch.manual_seed(0)
    centre = mean + torch.randn(notes, size)
    if not method.random_encoder:
        return batch_of(centre.requires_grad_())
    centre.requires_grad_()
    log_variance = torch.full_like(centre, -2.0)
    return batch_of(centre + math.exp(-1.0) * torch.randn_like(centre), log_variance, centre)


def test_there_are_at_least_sixteen_methods_each_under_its_own_name():
    assert len(METHODS) >= 16
    assert all(getattr(regularisers, method.__name__) is method for method in METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_one_finite_term_with_a_finite_gradient(method):
    batch = random_batch(method)
    terms = method(*SHAPE)(batch)
    slope = torch.autograd.grad(terms["divergence"], batch.mean)[0]
    assert list(terms) == ["divergence"] and torch.isfinite(terms["divergence"]) and torch.isfinite(slope).all()
    assert (slope.abs().sum() > 0) == (method is not regularisers.Plain)


@pytest.mark.parametrize("method", METHODS)
def test_prior_samples_follow_the_generator(method):
    regulariser = method(*SHAPE)
    first, again = (regulariser.sample_prior(7, torch.Generator().manual_seed(3)) for _ in range(2))
    assert first.shape == (7, 4) and torch.equal(first, again)


@pytest.mark.parametrize("method", POINTS)
def test_free_codes_that_follow_it_come_closer_to_the_prior(method):
    torch.manual_seed(0)
    z = nn.Parameter(1.5 + 0.5 * torch.randn(128, 4))
    before = float(divergences.mmd_imq(z.detach(), torch.randn(1000, 4)))
    regulariser, module = method(*SHAPE), Coder(4)
    optimiser = torch.optim.Adam([{"params": z, "lr": 0.05}, {"params": list(regulariser.parameters()), "lr": 0.02}])
    for _ in range(60):
        optimiser.zero_grad()
        regulariser(batch_of(z, module=module))["divergence"].backward()
        optimiser.step()
    assert float(divergences.mmd_imq(z.detach(), torch.randn(1000, 4))) < 0.6 * before


def one_dimension_moved(method, size, shift, options=None):
    """The term of a cloud of which one dimension is moved, on average over four draws."""
    values = []
    for seed in range(4):
        torch.manual_seed(seed)
        regulariser = method(size, 8, 8, **(options or {}))
        centre = torch.zeros(256, size)
        centre[:, 0] = shift
        z = centre + torch.randn(256, size)
        batch = batch_of(z, torch.zeros_like(z), centre) if method.random_encoder else batch_of(z)
        batch.module.encoder.weight.data.zero_()  # the posterior of VampPrior's learned mels: standard normal
        batch.module.encoder.bias.data.zero_()
        batch.module.decoder.matrix.weight.data.zero_()
        with torch.no_grad():
            values.append(float(regulariser.eval()(batch)["divergence"]))
    return np.mean(values)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in (regularisers.Plain, regularisers.Adversarial)])
def test_a_fault_of_one_dimension_counts_alike_at_every_latent_size(method):
    options = {"projections": 1000} if method is regularisers.SlicedWasserstein else {}
    cost = [one_dimension_moved(method, size, 1.5, options) - one_dimension_moved(method, size, 0.0, options)
            for size in (2, 4, 8, 16)]
    assert max(cost) < 1.35 * min(cost)


@pytest.fixture(scope="module")
def curves():
    return monotone.all_curves()


# every method rises with the shift, and with the variance of a centred cloud; away from the centre a wider cloud
# overlaps the prior more, and what is bounded, or weighs a shift by the variance, falls
FALLS_AWAY_FROM_THE_CENTRE = {"MMDGaussian", "MMDInverseMultiquadratic", "CramerWold", "Adversarial", "InfoVAE",
                              "Renyi"}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_rises_with_shift_and_variance_or_is_named_here(method, curves):
    found = [monotone.verdict(curves[method.__name__, way], way) for way in monotone.WAYS]
    if method is regularisers.Plain:
        assert found == ["flat"] * 3
        return
    assert found[:2] == ["rises", "rises"]
    assert (found[2] != "rises") == (method.__name__ in FALLS_AWAY_FROM_THE_CENTRE)


def test_the_table_says_where_a_curve_falls(curves):
    rows = {line.split()[0]: line for line in monotone.table_monotone(curves).splitlines()[1:]}
    assert {name for name, line in rows.items() if "falls" in line} == FALLS_AWAY_FROM_THE_CENTRE
    assert monotone.verdict([0.0, 1.0, 0.4, 2.0], "mean 0..10") == "falls from mean 1: 1 to 0.4"


def test_renyi_falls_away_from_the_centre_by_its_closed_form(curves):
    way = next(way for way in monotone.WAYS if "at mean" in way)
    variances = np.array([variance for _, variance in monotone.WAYS[way]])
    star = 0.5 + 0.5 * variances
    expected = 4 * (0.25 * monotone.MEAN_SHIFT ** 2 / star + np.log(star) - 0.5 * np.log(variances))
    assert curves["Renyi", way] == pytest.approx(expected, rel=1e-4)


def test_a_trained_critic_finds_the_jensen_shannon_divergence():
    line = torch.linspace(-12, 15, 20001, dtype=torch.float64)
    p, q = (distributions.Normal(mean, 1.0).log_prob(line).exp() for mean in (0.0, 2.0))
    middle = 0.5 * (p + q)
    expected = float(0.5 * torch.trapezoid(p * (p / middle).log() + q * (q / middle).log(), line))
    found = monotone.value(regularisers.Adversarial, 2.0, 1.0, latent_dim=1, notes=4000)
    assert found == pytest.approx(expected, rel=0.05) and found < math.log(2.0)


def test_critic_and_codes_get_gradients_of_opposite_sign():
    torch.manual_seed(0)
    regulariser, z = regularisers.Adversarial(*SHAPE), (2.0 + torch.randn(256, 4)).requires_grad_()
    monotone._train(regulariser, batch_of(z.detach()))
    terms = regulariser(batch_of(z))["divergence"]
    ours = torch.autograd.grad(terms, [z, *regulariser.parameters()])
    with torch.no_grad():
        def moved(codes, weights):
            torch.manual_seed(1)
            for parameter, weight in zip(regulariser.parameters(), weights, strict=True):
                parameter.copy_(weight)
            return float(regulariser(batch_of(codes))["divergence"])

        weights = [parameter.clone() for parameter in regulariser.parameters()]
        start = moved(z, weights)
        assert moved(z - 1.0 * ours[0] / ours[0].norm(), weights) < start  # down the slope the codes come closer
        assert moved(z, [w - 0.003 * g for w, g in zip(weights, ours[1:], strict=True)]) > start  # the critic sees more


def test_a_budget_costs_nothing_when_it_is_spent_exactly():
    batch = random_batch(regularisers.Beta)
    spent = divergences.kl(batch.mean, batch.log_variance).item()
    assert regularisers.Beta(*SHAPE, beta=3.0, budget=spent)(batch)["divergence"].item() == pytest.approx(0.0, abs=1e-5)
    assert float(regularisers.Beta(*SHAPE, beta=3.0)(batch)["divergence"]) == pytest.approx(3.0 * spent)


def test_the_gradient_penalty_is_the_squared_jacobian_and_leaves_the_codes_alone():
    torch.manual_seed(0)
    z = torch.randn(4000, 4, requires_grad=True)
    batch = batch_of(z)
    regulariser = regularisers.RAEGradient(*SHAPE, penalty=1.0)
    term = regulariser(batch)["divergence"]
    expected = 0.5 * z.pow(2).sum(1).mean() + batch.module.decoder.matrix.weight.pow(2).sum() / 64
    assert float(term.detach()) == pytest.approx(float(expected.detach()), rel=0.01)
    slope = torch.autograd.grad(term, [z, batch.module.decoder.matrix.weight])
    assert torch.allclose(slope[0], z.detach() / 4000, atol=1e-8) and slope[1].abs().sum() > 0


def test_the_decay_is_half_the_squared_weights_of_the_decoder():
    batch = random_batch(regularisers.RAEDecay)
    weights = sum(float(p.detach().pow(2).sum()) for p in batch.module.decoder.parameters())
    change = [float(regularisers.RAEDecay(*SHAPE, decay=d)(batch)["divergence"].detach()) for d in (0.0, 0.2)]
    assert change[1] - change[0] == pytest.approx(0.1 * weights, rel=1e-3)


def test_the_fitted_prior_has_the_codes_mean_and_covariance():
    torch.manual_seed(0)
    regulariser, mixing = regularisers.RAEDecay(*SHAPE), torch.randn(4, 4)
    for _ in range(300):
        regulariser(batch_of(2.0 + torch.randn(64, 4) @ mixing))
    sample = regulariser.sample_prior(20000, torch.Generator().manual_seed(1))
    assert torch.allclose(sample.mean(0), torch.full((4,), 2.0), atol=0.2)
    scale = (mixing.T @ mixing).diagonal().max()
    assert (torch.cov(sample.T) - mixing.T @ mixing).abs().max() < 0.1 * scale


@pytest.fixture
def flow():
    torch.manual_seed(0)
    flow = regularisers.FlowPrior(5, 8, 8)
    for parameter in flow.parameters():
        nn.init.normal_(parameter, std=0.5)
    return flow.double()


def test_the_flow_inverts_and_knows_its_volume(flow):
    noise = torch.randn(6, 5, dtype=torch.float64)
    with torch.no_grad():
        codes = flow.to_codes(noise)
        back, volume = flow.to_noise(codes)
    assert torch.allclose(back, noise, atol=1e-9)
    jacobian = torch.stack([torch.autograd.functional.jacobian(lambda z: flow.to_noise(z[None])[0][0], z)
                            for z in codes])
    assert torch.allclose(volume, torch.linalg.slogdet(jacobian)[1], atol=1e-9)


def test_a_flow_prior_bends_to_codes_that_no_normal_distribution_fits():
    torch.manual_seed(0)
    regulariser = regularisers.FlowPrior(2, 8, 8)
    optimiser = torch.optim.Adam(regulariser.parameters(), lr=0.01)
    for step in range(250):
        x = torch.randn(256, 2)
        codes = torch.stack([x[:, 0], x[:, 0].pow(2) - 1.0 + 0.3 * x[:, 1]], dim=1)  # a parabola
        cost = -regulariser.log_prior(codes).mean()
        if step == 0:
            before = float(cost.detach())
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
    entropy = 2 * 0.5 * math.log(2 * math.pi * math.e) + math.log(0.3)  # of the parabola: the least possible cost
    assert float(cost.detach()) - entropy < 0.35 * (before - entropy)


def test_the_flow_needs_two_dimensions():
    with pytest.raises(ValueError, match="at least 2 latent dimensions.*got 1"):
        regularisers.FlowPrior(1, 8, 8)


def test_the_vampprior_is_the_mixture_of_posteriors_of_its_notes():
    batch = random_batch(regularisers.VampPrior)
    regulariser = regularisers.VampPrior(*SHAPE, components=6)
    term = float(regulariser(batch)["divergence"].detach())
    assert torch.equal(regulariser.inputs.detach(), batch.log_mel[:6])
    with torch.no_grad():
        mean, log_variance, _ = batch.module.posterior(batch.log_mel[:6])
        parts = distributions.Independent(distributions.Normal(mean, (0.5 * log_variance).exp()), 1)
        mixture = distributions.MixtureSameFamily(distributions.Categorical(torch.ones(6)), parts)
        entropy = distributions.Normal(batch.mean, (0.5 * batch.log_variance).exp()).entropy().sum(1).mean()
        expected = float(-entropy - mixture.log_prob(batch.z).mean())
    assert term == pytest.approx(expected, rel=1e-5)
    sample = regulariser.sample_prior(40000, torch.Generator().manual_seed(2))
    assert torch.allclose(sample.mean(0), mixture.mean, atol=0.05)
    assert torch.allclose(sample.var(0), mixture.variance, rtol=0.05)
