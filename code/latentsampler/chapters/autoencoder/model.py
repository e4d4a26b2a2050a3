"""Networks of the autoencoder: one-dimensional convolutions over time, mel bands as channels.

A note's mel is an image only in part: time is translation-invariant, pitch is not, because the harmonics of a note
sit where its pitch puts them. So convolutions run over time alone, and the decoder is told the pitch.

Contents
--------
Encoder       log mel -> features of the whole note
Decoder       z, pitch -> log mel
AutoEncoder   the three methods of ``model.pt``: forward, encode, decode
"""

import torch
from torch import nn
from torch.nn import functional

from latentsampler.chapters.autoencoder.config import find
from latentsampler.chapters.autoencoder.harmonics import HarmonicLayer
from latentsampler.chapters.autoencoder.linear import LinearPart
from latentsampler.learning.conditioning import N_PITCHES, PitchEmbedding
from latentsampler.sound.audio import LogMel

EPSILON = 1e-3  # of a group's variance: near silence, a smaller one would magnify rounding errors layer by layer


class Encoder(nn.Module):
    """Log mel ``(B, M, T)`` -> features ``(B, features)``; every layer halves the frames.

    Parameters
    ----------
    config : Config
        ``n_frames`` must be a multiple of ``2 ** depth``.
    """

    def __init__(self, config):
        super().__init__()
        n_frames, width, depth = config.mel.n_frames, config.width, config.depth
        if n_frames % 2 ** depth:
            raise ValueError(f"expected a multiple of {2 ** depth} frames for depth {depth}, got {n_frames}")
        channels = [config.mel.n_mels] + [width] * depth
        self.layers = nn.ModuleList(nn.Conv1d(a, b, 4, stride=2, padding=1)
                                    for a, b in zip(channels, channels[1:], strict=False))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width, eps=EPSILON) for _ in range(depth))
        self.dropout = nn.Dropout1d(config.dropout)
        self.residual = config.residual
        self.features = width * (n_frames >> depth)

    def forward(self, x):
        """Return the features of a note."""
        for layer, norm in zip(self.layers, self.norms):  # noqa: B905 (TorchScript's zip takes no strict)
            y = self.dropout(functional.gelu(norm(layer(x))))  # (B, width, T / 2^k)
            if self.residual and x.shape[1] == y.shape[1]:
                y = y + functional.avg_pool1d(x, 2)
            x = y
        return x.flatten(1)


class Decoder(nn.Module):
    """Point ``(B, latent_dim)`` and pitch ``(B,)`` -> log mel ``(B, M, T)``.

    Frames are doubled by repetition and smoothed by a convolution, which leaves no stripes.

    Parameters
    ----------
    config : Config
        Sizes, and the class that conditions each layer.
    """

    def __init__(self, config):
        super().__init__()
        width, depth, layer = config.width, config.depth, find(config.conditioning)
        self.width, self.start = width, config.mel.n_frames >> depth
        self.uses_pitch, self.residual = layer.uses_pitch, config.residual
        self.pitch = PitchEmbedding(width)
        self.condition = nn.Sequential(nn.Linear(config.latent_dim + width, 2 * width), nn.GELU(),
                                       nn.Linear(2 * width, 2 * width), nn.GELU())
        self.first = nn.Linear(2 * width, width * self.start)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 5, padding=2) for _ in range(depth))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width, eps=EPSILON) for _ in range(depth))
        self.told = nn.ModuleList(layer(2 * width, width) for _ in range(depth))
        self.dropout = nn.Dropout1d(config.dropout)
        self.last = nn.Conv1d(width, config.mel.n_mels, 3, padding=1)
        self.spectrum = nn.Linear(2 * width, config.mel.n_mels)  # what is constant over a note skips the frames
        self.harmonics = HarmonicLayer(config.mel, width, 2 * width) if config.harmonic else None
        self.linear = LinearPart(config.mel, config.latent_dim) if config.linear else None
        if config.linear:  # the network begins with nothing to add
            ends = [self.last, self.spectrum] + ([self.harmonics.mix, self.harmonics.level] if config.harmonic else [])
            _silence(ends)

    @torch.jit.unused
    def fit(self, log_mels, pitch):
        """Find the linear part, if there is one, of training notes ``(n, M, T)`` with pitches ``(n,)``."""
        if self.linear is not None:
            self.linear.fit(log_mels, pitch if self.uses_pitch else torch.full_like(pitch, float("nan")))

    def forward(self, z, pitch):
        """Return the log mel of a point at a pitch."""
        if not self.uses_pitch:
            pitch = torch.full_like(pitch, float("nan"))
        condition = self.condition(torch.cat([z, self.pitch(pitch)], dim=1))  # (B, 2 width)
        x = self.first(condition).view(-1, self.width, self.start)  # (B, width, T / 2^depth)
        for layer, norm, told in zip(self.layers, self.norms, self.told):  # noqa: B905
            x = torch.repeat_interleave(x, 2, dim=2)  # (B, width, 2 T')
            y = self.dropout(functional.gelu(told(norm(layer(x)), condition)))
            x = x + y if self.residual else y
        y = self.last(x) + self.spectrum(condition).unsqueeze(2)  # (B, M, T)
        if self.harmonics is not None:
            y = y + self.harmonics(x, condition, pitch)
        if self.linear is not None:
            y = y + self.linear(z, pitch)
        return y

    def locate(self, z, log_mel, scores):
        """Return points ``(B, latent_dim)``: what an encoder says, and what the linear part does."""
        if self.linear is not None:
            z = z + self.linear.encode(log_mel, scores.softmax(dim=1))
        return z


