"""How a decoder is told which point and which pitch.

Conventions
-----------
* A layer is a module of ``(condition, channels)`` sizes; ``forward(x (B, C, T), condition (B, D)) -> (B, C, T)``.
* ``uses_pitch`` says whether the condition holds the pitch beside the point.

Contents
--------
PitchEmbedding   MIDI note number -> vector, with a learned "unpitched"
Nothing          the point enters at the decoder's start only, the pitch nowhere
Concatenation    the condition as further channels of every layer
Film             every layer is scaled and shifted by the condition
"""

import torch
from torch import nn

N_PITCHES = 128  # MIDI note numbers; index 128 of a table means "unpitched"


class PitchEmbedding(nn.Module):
    """Pitch ``(B,)`` in MIDI note numbers, NaN = unpitched -> ``(B, dim)``, linear between whole notes."""

    def __init__(self, dim):
        super().__init__()
        self.none = N_PITCHES  # TorchScript reads attributes, not module-level constants
        self.table = nn.Embedding(N_PITCHES + 1, dim)

    def forward(self, pitch):
        """Return the embedding of a pitch."""
        unpitched = torch.isnan(pitch)
        note = torch.where(unpitched, torch.zeros_like(pitch), pitch).clamp(0.0, self.none - 1.0)
        low = note.floor()
        share = (note - low).unsqueeze(1)  # (B, 1)
        index = low.long()
        low_vector = self.table(index)
        high_vector = self.table((index + 1).clamp(max=self.none - 1))
        vector = low_vector + share * (high_vector - low_vector)  # (B, dim)
        none = self.table(torch.full_like(index, self.none))
        return torch.where(unpitched.unsqueeze(1), none, vector)


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
