"""Pieces of whole bars <-> a code and a tonic; exactly equivariant to transposition.

Conventions
-----------
* A piece is moved to C by an estimate of its tonic that moves with the piece; the network sees only what is left, so
  the code is the same in all keys and the tonic is a number of its own. ``decode`` moves the piece back.
* The tonic is the one under which the symbols are likeliest, by whole numbers (exact sums). Of equal ones, the first
  upwards from the first root counts: that choice moves with the piece, too.

Contents
--------
tonic_table   songs whose key is known -> (169,) int64
ChordVAE      encoder, decoder, tonic
"""

import torch
from torch import nn

from latentsampler.chapters.chords.alphabet import NONE, SIZE, transpose
from latentsampler.chapters.chords.predictor import Block, relative


def tonic_table(songs):
    """Return ``(169,)`` int64: milli-nats of every symbol when the tonic is C, 0 for N.

    Parameters
    ----------
    songs : sequence of Song
        Those without a key are left out.
    """
    counts = torch.ones(SIZE)
    for song in songs:
        if song.key != 24:
            counts += torch.bincount(transpose(torch.from_numpy(song.symbols), -(song.key % 12)), minlength=SIZE)
    table = (1000.0 * (counts / counts.sum()).log()).round().long()
    table[NONE] = 0
    return table


class ChordVAE(nn.Module):
    """A code for every bar, given the bars before it; the same weights serve all bars.

    A perceptron on whole pieces remembers its training songs. Bars
    recur, pieces do not. Because a bar is decoded together with the bars decoded before it, independent draws
    from the prior are still a progression.

    Parameters
    ----------
    beats : int
        Length of a piece, a multiple of 4.
    latent_dim : int
        Of the code, a multiple of the number of bars.
    width, embedding : int
        Of hidden layers; values per beat.
    blind : float
        Share of training bars whose past is hidden, so that a code says more than what its past leaves open.
    """

    def __init__(self, beats=16, latent_dim=16, width=256, embedding=16, blind=0.3):
        super().__init__()
        self.beats, self.latent_dim, self.bars, self.blind = beats, latent_dim, beats // 4, blind
        self.per_bar = latent_dim // self.bars
        self.symbols = nn.Embedding(SIZE + 1, embedding)  # 169: nothing yet
        self.encoder = nn.Sequential(nn.Linear(16 * embedding, width), Block(width), Block(width),
                                     nn.LayerNorm(width), nn.Linear(width, 2 * self.per_bar))
        self.decoder = nn.Sequential(nn.Linear(12 * embedding + self.per_bar, width), Block(width), Block(width),
                                     nn.LayerNorm(width), nn.Linear(width, 4 * 32))
        self.output = nn.Linear(32, SIZE)
        self.register_buffer("tonics", torch.zeros(SIZE, dtype=torch.long))

    def tonic(self, x):
        """Return the tonic ``(B,)`` of pieces ``(B, T)``, 0 to 11."""
        heard = x != 168
        first = x.gather(1, heard.long().argmax(1, keepdim=True)).squeeze(1)
        first = torch.where(heard.any(1), first // 14, torch.zeros_like(first))  # (B,) first root
        from_first = relative(x, first)  # (B, T)
        scores = [self.tonics[relative(from_first, torch.full_like(first, r))].sum(1) for r in range(12)]
        return (first + torch.stack(scores, 1).argmax(1)) % 12

    def past(self, x, bar: int):
        """Return what is known before a bar of pieces ``(B, T)``: the embedded three bars before it, ``(B, 12 E)``."""
        nothing = torch.full((len(x), 12), 169, dtype=torch.long)
        before = torch.cat([nothing, x], 1)[:, 4 * bar:4 * bar + 12]  # (B, 12)
        if self.training:
            before = torch.where(torch.rand(len(x), 1) < self.blind, torch.full_like(before, 169), before)
        return self.symbols(before).flatten(1)

    def posterior(self, x):
        """Return mean and log variance, ``(B, L)`` each, of pieces ``(B, T)`` in C."""
        parts: list[torch.Tensor] = []
        for bar in range(self.bars):
            now = self.symbols(x[:, 4 * bar:4 * bar + 4]).flatten(1)
            parts.append(self.encoder(torch.cat([self.past(x, bar), now], 1)))  # (B, 2 L / bars)
        both = torch.stack(parts, 1)  # (B, bars, 2 L / bars)
        mean, log_variance = both.chunk(2, 2)
        return mean.flatten(1), log_variance.flatten(1).clamp(-12.0, 4.0)

    def bar(self, z, x, bar: int):
        """Return logits ``(B, 4, 169)`` in C of a bar, of codes ``(B, L)`` and what was played before it in ``x``."""
        own = z[:, bar * self.per_bar:(bar + 1) * self.per_bar]
        return self.output(self.decoder(torch.cat([self.past(x, bar), own], 1)).view(-1, 4, 32))

    def logits(self, z, x):
        """Return logits ``(B, T, 169)`` in C of codes, each bar after the true bars of ``x``: for training."""
        return torch.cat([self.bar(z, x, bar) for bar in range(self.bars)], 1)

    def encode(self, x):
        """Return the code ``(B, L)`` and the tonic ``(B,)`` of pieces ``(B, T)`` int64."""
        tonic = self.tonic(x)
        return self.posterior(relative(x, tonic))[0], tonic

    def decode(self, z, tonic):
        """Return log-probabilities ``(B, T, 169)`` of codes ``(B, L)`` at tonics ``(B,)``."""
        x = torch.full((len(z), self.beats), 169, dtype=torch.long)
        parts: list[torch.Tensor] = []
        for bar in range(self.bars):
            logits = torch.log_softmax(self.bar(z, x, bar), 2)
            parts.append(logits)
            x[:, 4 * bar:4 * bar + 4] = logits.argmax(2)
        symbols = torch.arange(169).unsqueeze(0).expand(len(z), 169)
        moved = relative(symbols, tonic).unsqueeze(1).expand(-1, self.beats, -1)
        return torch.cat(parts, 1).gather(2, moved)
