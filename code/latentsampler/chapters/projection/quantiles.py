"""What a knob means: the quantile of its attribute given the other three.

In data the four are far from independent (deep against bright r = -.9, bright with hard .85), so "bright" cannot mean
the quantile of brightness alone: nearly every brighter sound is also harder and less deep. A knob at .9 means brighter
than nine in ten sounds *that are as deep, hard and dirty as this one*, at this pitch.

Conventions
-----------
* Attributes are points in the order of `described.KNOBS`; knobs are in [0, 1]; pitches are MIDI note numbers.
* An attribute given the other three and the pitch is a linear regression (a cubic in pitch) plus a residual, whose
  deviation depends on pitch and whose quantiles, so scaled, do not.

Contents
--------
Quantiles   notes' attributes and pitches -> what knobs ask for, as a module that can be exported
"""

import numpy as np
import torch
from torch import nn

SHARES = (0.01, 0.99)  # knobs beyond ask for what these ask for
BANDWIDTH = 6.0  # semitones, of the window in which a deviation is measured


class Quantiles(nn.Module):
    """Conditional quantiles of the four attributes, fitted on notes.

    Parameters
    ----------
    points : numpy.ndarray
        ``(N, 4)``; silent notes (NaN) are left out.
    pitch : numpy.ndarray
        ``(N,)`` MIDI note numbers; unpitched notes (NaN) are left out.

    Raises
    ------
    ValueError
        If fewer than 20 pitched, audible notes remain.
    """

    def __init__(self, points, pitch):
        super().__init__()
        points, pitch = np.asarray(points, dtype=float), np.asarray(pitch, dtype=float)
        kept = np.isfinite(points).all(axis=1) & np.isfinite(pitch)
        if kept.sum() < 20:
            raise ValueError(f"expected at least 20 pitched, audible notes, got {kept.sum()}")
        points, pitch = points[kept], pitch[kept]
        inside = np.arange(128.0).clip(pitch.min(), pitch.max())  # a cubic says nothing beyond the notes
        centres = _cubic(inside) @ np.linalg.lstsq(_cubic(pitch), points, rcond=None)[0]  # (128, 4)
        slopes = np.stack([_slopes(points, pitch, k) for k in range(4)])  # (4, 8)
        residuals = points - np.concatenate([_cubic(pitch), points], axis=1) @ slopes.T  # (N, 4)
        weight = np.exp(-0.5 * ((inside[:, None] - pitch) / BANDWIDTH) ** 2)  # (128, N)
        spreads = np.sqrt(weight @ residuals ** 2 / weight.sum(axis=1, keepdims=True))  # (128, 4)
        scaled = residuals / np.stack([np.interp(pitch, np.arange(128), own) for own in spreads.T], axis=1)
        for name, table in (("deviations", points.std(axis=0)), ("centres", centres), ("spreads", spreads),
                            ("slopes", slopes),
                            ("residuals", np.quantile(scaled, np.linspace(*SHARES, 99), axis=0))):
            self.register_buffer(name, torch.tensor(table, dtype=torch.float32))

    def forward(self, knobs, pitch):
        """Return the attributes that knobs ask for.

        With the other knobs at the middle, each is the conditional quantile itself; wherever they are, a knob moves
        its own attribute and asks the other three to stay.

        Parameters
        ----------
        knobs, pitch : torch.Tensor
            ``(B, 4)`` and ``(B,)``.

        Returns
        -------
        torch.Tensor
            ``(B, 4)`` points.
        """
        low, high = 0.01, 0.99
        place = (knobs.clamp(low, high) - low) * (98.0 / (high - low))  # (B, 4), rows of the residuals
        row = place.floor().clamp(max=97.0)
        share = place - row
        below = torch.gather(self.residuals, 0, row.long())  # (B, 4)
        above = torch.gather(self.residuals, 0, row.long() + 1)
        return self.centre(pitch) + self.spread(pitch) * (below + share * (above - below))

    def place(self, points, pitch):
        """Return the knobs ``(B, 4)`` of sounds: each attribute's quantile given the sound's other three.

        Parameters
        ----------
        points, pitch : torch.Tensor
            ``(B, 4)`` and ``(B,)``.

        Returns
        -------
        torch.Tensor
            ``(B, 4)`` in [0.01, 0.99].
        """
        x = (pitch - 60.0) / 24.0
        known = torch.cat([torch.stack([torch.ones_like(x), x, x * x, x * x * x], dim=1), points], dim=1)  # (B, 8)
        scaled = (points - known @ self.slopes.t()) / self.spread(pitch)  # (B, 4)
        below = (scaled.unsqueeze(0) >= self.residuals.unsqueeze(1)).sum(0)  # (B, 4), 0..99
        row = (below - 1).clamp(0, 97)
        low, high = torch.gather(self.residuals, 0, row), torch.gather(self.residuals, 0, row + 1)
        share = ((scaled - low) / (high - low).clamp(min=1e-6)).clamp(0.0, 1.0)
        return 0.01 + (row + share) * (0.98 / 98.0)

    def centre(self, pitch):
        """Return the expected attributes ``(B, 4)`` at pitches ``(B,)``."""
        return self.between(self.centres, pitch)

    def spread(self, pitch):
        """Return the deviations ``(B, 4)`` of attributes given the other three, at pitches ``(B,)``."""
        return self.between(self.spreads, pitch)

    def between(self, table, pitch):
        """Return the rows ``(B, 4)`` of a table ``(128, 4)`` at pitches ``(B,)``, linear between whole notes."""
        note = pitch.clamp(0.0, 127.0)
        row = note.floor().clamp(max=126.0)
        share = (note - row).unsqueeze(1)
        index = row.long()
        return table[index] + share * (table[index + 1] - table[index])


def _cubic(pitch):
    x = (pitch - 60.0) / 24.0
    return np.stack([np.ones_like(x), x, x ** 2, x ** 3], axis=1)


def _slopes(points, pitch, k):
    """Weights ``(8,)`` of the cubic and of the attributes, of which the own one is 0, that predict attribute ``k``."""
    others = [j for j in range(4) if j != k]
    known = np.concatenate([_cubic(pitch), points[:, others]], axis=1)
    weights = np.zeros(8)
    weights[[0, 1, 2, 3, *(4 + j for j in others)]] = np.linalg.lstsq(known, points[:, k], rcond=None)[0]
    return weights
