"""Cells + attributes -> the likeliest pattern that has these attributes: what makes a knob exact.

A decoder that is conditioned on attributes follows them on average. Here the decoded cells are moved until the pattern,
measured, has them: the number of onsets is set by rank; three biases on the logits (low against high voices, snare
against the others, weak against strong steps of the line) are corrected in proportion to what is still missing; the
velocities are spread and the off-beat offsets shifted. There is nothing to train and nothing random.

Contents
--------
Constraint   cells, attributes -> patterns
"""

import torch
from torch import nn

from latentsampler.chapters.rhythm.attributes import ATTRIBUTES, HIGH, LEVELS, LINE, LOW, Attributes
from latentsampler.chapters.rhythm.grid import BEATS, N_STEPS, N_VOICES

ROUNDS = 28
GAIN = 1.7  # logits per deviation that is missing; falls to nothing over the rounds
TOLERANCE = 0.05  # deviations that may be missing
PRICE = 0.02  # deviations that a logit of bias has to be worth: what costs nothing else stays as decoded


class Constraint(nn.Module):
    """Cells ``(B, 3, 9, 32)`` and attributes ``(B, 6)`` -> patterns ``(B, 3, 9, 32)``.

    Parameters
    ----------
    rounds : int
        Corrections of the biases.
    """

    def __init__(self, rounds=ROUNDS):
        super().__init__()
        self.measure, self.rounds, self.beats, self.gain, self.price = Attributes(), rounds, BEATS, GAIN, PRICE
        self.tolerance = TOLERANCE
        self.dynamics, self.swing = ATTRIBUTES.index("dynamics"), ATTRIBUTES.index("swing")
        moves = torch.zeros(3, N_VOICES, N_STEPS)  # in the order of the attributes: syncopation, balance, snare
        for voice in LINE:
            moves[0, voice] = torch.from_numpy(-(LEVELS + 2.0) / 2.0)
        moves[1, list(LOW)], moves[1, list(HIGH)], moves[2, 1] = 1.0, -1.0, 1.0
        self.register_buffer("moves", moves.flatten(1), persistent=False)  # (3, 288)
        self.register_buffer("moved", torch.tensor([ATTRIBUTES.index(name) for name in ("syncopation", "balance",
                                                                                        "snare")]), persistent=False)

    def forward(self, cells, wanted, scale):
        """Return patterns; ``scale`` ``(6,)`` is the attributes' deviation."""
        count = (wanted[:, 0] * self.beats).round().clamp(1.0, float(self.moves.shape[1])).long().unsqueeze(1)  # (B, 1)
        bias = torch.zeros_like(wanted[:, :3])
        best = self.ranked(cells, bias, count)  # (B, 9, 32)
        missing = self.missing(best, cells, wanted, scale)  # (B, 3)
        least = missing.abs().sum(1)
        for step in range(self.rounds):
            bias = bias + self.gain * (1.0 - step / self.rounds) * missing
            onset = self.ranked(cells, bias, count)
            missing = self.missing(onset, cells, wanted, scale)
            error = missing.abs().sum(1) + self.price * bias.abs().sum(1)
            better = error < least
            least = torch.where(better, error, least)
            best = torch.where(better[:, None, None], onset, best)
        return self.shift(self.spread(best, cells, wanted), wanted)

    def ranked(self, cells, bias, count):
        """Return the likeliest ``count`` cells as onsets ``(B, 9, 32)``."""
        logit = cells[:, 0].flatten(1) + bias @ self.moves  # (B, 288)
        threshold = logit.sort(1, descending=True).values.gather(1, count - 1)
        return (logit >= threshold).to(cells.dtype).reshape(cells[:, 0].shape)

    def spread(self, onset, cells, wanted):
        """Return patterns whose velocities deviate as much as they should, as far as 0 and 1 allow."""
        count = onset.sum((1, 2))[:, None, None]
        mean = (onset * cells[:, 1]).sum((1, 2))[:, None, None] / count
        deviation = ((onset * (cells[:, 1] - mean).pow(2)).sum((1, 2))[:, None, None] / count).sqrt()
        factor = (wanted[:, self.dynamics][:, None, None] / deviation.clamp(min=1e-3)).clamp(0.0, 6.0)
        velocity = (mean + factor * (cells[:, 1] - mean)).clamp(1.0 / 127.0, 1.0)
        return torch.stack([onset, onset * velocity, onset * cells[:, 2]], 1)

    def missing(self, onset, cells, wanted, scale):
        """Return what is missing of syncopation, balance and snare beyond the tolerance, in deviations: ``(B, 3)``."""
        each = onset.sum(2)  # (B, 9)
        low, high = each @ self.measure.low, each @ self.measure.high  # (B,)
        loud = (onset * cells[:, 1]).sum(2)  # (B, 9)
        got = torch.stack([self.measure.syncopation(self.measure.line(onset)),
                           (low - high) / (low + high).clamp(min=1e-6), loud[:, 1] / loud.sum(1).clamp(min=1e-6)], 1)
        lack = (wanted[:, self.moved] - got) / scale[self.moved]
        return torch.sign(lack) * (lack.abs() - self.tolerance).clamp(min=0.0)

    def shift(self, pattern, wanted):
        """Return patterns whose off-beat sixteenths are as late as they should be, by half as much of either kind."""
        lack = (wanted - self.measure(pattern))[:, self.swing][:, None, None]
        odd = 2.0 * self.measure.odd - 1.0
        offset = (pattern[:, 2] + 0.5 * lack * odd).clamp(-0.5, 0.4999)
        return torch.stack([pattern[:, 0], pattern[:, 1], pattern[:, 0] * offset], 1)
