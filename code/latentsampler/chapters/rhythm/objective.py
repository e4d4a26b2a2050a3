"""What a rhythm model is trained by: named terms, in nats per pattern where they are likelihoods.

Conventions
-----------
* ``onset`` is the cross-entropy of all cells; ``velocity`` and ``offset`` count where the original has an onset.
* ``kl`` is weighted by beta, which rises from ``beta_start`` to ``beta`` over the first ``warmup`` steps; each
  dimension has ``free_bits`` nats for nothing.
* ``attribute``: points with another pattern's attributes are decoded, the decoded patterns are measured, and the
  difference counts: onsets are thresholded, gradients pass as if they were not (straight through).

Contents
--------
Objective   module + data + Config -> loss of some windows, validation, averaged weights
augment     patterns -> others that a drummer could have played
reverse     identity whose gradient is reversed
order       Pati and Lerch's loss: a dimension has the order of an attribute
"""

import copy

import numpy as np
import torch
from torch import nn

from latentsampler.chapters.rhythm.attributes import measure
from latentsampler.chapters.rhythm.measures import onset_scores
from latentsampler.chapters.rhythm.model import N_KNOBS
from latentsampler.learning.divergences import kl

VELOCITY_SD, OFFSET_SCALE = 0.3, 0.25  # of a normal and a Laplace distribution


