"""Pattern -> posterior -> point -> pattern.

Conventions
-----------
* A pattern is ``(B, 3, 9, 32)`` (see ``grid``).
* Of the point's ``latent_dim`` numbers, the first six belong to the attributes: measured ones, standardised, where
  ``conditioned``; else codes like the others, which a loss can order (see ``objective``).

Contents
--------
Residual      one residual block
Encoder, Decoder   pattern -> mean, log-variance; point -> logits, velocity, offset
RhythmVAE     both, with the scale of the attributes
"""

import torch
from torch import nn

from latentsampler.chapters.rhythm.attributes import ATTRIBUTES, Attributes
from latentsampler.chapters.rhythm.constraint import Constraint
from latentsampler.chapters.rhythm.grid import BEATS, N_STEPS, N_VOICES

CELLS = 3 * N_VOICES * N_STEPS
N_KNOBS = len(ATTRIBUTES)


class Residual(nn.Module):
    """``x + f(norm(x))`` with one hidden layer of the same width."""

    def __init__(self, width, dropout):
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout),
                                    nn.Linear(width, width))

    def forward(self, x):
        """Return ``(B, width)``."""
        return x + self.layers(x)


class Encoder(nn.Module):
    """Patterns ``(B, 3, 9, 32)`` -> mean and log-variance, ``(B, size)`` each."""

    def __init__(self, size, width, blocks, dropout):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(CELLS, width), *(Residual(width, dropout) for _ in range(blocks)),
                                    nn.GELU(), nn.Linear(width, 2 * size))

    def forward(self, patterns):
        """Return the posterior of patterns."""
        onset = patterns[:, 0]
        x = torch.stack([2.0 * onset, 3.0 * onset * (patterns[:, 1] - 0.5), 5.0 * onset * patterns[:, 2]], 1)
        mean, log_variance = self.layers(x.flatten(1)).chunk(2, 1)
        return mean, log_variance.clamp(-8.0, 4.0)


class Decoder(nn.Module):
    """Points ``(B, L)`` -> logits, velocities in (0, 1) and offsets in (-.5, .5): ``(B, 3, 9, 32)``."""

    def __init__(self, size, width, blocks, dropout):
        super().__init__()
        self.n_voices, self.n_steps = N_VOICES, N_STEPS
        self.layers = nn.Sequential(nn.Linear(size, width), *(Residual(width, dropout) for _ in range(blocks)),
                                    nn.GELU(), nn.Linear(width, CELLS))

    def forward(self, z):
        """Return what is known of every cell."""
        x = self.layers(z).reshape(len(z), 3, self.n_voices, self.n_steps)
        return torch.stack([x[:, 0] - 1.5, torch.sigmoid(x[:, 1]), 0.5 * torch.tanh(x[:, 2])], 1)


class RhythmVAE(nn.Module):
    """Patterns <-> points.

    Parameters
    ----------
    latent_dim : int
        Numbers of a point, those of the attributes included.
    conditioned : bool
        The first six are the measured attributes.
    exact : bool
        Where conditioned: decoded patterns are moved until they have the point's attributes (see ``constraint``).
    width, blocks : int
        Hidden units and residual blocks of encoder and decoder each.
    dropout : float
        In every block.
    """

    def __init__(self, latent_dim=32, conditioned=True, exact=True, width=192, blocks=1, dropout=0.1):
        super().__init__()
        self.latent_dim, self.conditioned, self.beats = latent_dim, conditioned, BEATS
        self.exact, self.n_knobs = exact and conditioned, N_KNOBS
        self.measure, self.constraint = Attributes(), Constraint()
        self.encoder = Encoder(latent_dim - N_KNOBS * conditioned, width, blocks, dropout)
        self.decoder = Decoder(latent_dim, width, blocks, dropout)
        self.register_buffer("centre", torch.zeros(N_KNOBS))
        self.register_buffer("scale", torch.ones(N_KNOBS))

    def fit(self, attributes):
        """Take mean and deviation of the attributes ``(n, 6)`` of the training patterns."""
        self.centre.copy_(attributes.mean(0))
        self.scale.copy_(attributes.std(0).clamp(min=1e-3))

    def standardised(self, attributes):
        """Return attributes in deviations from their mean, within 3."""
        return ((attributes - self.centre) / self.scale).clamp(-3.0, 3.0)

    def encode(self, patterns):
        """Return the points ``(B, L)`` of patterns: the posterior's mean."""
        mean = self.encoder(patterns)[0]
        if self.conditioned:
            return torch.cat([self.standardised(self.measure(patterns)), mean], 1)
        return mean

    def decode(self, z):
        """Return the patterns ``(B, 3, 9, 32)`` of points: velocity and offset where there is an onset, else 0."""
        cells = self.decoder(z)
        if self.exact:
            return self.constraint(cells, z[:, :self.n_knobs] * self.scale + self.centre, self.scale)
        logit, velocity, offset = cells.unbind(1)
        onset = (logit >= self.threshold(logit, z)).to(z.dtype)
        return torch.stack([onset, onset * velocity.clamp(min=1.0 / 127.0), onset * offset], 1)

    def threshold(self, logit, z):
        """Return the logit ``(B, 1, 1)`` from which a cell has an onset.

        Where points hold the density, the likeliest cells are taken until it is met. Else it is 0.
        """
        if not self.conditioned:
            return torch.zeros_like(logit[:, :1, :1])
        density = z[:, 0] * self.scale[0] + self.centre[0]
        count = (density * self.beats).round().clamp(1.0, 9.0 * 4.0 * self.beats).long()  # (B,)
        ranked = logit.flatten(1).sort(1, descending=True).values
        return ranked.gather(1, count.unsqueeze(1) - 1).unsqueeze(2)
