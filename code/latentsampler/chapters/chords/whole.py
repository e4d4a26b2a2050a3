"""Whole songs <-> a code; a stop symbol says how long they are.

Conventions
-----------
* A song is at most ``BARS`` bars of four beats (3/4 is read four beats at a time as well, a rest of less than a bar is
  left out), moved to C by its tonic; each bar after its end is four times the symbol ``STOP``.
* ``decode`` gives all bars at once; a song ends before the first bar that begins with ``STOP``.

Contents
--------
whole_songs     songs -> (S, BARS * 4), what is longer is cut
lengths         decoded symbols -> bars before the first stop
SongVAE         encoder, decoder
measure_whole   module + songs -> figures
"""

import numpy as np
import torch
from torch import nn

from latentsampler.chapters.chords.alphabet import SIZE
from latentsampler.chapters.chords.predictor import Block, relative

BARS, STOP = 96, 169


def whole_songs(songs):
    """Return ``(S, BARS * 4)`` int64: the songs, stops after each, at least one bar of music in each."""
    table = np.full((len(songs), BARS * 4), STOP, dtype=np.int64)
    for row, song in zip(table, songs, strict=True):
        beats = min(max(4, len(song.symbols) // 4 * 4), BARS * 4)
        row[:beats] = np.resize(song.symbols, beats)
    return torch.from_numpy(table)


def lengths(symbols):
    """Return the bars ``(S,)`` before the first bar of ``(S, BARS * 4)`` that begins with a stop."""
    stops = symbols[:, ::4] == STOP  # (S, BARS)
    return torch.where(stops.any(1), stops.long().argmax(1), torch.full_like(symbols[:, 0], BARS))


def in_c(symbols, tonics):
    """Return symbols ``(S, T)`` moved to C by tonics ``(S,)``; stops stay."""
    return torch.where(symbols == 169, symbols, relative(symbols.clamp_max(168), tonics))


class SongVAE(nn.Module):
    """A perceptron from all bars to a code, and one from code and place to each bar.

    Parameters
    ----------
    latent_dim, width : int
        Of the code; of hidden layers.
    """

    def __init__(self, latent_dim=32, width=192):
        super().__init__()
        self.latent_dim = latent_dim
        self.symbols = nn.Embedding(SIZE + 1, 8)
        self.encoder = nn.Sequential(nn.Linear(BARS * 32, width), nn.GELU(), Block(width), nn.LayerNorm(width),
                                     nn.Linear(width, 2 * latent_dim))
        self.places = nn.Parameter(0.1 * torch.randn(BARS, width))
        self.code = nn.Linear(latent_dim, width)
        self.decoder = nn.Sequential(Block(width), Block(width), nn.LayerNorm(width), nn.Linear(width, 4 * 24))
        self.output = nn.Linear(24, SIZE + 1)
        self.register_buffer("tonics", torch.zeros(SIZE + 1, dtype=torch.long))

    def posterior(self, x):
        """Return mean and log variance, ``(B, L)`` each, of songs ``(B, BARS * 4)`` in C."""
        mean, log_variance = self.encoder(self.symbols(x).flatten(1)).chunk(2, 1)
        return mean, log_variance.clamp(-12.0, 4.0)

    def logits(self, z):
        """Return logits ``(B, BARS * 4, 170)`` in C of codes ``(B, L)``."""
        h = nn.functional.gelu(self.code(z).unsqueeze(1) + self.places)  # (B, BARS, width)
        return self.output(self.decoder(h).view(len(z), -1, 24))

    def tonic(self, x):
        """Return the likeliest tonic ``(B,)`` of songs ``(B, BARS * 4)``."""
        tonics = [torch.full_like(x[:, 0], r) for r in range(12)]
        return torch.stack([self.tonics[in_c(x, r)].sum(1) for r in tonics], 1).argmax(1)

    @torch.jit.export
    def encode(self, x):
        """Return the code ``(B, L)`` and the tonic ``(B,)`` of songs."""
        tonic = self.tonic(x)
        return self.posterior(in_c(x, tonic))[0], tonic

    def forward(self, z, tonic):
        """Return the songs ``(B, BARS * 4)`` int64 of codes at tonics ``(B,)``, stops after their ends."""
        return in_c(self.logits(z).argmax(2), -tonic)


def cut(x):
    """Return songs ``(B, BARS * 4)`` of which about half end at a random earlier bar: other lengths to learn from."""
    bars = lengths(x)
    early = 1 + (torch.rand(len(x)) * bars).long()
    end = torch.where(torch.rand(len(x)) < 0.5, early, bars)
    return torch.where(torch.arange(x.shape[1]) < 4 * end.unsqueeze(1), x, STOP)


def measure_whole(module, songs):
    """Return how well whole songs come back.

    Parameters
    ----------
    module : SongVAE or its file
        Called as ``encode`` and ``forward``.
    songs : sequence of Song
        Those of at least a bar.

    Returns
    -------
    dict
        length_within_bar: share of songs whose length is right to a bar; length_error (mean, bars);
        length_trivial: the first figure of one who says the commonest length; song_accuracy (share of beats up to the
        true end, A3).
    """
    x = whole_songs([song for song in songs if len(song.symbols) >= 4])
    with torch.inference_mode():
        back = module(*module.encode(x))
    true, found = lengths(x), lengths(back)
    common = torch.bincount(true).argmax()
    music = x != STOP
    return {"length_within_bar": float(((found - true).abs() <= 1).float().mean()),
            "length_error": float((found - true).abs().float().mean()),
            "length_trivial": float(((common - true).abs() <= 1).float().mean()),
            "song_accuracy": float((back == x)[music].float().mean())}
