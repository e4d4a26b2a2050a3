"""How a decoder is told which point and which pitch.

Conventions
-----------
* A layer is a module of ``(condition, channels)`` sizes; ``forward(x (B, C, T), condition (B, D)) -> (B, C, T)``.
* ``uses_pitch`` says whether the condition holds the pitch beside the point.

Contents
--------
PitchEmbedding   MIDI note number -> vector, smooth over an octave, with a learned "unpitched"
Nothing          the point enters at the decoder's start only, the pitch nowhere
Concatenation    the condition as further channels of every layer
Film             every layer is scaled and shifted by the condition
"""

import torch
from torch import nn

N_PITCHES = 128  # MIDI note numbers; index 128 of a table means "unpitched"
WIDTH = 12.0  # semitones between and of the bumps that a pitch is told by


class PitchEmbedding(nn.Module):
    """Pitch ``(B,)`` in MIDI note numbers, NaN = unpitched -> ``(B, dim)``, smooth over an octave.

    Neighbouring keys sound alike; an embedding of each key's own would learn the recordings that have it by heart.
    """

    def __init__(self, dim):
        super().__init__()
        self.register_buffer("centres", torch.arange(0.0, N_PITCHES + WIDTH, WIDTH), persistent=False)
        self.width = WIDTH  # TorchScript reads attributes, not module-level constants
        self.mix = nn.Linear(len(self.centres), dim)
        self.none = nn.Parameter(torch.randn(dim))

    def forward(self, pitch):
        """Return the embedding of a pitch."""
        unpitched = torch.isnan(pitch)
        note = torch.where(unpitched, torch.zeros_like(pitch), pitch)
        bumps = torch.exp(-0.5 * ((note.unsqueeze(1) - self.centres) / self.width) ** 2)  # (B, n)
        return torch.where(unpitched.unsqueeze(1), self.none.unsqueeze(0), self.mix(bumps))


class Nothing(nn.Module):
    """No condition: what a decoder does that must find the pitch in the point."""

    uses_pitch = False

    def __init__(self, condition, channels):
        super().__init__()

    def forward(self, x, condition):
        """Return ``x``."""
        return x


class Concatenation(nn.Module):
    """The condition as further channels, mixed by a convolution of one frame."""

    uses_pitch = True

    def __init__(self, condition, channels):
        super().__init__()
        self.mix = nn.Conv1d(channels + condition, channels, 1)

    def forward(self, x, condition):
        """Return the mixture ``(B, C, T)``."""
        return self.mix(torch.cat([x, condition.unsqueeze(2).expand(-1, -1, x.shape[2])], dim=1))


class Film(nn.Module):
    """Feature-wise linear modulation (Perez et al., AAAI 2018)."""

    uses_pitch = True

    def __init__(self, condition, channels):
        super().__init__()
        self.film = nn.Linear(condition, 2 * channels)

    def forward(self, x, condition):
        """Return ``x`` scaled and shifted by the condition."""
        scale, shift = self.film(condition).unsqueeze(2).chunk(2, dim=1)  # (B, C, 1) each
        return x * (1.0 + scale) + shift
