"""Eight beats -> the next eight, as probabilities; exactly equivariant to transposition.

Conventions
-----------
* All symbols, and the key, are taken relative to the last root of the input before the network sees them, and its
  output is moved back: a transposed input gives the transposed output, to the last bit.
* Key and place in the bar may be unknown (24, 7): training hides them at random, so one network answers with both, one
  or none of them. The alphabet of the input (0, 1, 2 for A1, A2, A3) is told, for training reduces it at random.

Contents
--------
last_root, relative   what the input is measured from, and symbols measured from it
Predictor             the network
"""

import torch
from torch import nn

from latentsampler.chapters.chords.alphabet import NONE, SIZE, representatives


def last_root(x):
    """Return the root ``(B,)`` of the last chord of ``x`` (B, T) that has one; 0 where none has."""
    heard = (x != 168).long()  # (B, T)
    rank = (heard * torch.arange(1, x.shape[1] + 1)).argmax(1, keepdim=True)  # (B, 1)
    return torch.where(heard.any(1), x.gather(1, rank).squeeze(1) // 14, torch.zeros_like(x[:, 0]))


def relative(symbols, root):
    """Return symbols ``(B, T)`` measured from roots ``(B,)``."""
    return torch.where(symbols == 168, symbols, (symbols - 14 * root.unsqueeze(1)) % 168)


def relative_key(key, root):
    """Return keys ``(B,)`` measured from roots; 24 stays."""
    return torch.where(key == 24, key, (key % 12 - root) % 12 + 12 * (key // 12))


class Block(nn.Module):
    """A residual layer.

    Parameters
    ----------
    width : int
        Values in and out.
    dropout : float
        Share of them that training hides.
    """

    def __init__(self, width, dropout=0.0):
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout))

    def forward(self, x):
        """Return ``x`` and what the layer adds to it, ``(B, width)``."""
        return x + self.layers(x)


class Predictor(nn.Module):
    """A perceptron over embedded beats.

    Parameters
    ----------
    width, depth : int
        Of the hidden layers.
    embedding : int
        Values per beat.
    dropout : float
        Share of hidden values that training hides.
    """

    def __init__(self, width=512, depth=2, embedding=32, dropout=0.2):
        super().__init__()
        self.symbols = nn.Embedding(SIZE, embedding)
        self.keys, self.places, self.alphabets = nn.Embedding(25, 32), nn.Embedding(8, 16), nn.Embedding(3, 8)
        self.first = nn.Linear(8 * embedding + 56, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*(Block(width, dropout) for _ in range(depth)))
        self.last = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 8 * 64))
        self.output = nn.Linear(64, SIZE)
        self.register_buffer("reduced", torch.stack([representatives(name) for name in ("a1", "a2", "a3")]))

    def logits(self, x, key, place, alphabet):
        """Return logits ``(B, 8, 169)`` of symbols measured from the last root, and that root ``(B,)``."""
        root = last_root(x)
        x = self.reduced[alphabet.unsqueeze(1), relative(x, root)]  # (B, 8)
        h = torch.cat([self.symbols(x).flatten(1), self.keys(relative_key(key, root)), self.places(place),
                       self.alphabets(alphabet)], 1)
        h = self.blocks(self.dropout(nn.functional.gelu(self.first(h))))  # (B, width)
        return self.output(self.last(h).view(-1, 8, 64)), root

    def forward(self, x, key, place, alphabet):
        """Return log-probabilities ``(B, 8, 169)`` of the next eight beats.

        Parameters
        ----------
        x : torch.Tensor
            ``(B, 8)`` int64, symbols.
        key, place, alphabet : torch.Tensor
            ``(B,)`` int64: 0 to 24; 0 to 7, place of the last beat; 0 to 2.
        """
        logits, root = self.logits(x, key, place, alphabet)
        symbols = torch.arange(169).unsqueeze(0).expand(len(x), 169)  # (B, 169)
        moved = relative(symbols, root).unsqueeze(1).expand(-1, 8, -1)  # where each stands in the output
        return torch.log_softmax(logits, 2).gather(2, moved)

    def loss(self, x, y, key, place, alphabet):
        """Return the mean negative log-likelihood of ``y`` (B, 8), nats."""
        logits, root = self.logits(x, key, place, alphabet)
        return nn.functional.cross_entropy(logits.flatten(0, 1), relative(y, root).flatten())


assert NONE == 168 and SIZE == 169  # TorchScript reads no constants of a module