class Objective(nn.Module):
    """Losses of one run.

    Parameters
    ----------
    module : RhythmVAE
        What is trained.
    patterns : numpy.ndarray
        ``(N, 3, 9, 32)`` of all windows.
    config : Config
        The run.
    """

    def __init__(self, module, patterns, config):
        super().__init__()
        self.module, self.config, self.patterns, self.steps = module, config, patterns, 0
        size = config.latent_dim - N_KNOBS
        self.adversary = nn.Sequential(nn.Linear(size, 64), nn.GELU(), nn.Linear(64, N_KNOBS))
        self.averaged = copy.deepcopy(module).requires_grad_(False)

    def batch(self, indices):
        """Return some windows as a float tensor."""
        return torch.from_numpy(self.patterns[np.asarray(indices)].astype(np.float32))

    def loss(self, indices):
        """Return the terms of some windows."""
        config, module = self.config, self.module
        self._average()
        patterns = augment(self.batch(indices), config.voice_swap, config.jitter)
        mean, log_variance = module.encoder(drop(patterns, config.hit_dropout))
        sample = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        attributes = module.standardised(measure(patterns))
        z = torch.cat([attributes, sample], 1) if module.conditioned else sample
        terms = reconstruction(module.decoder(z), patterns)
        terms["onset"] = config.onset * terms["onset"]
        terms["kl"] = self.beta() * kl_free(mean, log_variance, config.free_bits)
        if config.adversary:
            guess = self.adversary(reverse(sample, config.adversary))
            terms["adversary"] = (guess - attributes).pow(2).mean(1).mean() * 10.0
        if config.order:
            terms["order"] = config.order * order(mean[:, :N_KNOBS], attributes)
        if config.attribute:
            terms["attribute"] = config.attribute * self.remeasured(z, attributes)
        return terms

    def beta(self):
        """Return the weight of the KL divergence now."""
        config = self.config
        share = min(1.0, self.steps / max(1, config.warmup))
        return config.beta_start + share * (config.beta - config.beta_start)

    def remeasured(self, z, attributes):
        """Return how far decoded patterns are from attributes of other patterns, in deviations."""
        module, n = self.module, max(1, len(z) // 3)  # a third of the batch: the rest would cost more than it adds
        wanted = torch.stack([attributes[torch.randperm(len(z))[:n], k] for k in range(N_KNOBS)], 1)  # (n, 6)
        turned = torch.cat([wanted, z[:n, N_KNOBS:]], 1)
        logit, velocity, offset = module.decoder(turned).unbind(1)
        above = logit - module.threshold(logit, turned).detach()
        soft = torch.sigmoid(above)
        onset = (above >= 0).to(soft.dtype) + soft - soft.detach()
        got = (measure(torch.stack([onset, velocity, offset], 1)) - module.centre) / module.scale
        return nn.functional.smooth_l1_loss(got, wanted, reduction="none").sum(1).mean()

    def _average(self):
        self.steps += self.training and torch.is_grad_enabled()
        decay = min(self.config.average, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for kept, now in zip(self.averaged.parameters(), self.module.parameters(), strict=True):
                kept.lerp_(now, 1.0 - decay)

    def validate(self, indices):
        """Return the share of onsets that are wrong (1 - F1) with averaged weights, before any constraint."""
        self.averaged.eval()
        patterns = self.batch(indices)
        z = self.averaged.encode(patterns)
        logit = self.averaged.decoder(z)[:, 0]
        return 1.0 - onset_scores((logit >= self.averaged.threshold(logit, z)).float(), patterns[:, 0])[0]


def reconstruction(cells, patterns):
    """Return the negative log-likelihoods of patterns, up to constants, in nats per pattern."""
    onset = patterns[:, 0]
    velocity = (cells[:, 1] - patterns[:, 1]).pow(2) / (2.0 * VELOCITY_SD**2)
    offset = (cells[:, 2] - patterns[:, 2]).abs() / OFFSET_SCALE
    cross = nn.functional.binary_cross_entropy_with_logits(cells[:, 0], onset, reduction="none")
    return {"onset": cross.sum((1, 2)).mean(), "velocity": (onset * velocity).sum((1, 2)).mean(),
            "offset": (onset * offset).sum((1, 2)).mean()}


def kl_free(mean, log_variance, free_bits):
    """Return the divergence of a posterior from the prior; of each dimension, ``free_bits`` nats count nothing."""
    if not free_bits:
        return kl(mean, log_variance)
    each = 0.5 * (mean.pow(2) + log_variance.exp() - 1.0 - log_variance).mean(0)  # (L,)
    return (each - free_bits).clamp(min=0.0).sum()


def augment(patterns, swap, jitter):
    """Return patterns some of whose voices are another pattern's, with velocities changed a little.

    Parameters
    ----------
    patterns : torch.Tensor
        ``(B, 3, 9, 32)``.
    swap : float
        Share of the patterns that get some voices of their neighbour in the batch.
    jitter : float
        Standard deviation of the velocities' change.

    Returns
    -------
    torch.Tensor
        ``(B, 3, 9, 32)``.
    """
    if swap:
        chosen = (torch.rand(len(patterns), 1) < swap) & (torch.rand(len(patterns), patterns.shape[2]) < 0.3)  # (B, 9)
        patterns = torch.where(chosen[:, None, :, None], patterns.roll(1, 0), patterns)
    if jitter:
        moved = (patterns[:, 1] + jitter * torch.randn_like(patterns[:, 1])).clamp(1.0 / 127.0, 1.0)
        patterns = torch.stack([patterns[:, 0], patterns[:, 0] * moved, patterns[:, 2]], 1)
    return patterns


def drop(patterns, share):
    """Return patterns without a share of their onsets, as the encoder gets them."""
    if not share:
        return patterns
    return patterns * (torch.rand_like(patterns[:, :1]) >= share)


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context, x, weight):
        context.weight = weight
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        return -context.weight * gradient, None


def reverse(x, weight):
    """Return ``x``; its gradient is reversed and weighted (Ganin and Lempitsky, ICML 2015)."""
    return _Reverse.apply(x, weight)


def order(codes, attributes, sharpness=1.0):
    """Return how little dimensions have the order of attributes (Pati and Lerch, 2021).

    Parameters
    ----------
    codes, attributes : torch.Tensor
        ``(B, k)`` each.
    sharpness : float
        Of the differences of codes.

    Returns
    -------
    torch.Tensor
        Scalar: sum over attributes of the mean distance between tanh of the codes' and sign of the attributes'
        differences.
    """
    differences = torch.tanh(sharpness * (codes[:, None] - codes[None]))  # (B, B, k)
    signs = torch.sign(attributes[:, None] - attributes[None])
    return (differences - signs).abs().mean((0, 1)).sum()
