"""Claims about entropic plans: their margins, an independent implementation, presence, gradients, the cold limit."""

import pytest
import torch
from latentsampler.learning.transport import sinkhorn_plan
from scipy.optimize import linear_sum_assignment

BLUR = 0.1


def costs(*shape):
    return torch.rand(*shape, dtype=torch.double, generator=torch.Generator().manual_seed(0))


def test_a_square_plan_has_the_margins_and_is_that_of_pot():
    ot = pytest.importorskip("ot")
    cost = costs(3, 6, 6)
    plan = sinkhorn_plan(cost, BLUR, 500).exp()
    torch.testing.assert_close(plan.sum(1), torch.ones(3, 6, dtype=torch.double))
    torch.testing.assert_close(plan.sum(2), torch.ones(3, 6, dtype=torch.double))
    ones = torch.ones(6, dtype=torch.double)
    for given, one in zip(plan, cost, strict=True):
        torch.testing.assert_close(given, ot.sinkhorn(ones, ones, one, BLUR, method="sinkhorn_log", stopThr=1e-12))


@pytest.mark.parametrize("shape", [(4, 7), (7, 4)])
def test_the_smaller_side_is_assigned_whole_and_the_rest_goes_to_a_slack_of_no_cost(shape):
    ot = pytest.importorskip("ot")
    cost = costs(1, *shape)
    plan = sinkhorn_plan(cost, BLUR, 800).exp()[0]
    small, large = (2, 1) if shape[0] < shape[1] else (1, 2)
    torch.testing.assert_close(plan.sum(small - 1), torch.ones(min(shape), dtype=torch.double))
    assert (plan.sum(large - 1) < 1.0).all()
    square = torch.zeros(shape[0] + (small == 2), shape[1] + (small == 1), dtype=torch.double)
    square[:shape[0], :shape[1]] = cost[0]
    mass = [torch.ones(n, dtype=torch.double) for n in square.shape]
    mass[0 if small == 2 else 1][-1] = abs(shape[0] - shape[1])
    expected = ot.sinkhorn(*mass, square, BLUR, method="sinkhorn_log", stopThr=1e-12, numItermax=5000)
    torch.testing.assert_close(plan, expected[:shape[0], :shape[1]], rtol=1e-5, atol=1e-7)


def test_absent_rows_and_columns_get_nothing_and_change_nothing():
    cost = costs(1, 5, 6)
    rows, columns = torch.tensor([[True, False, True, True, False]]), torch.tensor([[True] * 4 + [False] * 2])
    plan = sinkhorn_plan(cost, BLUR, 100, rows, columns).exp()[0]
    alone = sinkhorn_plan(cost[:, rows[0]][:, :, columns[0]], BLUR, 100).exp()[0]
    torch.testing.assert_close(plan[rows[0]][:, columns[0]], alone)
    assert plan[~rows[0]].sum() == plan[:, ~columns[0]].sum() == 0.0


def test_nobody_at_all_gives_an_empty_plan():
    nobody = torch.zeros(2, 3, dtype=torch.bool)
    plan = sinkhorn_plan(costs(2, 3, 3), BLUR, 10, nobody, nobody)
    assert torch.isfinite(plan).all() and plan.exp().sum() == 0.0


def test_the_gradient_goes_through_the_iterations():
    assert torch.autograd.gradcheck(lambda cost: sinkhorn_plan(cost, 0.3, 8).exp(), costs(1, 3, 4).requires_grad_())


def test_a_cold_plan_is_the_optimal_assignment():
    cost = costs(20, 5, 5)
    plan = sinkhorn_plan(cost, 1e-3, 5000).exp()
    for given, one in zip(plan, cost, strict=True):
        assert (given.argmax(1).numpy() == linear_sum_assignment(one)[1]).all()
