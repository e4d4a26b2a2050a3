"""Trained model -> ``rhythm.pt``: a pattern model by the events contract that also encodes, decodes and turns knobs.

Conventions
-----------
* Controls: four latent ones, ``x1 y1 x2 y2``, then a knob per attribute. A latent control is in deviations along a
  principal axis of the training codes without their attributes; a knob is a quantile of the training attributes.
* An early first hit of the loop comes at its end: beats are taken modulo 8.

Contents
--------
RhythmEvents   what the file holds
export         module + training patterns -> rhythm.pt
to_events      patterns -> events
"""

import numpy as np
import torch
from torch import nn

from latentsampler.chapters.rhythm.attributes import ATTRIBUTES
from latentsampler.chapters.rhythm.grid import BEATS, STEPS_PER_BEAT, VOICES
from latentsampler.chapters.rhythm.model import N_KNOBS
from latentsampler.chapters.rhythm.refine import ROUNDS, Refine
from latentsampler.contract.events import save_events
from latentsampler.contract.export import source_hash

QUANTILES = 101
N_LATENT = 4
LENGTH = 0.25  # beats
METHODS = ("encode", "decode", "cells", "turn", "knobs", "place", "point", "forward")


class RhythmEvents(nn.Module):
    """Controls ``(B, 10)`` -> events ``(B, 288, 5)``.

    Parameters
    ----------
    module : RhythmVAE
        The trained one.
    quantiles : torch.Tensor
        ``(101, 6)``: what the first six numbers of a training point are, from least to most.
    origin, directions : torch.Tensor
        ``(L - 6,)`` and ``(4, L - 6)``: mean of the other codes, and a deviation along four principal axes.
    rounds : int
        Of the refinement of encoded points.
    """

    def __init__(self, module, quantiles, origin, directions, rounds):
        super().__init__()
        self.module = module
        self.register_buffer("quantiles", quantiles)
        self.register_buffer("origin", origin)
        self.register_buffer("directions", directions)
        self.n_knobs, self.n_latent, self.at_once = N_KNOBS, N_LATENT, 128
        self.refine = Refine(N_KNOBS if module.conditioned else 0, rounds)
        self.beats, self.steps_per_beat, self.length = BEATS, STEPS_PER_BEAT, LENGTH

    def forward(self, controls):
        """Return the events of controls."""
        return self.to_events(self.module.decode(self.point(controls)))

    @torch.jit.export
    def point(self, controls):
        """Return the points ``(B, L)`` of controls."""
        free = self.origin + controls[:, :self.n_latent] @ self.directions  # (B, L - 6)
        return torch.cat([self.levels(controls[:, self.n_latent:]), free], 1)

    @torch.jit.export
    def encode(self, patterns):
        """Return the points ``(B, L)`` of patterns: the encoder's guess, made better step by step."""
        found = [self.refined(part) for part in patterns.split(self.at_once)]
        return torch.cat(found)

    def refined(self, patterns):
        """Return the points of a few patterns."""
        z = self.module.encode(patterns)
        for _ in range(self.refine.rounds):
            cells = self.module.decoder(self.refine.probes(z))  # (B * (1 + F), 3, 9, 32)
            z = self.refine.step(cells.reshape(len(z), -1, 3, cells.shape[2] * cells.shape[3]), patterns, z)
        return z

    @torch.jit.export
    def decode(self, z):
        """Return the patterns ``(B, 3, 9, 32)`` of points."""
        return self.module.decode(z)

    @torch.jit.export
    def cells(self, z):
        """Return what every cell of points has, onset or not: logit, velocity and offset, ``(B, 3, 9, 32)``."""
        return self.module.decoder(z)

    @torch.jit.export
    def turn(self, z, knobs):
        """Return points ``(B, L)`` with other knobs ``(B, 6)``."""
        return torch.cat([self.levels(knobs), z[:, self.n_knobs:]], 1)

    @torch.jit.export
    def knobs(self, z):
        """Return where the knobs stand at points: ``(B, 6)``."""
        levels, grid = z[:, :self.n_knobs].contiguous(), self.quantiles
        below = (levels.unsqueeze(1) >= grid.unsqueeze(0)).sum(1).clamp(1, len(grid) - 1)  # (B, 6)
        low, high = grid.gather(0, below - 1), grid.gather(0, below)
        return ((below - 1 + ((levels - low) / (high - low).clamp(min=1e-6)).clamp(0.0, 1.0)) / (len(grid) - 1))

    @torch.jit.export
    def place(self, patterns):
        """Return the controls ``(B, 10)`` nearest to patterns."""
        z = self.encode(patterns)
        squared = self.directions.pow(2).sum(1)  # (4,)
        latent = (z[:, self.n_knobs:] - self.origin) @ self.directions.T / squared
        return torch.cat([latent, self.knobs(z)], 1)

    def levels(self, knobs):
        """Return the first six numbers of points from knobs ``(B, 6)``."""
        position = knobs.clamp(0.0, 1.0) * (len(self.quantiles) - 1)
        below = position.floor().long().clamp(max=len(self.quantiles) - 2)
        low, high = self.quantiles.gather(0, below), self.quantiles.gather(0, below + 1)
        return low + (position - below) * (high - low)

    def to_events(self, patterns):
        """Return the events of patterns."""
        onset, velocity, offset = patterns.flatten(2).unbind(1)  # (B, 288) each
        n_steps = patterns.shape[3]
        cell = torch.arange(onset.shape[1], device=onset.device)
        voice, step = torch.div(cell, n_steps, rounding_mode="floor"), cell % n_steps
        beat = torch.remainder((step + offset) / self.steps_per_beat, self.beats)
        beat = torch.where(beat >= self.beats, torch.zeros_like(beat), beat)  # a remainder can round up
        nothing = torch.full_like(beat, float("nan"))
        events = torch.stack([beat, voice.to(beat.dtype).expand_as(beat), nothing, velocity,
                              torch.full_like(beat, self.length)], 2)  # (B, 288, 5)
        used = onset > 0.5
        events = torch.where(used.unsqueeze(2), events, nothing.unsqueeze(2))
        order = torch.where(used, beat, torch.full_like(beat, 2.0 * self.beats)).argsort(stable=True, dim=1)
        return events.gather(1, order.unsqueeze(2).expand_as(events))


