r"""Pattern -> what a drummer would name: six numbers, differentiable in onsets, velocities and offsets.

Conventions
-----------
* In: patterns ``(B, 3, 9, 32)``. Onsets may be probabilities; at 0 and 1 each formula is the definition itself.
  Patterns are loops: step 0 follows step 31.
* Out: ``(B, 6)`` in the order of ``ATTRIBUTES``; 0 where an attribute has nothing to measure.

=============  ================  =====================================================================================
density        onsets per beat   all voices
syncopation    levels per onset  Longuet-Higgins and Lee (1984) of kick, snare and toms as one line, over its onsets
balance        -1..1             (low - high) / (low + high), onsets; low: kick, low tom; high: hats, crash, ride
swing          steps             mean offset on odd steps less that on even steps; positive: off-beat sixteenths late
dynamics       velocity (0..1)   standard deviation of velocity over onsets
snare          share             the snare's share of the sum of velocities
=============  ================  =====================================================================================

Longuet-Higgins and Lee: a step's level is 0 at a bar, -1 at a half, -2 at a quarter, -3 at an eighth, -4 at a
sixteenth; an onset that is followed by rests counts the highest level among them less its own, if that is positive.

Contents
--------
ATTRIBUTES, UNITS   names and units
LEVELS              metrical level of every step
Attributes, measure   patterns -> attributes, a module and the one that everybody calls
"""

import numpy as np
import torch
from torch import nn

from latentsampler.chapters.rhythm.grid import N_STEPS, N_VOICES

ATTRIBUTES = ("density", "syncopation", "balance", "swing", "dynamics", "snare")
UNITS = ("onsets/beat", "levels/onset", "-1..1", "steps", "velocity", "share")
LINE = (0, 1, 4, 5, 6)  # kick, snare, toms
LOW, HIGH = (0, 4), (2, 3, 7, 8)
LEVELS = np.array([sum(step % period == 0 for period in (2, 4, 8, 16)) - 4 for step in range(N_STEPS)])


def _gains():
    """Return what a rest adds, ``(32, 31)``: step of an onset, distance of the rest when all between are rests."""
    gains = np.zeros((N_STEPS, N_STEPS - 1), np.float32)
    for step in range(N_STEPS):
        after = LEVELS[(step + 1 + np.arange(N_STEPS - 1)) % N_STEPS]
        highest = np.maximum(np.maximum.accumulate(after) - LEVELS[step], 0)  # of the rests so far
        gains[step] = np.diff(highest, prepend=0)
    return torch.from_numpy(gains)


def _mask(voices):
    return torch.tensor([1.0 if voice in voices else 0.0 for voice in range(N_VOICES)])


class Attributes(nn.Module):
    """Patterns ``(B, 3, 9, 32)`` -> attributes ``(B, 6)``; no parameters, a module because files hold it."""

    def __init__(self):
        super().__init__()
        self.n_steps = N_STEPS
        self.register_buffer("gains", _gains(), persistent=False)
        self.register_buffer("after", (torch.arange(N_STEPS)[:, None] + 1 + torch.arange(N_STEPS - 1)) % N_STEPS,
                             persistent=False)  # (32, 31)
        self.register_buffer("odd", (torch.arange(N_STEPS) % 2).float(), persistent=False)
        for name, voices in (("in_line", LINE), ("low", LOW), ("high", HIGH)):
            self.register_buffer(name, _mask(voices), persistent=False)

    def forward(self, patterns):
        """Return the attributes of patterns."""
        onset, velocity, offset = patterns.unbind(1)  # (B, 9, 32) each
        count, each = onset.sum((1, 2)), onset.sum(2)  # (B,), (B, 9)
        low, high = (each * self.low).sum(1), (each * self.high).sum(1)
        loud = onset * velocity
        mean = loud.sum((1, 2)) / count.clamp(min=1e-6)
        variance = (onset * (velocity - mean[:, None, None]).pow(2)).sum((1, 2)) / count.clamp(min=1e-6)
        return torch.stack([
            4.0 * count / self.n_steps, self.syncopation(self.line(onset)), (low - high) / (low + high).clamp(min=1e-6),
            self.swing(onset, offset), (variance + 1e-10).sqrt() - 1e-5,
            loud[:, 1].sum(1) / loud.sum((1, 2)).clamp(min=1e-6)], 1)  # (B, 6)

    def line(self, onset):
        """Return where kick, snare or a tom plays: ``(B, 32)``."""
        return 1.0 - (1.0 - onset * self.in_line[:, None]).prod(1)

    def syncopation(self, line):
        """Return the syncopation of lines ``(B, 32)``, in levels per onset: ``(B,)``."""
        rests = (1.0 - line)[:, self.after].cumprod(2)  # (B, 32, 31): all steps up to here are rests
        return (line * (rests * self.gains).sum(2)).sum(1) / line.sum(1).clamp(min=1e-6)

    def swing(self, onset, offset):
        """Return mean offset on odd less that on even steps: ``(B,)``; 0 where one of them has no onset."""
        odd, even = (onset * self.odd).sum((1, 2)), (onset * (1.0 - self.odd)).sum((1, 2))
        late = (onset * offset * self.odd).sum((1, 2)) / odd.clamp(min=1e-6)
        early = (onset * offset * (1.0 - self.odd)).sum((1, 2)) / even.clamp(min=1e-6)
        return (torch.minimum(odd, even) > 0.5).to(onset.dtype) * (late - early)


measure = Attributes()
