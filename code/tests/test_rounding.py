"""Claims about the bounds that tests take from `tests.rounding`."""

import math

import pytest
import torch

from tests.rounding import UNIT, Shaken, bound, spread


def test_shaking_moves_a_rounded_result_by_at_most_a_unit_roundoff_and_a_moved_one_not_at_all():
    x = torch.linspace(1.0, 2.0, 1000)
    with Shaken(0):
        shaken, moved = torch.mul(x, 1.0), x.reshape(10, 100).t().contiguous()
    assert 0.9 * UNIT < ((shaken.double() - x.double()) / x.double()).abs().max() <= 2.0 * UNIT  # and one own rounding
    assert torch.equal(moved, x.reshape(10, 100).t())


def test_doubles_and_whole_numbers_are_left_alone():
    x = torch.linspace(1.0, 2.0, 100, dtype=torch.float64)
    with Shaken(0):
        assert torch.equal(x * x, x ** 2) and torch.equal(torch.arange(5) + 1, torch.tensor([1, 2, 3, 4, 5]))


@pytest.mark.parametrize("gain", [1.0, 30.0, 1000.0])
def test_the_spread_is_the_first_order_error_when_roundings_are_amplified(gain):
    x = torch.linspace(0.5, 1.0, 4096)
    found = spread(lambda: gain * ((x + 0.25) - 0.25 - x) + x)  # the rounding of a sum near 1, times the gain
    assert UNIT * max(0.7, gain) < found < 4.0 * UNIT * (1.0 + gain)


def test_iterations_of_a_chaotic_map_are_seen_to_double_the_error_each_time():
    x = torch.linspace(0.1, 0.4, 256)

    def logistic(times):
        y = x
        for _ in range(times):
            y = 4.0 * y * (1.0 - y)
        return y
    growth = [math.log2(spread(lambda n=n: logistic(n))) for n in (4, 8, 12)]
    assert all(2.0 < after - before < 8.0 for before, after in zip(growth, growth[1:], strict=False))


def test_sums_in_another_order_stay_within_the_bound_and_another_sum_does_not():
    generator = torch.Generator().manual_seed(0)
    x, w = torch.randn(64, 1024, generator=generator), torch.randn(1024, 32, generator=generator)
    order = torch.randperm(1024, generator=generator)
    allowed = bound(lambda: x @ w)
    assert (x[:, order] @ w[order] - x @ w).abs().max() < allowed
    parts = sum(x[:, k:k + 1] @ w[k:k + 1] for k in range(1024))  # the worst order: one term after the other
    assert (parts - x @ w).abs().max() < allowed
    assert (x[:, :1023] @ w[:1023] - x @ w).abs().max() > 1e3 * allowed


def test_a_scripted_function_is_shaken_like_an_eager_one():
    module = torch.nn.Sequential(torch.nn.Linear(16, 16), torch.nn.Tanh()).eval()
    scripted, x = torch.jit.freeze(torch.jit.script(module)), torch.ones(4, 16)
    assert spread(lambda: scripted(x)) == pytest.approx(spread(lambda: module(x)), rel=1.0)
    assert spread(lambda: scripted(x)) > 0