def assemble(module, codes, rounds=ROUNDS):
    """Return the pattern model of a trained module.

    Parameters
    ----------
    module : RhythmVAE
        In evaluation mode.
    codes : torch.Tensor
        ``(n, L)``, points of the training patterns.
    rounds : int
        Of the refinement of encoded points.

    Returns
    -------
    RhythmEvents
        Untraced.
    spread : torch.Tensor
        ``(n, 4)``: the latent controls of the training patterns.
    """
    levels, free = codes[:, :N_KNOBS], codes[:, N_KNOBS:]
    quantiles = torch.quantile(levels, torch.linspace(0.0, 1.0, QUANTILES), dim=0)  # (101, 6)
    origin = free.mean(0)
    _, _, axes = torch.linalg.svd(free - origin, full_matrices=False)
    axes = axes[:N_LATENT] * torch.sign(axes[:N_LATENT].sum(1, keepdim=True))  # a sign that does not depend on LAPACK
    scores = (free - origin) @ axes.T  # (n, 4)
    deviations = scores.std(0)
    return RhythmEvents(module, quantiles, origin, axes * deviations[:, None], rounds).eval(), scores / deviations


def export(module, codes, out, checksum, rounds=ROUNDS):
    """Write ``rhythm.pt``.

    Parameters
    ----------
    module : RhythmVAE
        The trained one.
    codes : torch.Tensor
        ``(n, L)``, points of the training patterns.
    out : str or pathlib.Path
        The file.
    checksum : str
        Of the data.
    rounds : int
        Of the refinement of encoded points.

    Returns
    -------
    RhythmEvents
        What was written, its weights rounded as in the file.
    """
    model, spread = assemble(module, codes, rounds)
    low, high = np.quantile(spread.numpy(), (0.01, 0.99), axis=0)
    controls = [{"name": name, "unit": "sd", "min": float(a), "max": float(b), "default": 0.0}
                for name, a, b in zip(("x1", "y1", "x2", "y2"), low, high, strict=True)]
    controls += [{"name": name, "unit": "share", "min": 0.0, "max": 1.0, "default": 0.5} for name in ATTRIBUTES]
    save_events(model, out, {
        "beats": BEATS, "voices": list(VOICES), "controls": controls, "latent_dim": module.latent_dim,
        "means": module.centre.tolist(), "deviations": module.scale.tolist(),
        "created_from": {"dataset": checksum, "source": source_hash()}}, keep=METHODS)
    return model
