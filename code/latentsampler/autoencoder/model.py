"""Networks of the autoencoder: one-dimensional convolutions over time, mel bands as channels.

A note's mel is an image only in part: time is translation-invariant, pitch is not, because the harmonics of a note
sit where its pitch puts them. So convolutions run over time alone, and the decoder is told the pitch.

Contents
--------
Encoder          log mel -> features of the whole note
PitchEmbedding   MIDI note number -> vector, with a learned "unpitched"
Decoder          z, pitch -> log mel
AutoEncoder      the three methods of ``model.pt``: forward, encode, decode
"""

import torch
from torch import nn
from torch.nn import functional

from latentsampler.audio import LogMel

N_PITCHES = 128  # MIDI note numbers; index 128 of a table means "unpitched"


class Encoder(nn.Module):
    """Log mel ``(B, M, T)`` -> features ``(B, features)``; every layer halves the frames.

    Parameters
    ----------
    n_mels, n_frames : int
        Shape of the input; ``n_frames`` a multiple of ``2 ** depth``.
    width, depth : int
        Channels, and halvings.
    """

    def __init__(self, n_mels, n_frames, width, depth):
        super().__init__()
        if n_frames % 2 ** depth:
            raise ValueError(f"expected a multiple of {2 ** depth} frames for depth {depth}, got {n_frames}")
        channels = [n_mels] + [width] * depth
        self.layers = nn.ModuleList(nn.Conv1d(a, b, 4, stride=2, padding=1)
                                    for a, b in zip(channels, channels[1:], strict=False))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(depth))
        self.features = width * (n_frames >> depth)

    def forward(self, x):
        """Return the features of a note."""
        for layer, norm in zip(self.layers, self.norms):  # noqa: B905 (TorchScript's zip takes no strict)
            x = functional.gelu(norm(layer(x)))  # (B, width, T / 2^k)
        return x.flatten(1)


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


class Decoder(nn.Module):
    """Point ``(B, latent_dim)`` and pitch ``(B,)`` -> log mel ``(B, M, T)``.

    Frames are doubled by repetition and smoothed by a convolution, which leaves no stripes; each layer is scaled
    and shifted by the condition (FiLM, Perez et al., AAAI 2018).

    Parameters
    ----------
    latent_dim, n_mels, n_frames, width, depth : int
        Sizes, as in :class:`Encoder`.
    """

    def __init__(self, latent_dim, n_mels, n_frames, width, depth):
        super().__init__()
        self.width, self.start = width, n_frames >> depth
        self.pitch = PitchEmbedding(width)
        self.condition = nn.Sequential(nn.Linear(latent_dim + width, 2 * width), nn.GELU(),
                                       nn.Linear(2 * width, 2 * width), nn.GELU())
        self.first = nn.Linear(2 * width, width * self.start)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 5, padding=2) for _ in range(depth))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(depth))
        self.films = nn.ModuleList(nn.Linear(2 * width, 2 * width) for _ in range(depth))
        self.last = nn.Conv1d(width, n_mels, 3, padding=1)
        self.spectrum = nn.Linear(2 * width, n_mels)  # what is constant over a note need not pass the frames

    def forward(self, z, pitch):
        """Return the log mel of a point at a pitch."""
        condition = self.condition(torch.cat([z, self.pitch(pitch)], dim=1))  # (B, 2 width)
        x = self.first(condition).view(-1, self.width, self.start)  # (B, width, T / 2^depth)
        for layer, norm, film in zip(self.layers, self.norms, self.films):  # noqa: B905
            x = torch.repeat_interleave(x, 2, dim=2)  # (B, width, 2 T')
            scale, shift = film(condition).unsqueeze(2).chunk(2, dim=1)  # (B, width, 1) each
            x = functional.gelu(norm(layer(x)) * (1.0 + scale) + shift)
        return self.last(x) + self.spectrum(condition).unsqueeze(2)  # (B, M, T)


class AutoEncoder(nn.Module):
    """The autoencoder, with the three methods of ``model.pt``.

    Parameters
    ----------
    latent_dim, n_mels, n_frames, width, depth : int
        Sizes.
    """

    def __init__(self, latent_dim, n_mels, n_frames, width, depth):
        super().__init__()
        self.none = N_PITCHES
        self.scale = LogMel()
        self.encoder = Encoder(n_mels, n_frames, width, depth)
        self.to_z = nn.Linear(self.encoder.features, latent_dim)
        self.to_pitch = nn.Linear(self.encoder.features, N_PITCHES + 1)
        self.decoder = Decoder(latent_dim, n_mels, n_frames, width, depth)

    def analyse(self, mel):
        """Return z ``(B, latent_dim)`` and pitch scores ``(B, 129)`` of a mel ``(B, M, T)``."""
        features = self.encoder(self.scale(mel))  # (B, features)
        return self.to_z(features), self.to_pitch(features)

    def forward(self, mel):
        """Return the reconstruction ``(B, M, T)`` of a mel, its pitch estimated by the pitch head."""
        z, scores = self.analyse(mel)
        index = scores.argmax(dim=1)  # (B,)
        pitch = torch.where(index == self.none, torch.full_like(z[:, 0], float("nan")), index.to(z.dtype))
        return self.decode(z, pitch)

    @torch.jit.export
    def encode(self, mel):
        """Return the points ``(B, latent_dim)`` of mels ``(B, M, T)``."""
        return self.to_z(self.encoder(self.scale(mel)))

    @torch.jit.export
    def decode(self, z, pitch):
        """Return mels ``(B, M, T)`` of points ``(B, latent_dim)`` at pitches ``(B,)``, MIDI note numbers."""
        return self.scale.inverse(self.decoder(z, pitch))
