"""What needs no training: exact, greedy and entropic solvers, messages, and the answer that is always zero.

Conventions
-----------
* Modules, called as the networks are: logits ``(B, R, C)``, above 0 = the two belong together.

Contents
--------
AllZero    no pair, ever
Exact      SciPy's solver, example by example
Greedy     the nearest pair, then the nearest of the rest
Entropic   Sinkhorn's plan at one temperature; above one half is a pair
Messages   undamped or damped min-sum messages
SOLVERS    name -> module
rounded    logits -> a valid assignment, greedily
"""

import numpy as np
import torch
from torch import nn

from latentsampler.chapters.assignment.generate import solve
from latentsampler.chapters.assignment.networks import MessageNet
from latentsampler.learning.transport import sinkhorn_plan


class AllZero(nn.Module):
    """The answer that a weighted F-score rewards."""

    def forward(self, distances, rows, columns):
        """Return logits ``(B, R, C)``, all -1."""
        return torch.full_like(distances, -1.0)


class Exact(nn.Module):
    """``scipy.optimize.linear_sum_assignment``, called for one example at a time."""

    def forward(self, distances, rows, columns):
        """Return logits ``(B, R, C)`` of 1 and -1."""
        answer = solve(distances.numpy(), rows.numpy(), columns.numpy())
        return torch.from_numpy(answer).to(distances.dtype) * 2.0 - 1.0


class Greedy(nn.Module):
    """The nearest pair of all, then the nearest of the rest."""

    def forward(self, distances, rows, columns):
        """Return logits ``(B, R, C)`` of 1 and -1."""
        return torch.from_numpy(rounded(-distances, rows, columns)).to(distances.dtype) * 2.0 - 1.0


class Entropic(nn.Module):
    """Sinkhorn's iterations.

    Parameters
    ----------
    blur : float
        Temperature, in units of the distance.
    iterations : int
        Of both sides.
    """

    def __init__(self, blur, iterations):
        super().__init__()
        self.blur, self.iterations = blur, iterations

    def forward(self, distances, rows, columns):
        """Return the plan's logarithm, against one half."""
        plan = sinkhorn_plan(distances, self.blur, self.iterations, rows, columns)
        return plan + float(np.log(2.0))


class Messages(nn.Module):
    """Min-sum messages with one damping.

    Parameters
    ----------
    rounds : int
        Of messages.
    damping : float
        Share of the old message that is kept.
    """

    def __init__(self, rounds, damping):
        super().__init__()
        self.net = MessageNet(rounds, 0, depth=0)
        with torch.no_grad():
            self.net.damping.fill_(float(np.log(damping / (1.0 - damping))))

    def forward(self, distances, rows, columns):
        """Return logits ``(B, R, C)``."""
        return self.net(distances, rows, columns)


SOLVERS = {"all-zero": AllZero(), "scipy": Exact(), "greedy": Greedy(),
           "sinkhorn .1 x 20": Entropic(0.1, 20), "sinkhorn .02 x 50": Entropic(0.02, 50),
           "sinkhorn .005 x 500": Entropic(0.005, 500), "min-sum x 24": Messages(24, 0.2)}


def rounded(logits, rows, columns):
    """Return valid assignments: the pair with the largest logit, then the largest of the rest.

    Parameters
    ----------
    logits : torch.Tensor
        ``(B, R, C)``.
    rows, columns : torch.Tensor
        ``(B, R)`` and ``(B, C)`` bool: which are present.

    Returns
    -------
    numpy.ndarray
        ``(B, R, C)`` bool; as many pairs as the smaller side has members.
    """
    count, height, width = logits.shape
    present = rows[:, :, None] & columns[:, None]
    left = logits.detach().float().masked_fill(~present, -torch.inf).numpy().copy()
    answer, item = np.zeros(left.shape, dtype=bool), np.arange(count)
    for _ in range(min(height, width)):
        best = left.reshape(count, -1).argmax(1)
        row, column = best // width, best % width
        answer[item, row, column] |= left[item, row, column] > -np.inf
        left[item, row], left[item, :, column] = -np.inf, -np.inf
    return answer
