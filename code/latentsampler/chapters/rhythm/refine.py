"""Point -> a point whose decoded pattern is nearer to the original: what the encoder alone misses.

An encoder guesses the point in one pass; for a pattern unlike the training ones the guess is off although a better
point exists (the amortisation gap). From the guess, a few damped Gauss-Newton steps climb the posterior: cross-entropy
of the onsets, squared error of velocities and offsets where there is an onset, and the prior. The decoder's derivatives
come from differences, so the file needs no automatic differentiation.

Contents
--------
Refine   decoder + patterns + points -> points
"""

import torch
from torch import nn

DIFFERENCE = 0.02  # of a coordinate, for the derivatives
ROUNDS = 5
PRIOR, DAMPING = 0.02, 0.3  # precision of the prior, and what keeps a step small
VELOCITY, OFFSET = 4.0, 8.0  # precisions, in nats per squared unit


class Refine(nn.Module):
    """Moves points uphill.

    Parameters
    ----------
    fixed : int
        First numbers of a point that stay: those of the attributes.
    rounds : int
        Steps.
    """

    def __init__(self, fixed, rounds=ROUNDS):
        super().__init__()
        self.fixed, self.rounds, self.difference = fixed, rounds, DIFFERENCE
        self.prior, self.damping, self.velocity, self.offset = PRIOR, DAMPING, VELOCITY, OFFSET

    def probes(self, z):
        """Return points ``(B * (1 + F), L)``: each one, and each one with a free coordinate moved."""
        n_free = z.shape[1] - self.fixed
        moved = torch.zeros(1 + n_free, z.shape[1], dtype=z.dtype)
        moved[1:, self.fixed:] = self.difference * torch.eye(n_free, dtype=z.dtype)
        return (z.unsqueeze(1) + moved).flatten(0, 1)

    def step(self, cells, patterns, z):
        """Return points after one step, from the decoded cells ``(B, 1 + F, 3, 288)`` of their probes."""
        onset = patterns[:, 0].flatten(1)  # (B, 288)
        slopes = (cells[:, 1:] - cells[:, :1]) / self.difference  # (B, F, 3, 288)
        share = torch.sigmoid(cells[:, 0, 0])
        error = torch.cat([onset - share, self.velocity * onset * (patterns[:, 1].flatten(1) - cells[:, 0, 1]),
                           self.offset * onset * (patterns[:, 2].flatten(1) - cells[:, 0, 2])], 1)  # (B, 864)
        weight = torch.cat([share * (1.0 - share), self.velocity * onset, self.offset * onset], 1)
        slopes = slopes.flatten(2)  # (B, F, 864)
        free = z[:, self.fixed:]
        curvature = (slopes * weight.unsqueeze(1)) @ slopes.transpose(1, 2)  # (B, F, F)
        curvature = curvature + (self.prior + self.damping) * torch.eye(free.shape[1], dtype=z.dtype)
        climb = (slopes @ error.unsqueeze(2)) - self.prior * free.unsqueeze(2)
        moved = torch.linalg.solve(curvature, climb).squeeze(2).clamp(-1.0, 1.0)
        return torch.cat([z[:, :self.fixed], free + moved], 1)
