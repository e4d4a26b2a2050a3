"""Claims about networks, messages and solvers: symmetry, optimality, and agreement with independent implementations."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from latentsampler.chapters.assignment import scoring
from latentsampler.chapters.assignment.generate import PUBLISHED, Recipe, generate
from latentsampler.chapters.assignment.networks import (
    DeepHungarian,
    Exchangeable,
    HungarianNet,
    MessageNet,
    from_arrays,
)
from latentsampler.chapters.assignment.solvers import SOLVERS, Messages, rounded

NETWORKS = {"messages": lambda: MessageNet(width=8, depth=2), "exchangeable": lambda: Exchangeable(8, 2),
            "hungarian": lambda: HungarianNet(5, 16), "relu": lambda: HungarianNet(5, 8, 2, True, False, "relu"),
            "deep": lambda: DeepHungarian(5, 8)}


def random_weights(module, seed=0):
    """Give every parameter random values: fresh networks have parts that begin at zero."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return module.eval()


@pytest.fixture(scope="module")
def published(shared):
    return from_arrays(shared / "data" / "hungarian" / "hnet_2doa_weights.npz")


def test_the_published_checkpoint_scores_as_published(published):
    drawn = generate(PUBLISHED, 40_000, 3)
    figures = scoring.score(scoring.answer(published, drawn, published=True), drawn)
    assert figures["f1_positive"] == pytest.approx(0.9964, abs=0.0015)
    assert figures["exact"] == pytest.approx(0.995, abs=0.002)


def test_the_published_network_agrees_with_numpy(published, shared):
    with np.load(shared / "data" / "hungarian" / "hnet_2doa_weights.npz") as file:
        w = dict(file)
    matrix = np.array([[0.3, 1.2], [1.9, 0.1]], dtype=np.float32)
    state, states = np.zeros(128), []
    for row in matrix:
        one = w["gru.weight_ih_l0"] @ row + w["gru.bias_ih_l0"]
        two = w["gru.weight_hh_l0"] @ state + w["gru.bias_hh_l0"]
        reset, update = (1.0 / (1.0 + np.exp(-(one + two)[k:k + 128])) for k in (0, 128))
        state = (1.0 - update) * np.tanh(one[256:] + reset * two[256:]) + update * state
        states.append(state)
    q, k, v = (np.array(states) @ w[f"attn.conv_{name}.weight"][:, :, 0].T for name in "QKV")
    scores = np.exp(q @ k.T - (q @ k.T).max(1, keepdims=True))
    x = np.tanh(scores / scores.sum(1, keepdims=True) @ v)
    everyone = torch.ones(1, 2, dtype=torch.bool)
    ours = published(torch.from_numpy(matrix)[None], everyone, everyone)[0]
    np.testing.assert_allclose(ours.detach().numpy(), x @ w["fc1.weight"].T + w["fc1.bias"], atol=1e-4)


def test_the_published_network_is_not_equivariant(published):
    drawn = generate(replace(PUBLISHED, shuffle="both"), 1000, 4)
    assert scoring.equivariance_error(published, drawn, published=True) > 0.5


@pytest.mark.parametrize("size", [2, 7, 20])
@pytest.mark.parametrize("name", ["messages", "exchangeable"])
def test_exchangeable_networks_are_equivariant_at_every_size(name, size):
    module = random_weights(NETWORKS[name]())
    assert scoring.equivariance_error(module, generate(Recipe(size), 300, 1), 300) <= 1e-5


@pytest.mark.parametrize("name", NETWORKS)
def test_a_script_equals_the_network(name):
    module = random_weights(NETWORKS[name]())
    matrices = scoring.tensors(generate(Recipe(5), 20, 2))[:3]
    torch.testing.assert_close(torch.jit.script(module)(*matrices), module(*matrices), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["messages", "exchangeable"])
def test_absent_entries_change_nothing_and_neither_does_scale(name):
    module = random_weights(NETWORKS[name]())
    distances, rows, columns, _ = scoring.tensors(generate(Recipe(6), 50, 3))
    there = rows[:, :, None] & columns[:, None]
    answers = module(distances, rows, columns)
    torch.testing.assert_close(module(distances.masked_fill(~there, 7.0), rows, columns), answers)
    torch.testing.assert_close(module(1000.0 * distances, rows, columns), answers, rtol=1e-3, atol=1e-3)
    assert (answers[~there] < -1.0).all()


