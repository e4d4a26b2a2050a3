"""Terms of models whose axes follow attributes, on codes whose terms are known."""

from types import SimpleNamespace

import pytest
import torch
from latentsampler.chapters.autoencoder.attributes import AttributeRegularised, correlation


def batch(z, wanted):
    """As much of a batch as the term reads."""
    return SimpleNamespace(z=z, prior=torch.randn(z.shape, generator=torch.Generator().manual_seed(1)),
                           labels={"attributes": wanted})


@pytest.fixture
def wanted():
    """Attributes of 40 notes, of which one is silent."""
    values = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
    values[7] = torch.nan
    return values


def terms(z, wanted):
    return {name: float(value) for name, value in AttributeRegularised(6, 8, 8)(batch(z, wanted)).items()}


def test_axes_that_are_their_attributes_cost_little_and_any_rising_function_orders_alike(wanted):
    rest = torch.randn(40, 2, generator=torch.Generator().manual_seed(2))
    exact = terms(torch.cat([wanted.nan_to_num(9.0), rest], dim=1), wanted)
    risen = terms(torch.cat([wanted.nan_to_num(9.0) ** 3 * 50.0, rest], dim=1), wanted)
    turned = terms(torch.cat([-wanted.nan_to_num(9.0), rest], dim=1), wanted)
    assert exact["values"] == 0.0 and 0 < exact["attributes"] < 1.0
    assert risen["attributes"] < exact["attributes"] and risen["values"] > 10.0
    assert turned["attributes"] > 6.0 and turned["values"] > 10.0  # 8: every pair the wrong way round


def test_the_prior_is_asked_of_the_axes_that_follow_nothing(wanted):
    rest = torch.randn(40, 2, generator=torch.Generator().manual_seed(2))
    here, aside, far = (terms(torch.cat([wanted.nan_to_num(9.0) + first, rest + others], dim=1), wanted)["divergence"]
                        for first, others in ((0.0, 0.0), (50.0, 0.0), (0.0, 5.0)))
    assert here == aside < 0.5 * far


def test_too_few_dimensions_are_refused():
    with pytest.raises(ValueError, match="at least 4 latent dimensions, got 3"):
        AttributeRegularised(3, 8, 8)


def test_correlation_is_that_of_numpy():
    a, b = torch.randn(50, 2), torch.randn(50, 3)
    expected = torch.corrcoef(torch.cat([a, b], dim=1).T)[:2, 2:]
    torch.testing.assert_close(correlation(a, b), expected * 49 / 50, atol=1e-5, rtol=1e-4)