class AutoEncoder(nn.Module):
    """The autoencoder, with the three methods of ``model.pt``.

    Parameters
    ----------
    config : Config
        Sizes and parts.
    random_encoder : bool
        The encoder gives a normal distribution instead of a point; ``encode`` returns its mean.
    """

    def __init__(self, config, random_encoder=False):
        super().__init__()
        self.none, self.random_encoder = N_PITCHES, random_encoder
        self.scale = LogMel()
        self.encoder = Encoder(config)
        self.to_z = nn.Linear(self.encoder.features, config.latent_dim)
        self.to_pitch = nn.Linear(self.encoder.features, N_PITCHES + 1)
        if random_encoder:
            self.to_log_variance = nn.Linear(self.encoder.features, config.latent_dim)
            nn.init.constant_(self.to_log_variance.bias, -4.0)  # narrow at first, so that the decoder learns to listen
        self.decoder = Decoder(config)
        if config.linear:
            _silence([self.to_z])

    def analyse(self, mel):
        """Return z ``(B, latent_dim)`` and pitch scores ``(B, 129)`` of a mel ``(B, M, T)``."""
        log_mel = self.scale(mel)
        features = self.encoder(log_mel)  # (B, features)
        scores = self.to_pitch(features)
        return self.decoder.locate(self.to_z(features), log_mel, scores), scores

    @torch.jit.ignore
    def posterior(self, log_mel):
        """Return mean, log-variance (None if the encoder is deterministic) and pitch scores of a log mel."""
        features = self.encoder(log_mel)  # (B, features)
        scores = self.to_pitch(features)
        log_variance = self.to_log_variance(features).clamp(-12.0, 4.0) if self.random_encoder else None
        return self.decoder.locate(self.to_z(features), log_mel, scores), log_variance, scores

    def forward(self, mel):
        """Return the reconstruction ``(B, M, T)`` of a mel, its pitch estimated by the pitch head."""
        z, scores = self.analyse(mel)
        index = scores.argmax(dim=1)  # (B,)
        pitch = torch.where(index == self.none, torch.full_like(z[:, 0], float("nan")), index.to(z.dtype))
        return self.decode(z, pitch)

    @torch.jit.export
    def encode(self, mel):
        """Return the points ``(B, latent_dim)`` of mels ``(B, M, T)``."""
        return self.analyse(mel)[0]

    @torch.jit.export
    def decode(self, z, pitch):
        """Return mels ``(B, M, T)`` of points ``(B, latent_dim)`` at pitches ``(B,)``, MIDI note numbers."""
        return self.scale.inverse(self.decoder(z, pitch))


def _silence(layers):
    for layer in layers:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