def test_settled_beliefs_are_what_the_best_assignment_without_a_pair_costs_more():
    generator = torch.Generator().manual_seed(0)
    distances = torch.rand(40, 4, 4, generator=generator)
    orders = torch.tensor(list(itertools.permutations(range(4))))
    costs = distances[:, torch.arange(4), orders].sum(2)  # (B, 24)
    has = torch.nn.functional.one_hot(orders, 4).bool()  # (24, 4, 4)
    wide = costs[:, :, None, None].expand(-1, -1, 4, 4)
    expected = wide.masked_fill(has, 9e9).amin(1) - wide.masked_fill(~has, 9e9).amin(1)
    net = Messages(600, 0.5).net
    net.sharpness.data[:] = 0.0
    everyone = torch.ones(40, 4, dtype=torch.bool)
    given = net(distances, everyone, everyone) * distances.mean((1, 2))[:, None, None]
    clear = (costs.sort(1)[0][:, 1] - costs.amin(1)) > 0.05
    # exact where the graph is a tree; on loops the sign is right, and the value is an over-estimate of no more than it
    assert ((given > 0) == (expected > 0))[clear].all()


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 4), (4, 1), (1, 1), (4, 4)])
def test_messages_solve_rectangles(shape):
    generator = torch.Generator().manual_seed(1)
    distances = torch.rand(100, *shape, generator=generator)
    rows, columns = (torch.ones(100, n, dtype=torch.bool) for n in shape)
    exact = SOLVERS["scipy"](distances, rows, columns) > 0
    given = Messages(100, 0.3)(distances, rows, columns) > 0
    assert (given == exact).all((1, 2)).float().mean() >= 0.97


def test_messages_gain_with_rounds_and_beat_sinkhorn_at_its_cost():
    drawn = generate(Recipe(10), 1000, 9)
    share = {name: scoring.score(scoring.answer(SOLVERS[name], drawn), drawn)["exact_full_rounded"]
             for name in ("min-sum x 24", "sinkhorn .02 x 50")}
    assert share["min-sum x 24"] > 0.9 > share["sinkhorn .02 x 50"]
    short, long = (scoring.score(scoring.answer(Messages(rounds, 0.2), drawn), drawn)["exact"] for rounds in (6, 40))
    assert long > 0.98 and long > short + 0.1


@pytest.mark.parametrize("size", [1, 2, 6])
def test_rounded_answers_are_valid_and_keep_valid_ones(size):
    drawn = generate(Recipe(size), 300, 4)
    _, rows, columns, truth = scoring.tensors(drawn)
    noise = rounded(torch.randn(truth.shape, generator=torch.Generator().manual_seed(0)), rows, columns)
    assert (noise.sum(1) <= 1).all() and (noise.sum(2) <= 1).all()
    assert (noise.sum((1, 2)) == drawn.assignment.sum((1, 2))).all()
    assert (rounded(truth.float() * 2.0 - 1.0, rows, columns) == drawn.assignment).all()


def test_the_all_zero_answer_has_a_high_weighted_score_and_solves_no_full_matrix():
    drawn = generate(Recipe(10), 2000, 5)
    zero, exact = (scoring.score(scoring.answer(SOLVERS[name], drawn), drawn) for name in ("all-zero", "scipy"))
    assert zero["f1_weighted"] > 0.91 and zero["f1_positive"] == 0.0 == zero["exact_full"]
    assert exact["exact"] == exact["valid"] == exact["f1_positive"] == 1.0 and abs(exact["cost_gap"]) < 1e-12


def test_no_valid_answer_costs_less_than_the_exact_one():
    drawn = generate(Recipe(8), 500, 6)
    for name in ("greedy", "all-zero", "sinkhorn .1 x 20", "min-sum x 24"):
        assert scoring.score(scoring.answer(SOLVERS[name], drawn), drawn)["cost_gap"] >= -1e-9


def test_errors_of_messages_are_at_near_ties():
    drawn = generate(Recipe(6), 3000, 7)
    curve = list(scoring.margin_curve(Messages(12, 0.2), drawn).values())
    assert curve[0] < 0.9 and curve[-1] == 1.0
