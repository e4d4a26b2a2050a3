"""Networks that imitate the exact solver, all with one call.

Conventions
-----------
* ``forward(distances (B, R, C), rows (B, R), columns (B, C)) -> logits (B, R, C)``; presence is bool.
* ``MessageNet`` and ``Exchangeable`` take any R and C and do not depend on the scale of the distances. Permuted
  rows or columns give permuted logits, by construction. Logits of absent pairs are ``-messages.ABSENT``.
* The recurrent networks have one size and know no presence: ``as_padding`` writes it into the distances.

Contents
--------
MessageNet     unrolled min-sum messages, then exchangeable layers
Exchangeable   exchangeable layers alone
HungarianNet   the published network: GRU over rows, attention, linear
DeepHungarian  the published network before it: a bidirectional GRU along rows, then one along columns
from_arrays    HungarianNet with the published checkpoint's arrays
"""

import numpy as np
import torch
from torch import nn

from latentsampler.chapters.assignment.messages import beliefs, excluded_max, masked

ONE_FAR, BOTH_FAR = 17.3, 0.0  # published padding: distance of a direction to (10, 10, 10), and of that to itself
ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "none": nn.Identity}


class ExchangeableLayer(nn.Module):
    """A residual layer on the entries of a matrix: each sees itself, its row, its column and the whole.

    Parameters
    ----------
    width : int
        Channels.

    References
    ----------
    Hartford et al., "Deep models of interactions across sets", ICML 2018. Here rows, columns and the whole are pooled
    by maxima and minima instead of means: they do not depend on the order in which numbers are added.
    """

    def __init__(self, width: int):
        super().__init__()
        self.own, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.row, self.column = nn.Linear(2 * width, width, bias=False), nn.Linear(2 * width, width, bias=False)
        self.all = nn.Linear(width, width, bias=False)

    def forward(self, x, present):
        """Return entries ``(B, R, C, K)`` of entries and presence ``(B, R, C, 1)``."""
        far = 1e3 * (1.0 - present)
        low, high = x - far, x + far
        limit = 1e2  # rows and columns that are absent as a whole
        row = torch.cat([low.amax(2), high.amin(2)], -1).clamp(-limit, limit)  # (B, R, 2 K)
        column = torch.cat([low.amax(1), high.amin(1)], -1).clamp(-limit, limit)  # (B, C, 2 K)
        whole = self.all(low.amax((1, 2)).clamp(-limit, limit))  # (B, K)
        by_row = self.row(row) + whole[:, None]
        return x + self.out(torch.relu(self.own(x) + by_row[:, :, None] + self.column(column)[:, None]))


def _prepared(distances, rows, columns):
    """Return presence ``(B, R, C)`` float, and distances over their mean; absent ones 0."""
    present = (rows[:, :, None] & columns[:, None]).to(distances.dtype)
    inside = distances * present
    count = present.sum((1, 2)).clamp(min=1.0)
    mean = (inside.double().sum((1, 2)) / count).to(distances.dtype)  # double: in any order the same
    return present, inside / mean.clamp(min=1e-12)[:, None, None]


class Exchangeable(nn.Module):
    """Exchangeable layers alone, on distances and their differences to the best of row and column.

    Parameters
    ----------
    width, depth : int
        Channels and layers.
    """

    reads_padding: bool = False

    def __init__(self, width: int = 32, depth: int = 6):
        super().__init__()
        self.first = nn.Linear(5, width)
        self.layers = nn.ModuleList([ExchangeableLayer(width) for _ in range(depth)])
        self.last = nn.Linear(width, 1)

    def forward(self, distances, rows, columns):
        """Return logits ``(B, R, C)``."""
        present, x = _prepared(distances, rows, columns)
        near = masked(-x, present)
        by_row, by_column = -x - excluded_max(near, 2), -x - excluded_max(near, 1)
        more = (rows.sum(1) - columns.sum(1)).sign().to(x.dtype)[:, None, None].expand_as(x)
        there = present[..., None]
        x = self.first(torch.stack([x, by_row.clamp(-4, 4), by_column.clamp(-4, 4), more, present], -1))
        for layer in self.layers:
            x = layer(x, there)
        return masked(self.last(x)[..., 0], present)


class MessageNet(nn.Module):
    """Rounds of min-sum messages with learned damping, then exchangeable layers that correct what they say.

    The messages alone find the optimum when they are run for long enough and it is unique; a fixed number of rounds
    leaves errors, mostly at near-ties.

    Parameters
    ----------
    rounds, per_size : int
        Rounds of messages: so many, and so many for each row or column of the longer side.
    width, depth : int
        Channels and number of exchangeable layers; depth 0 = messages alone.

    References
    ----------
    Bayati, Shah and Sharma, "Max-product for maximum weight matching", IEEE Trans. Inf. Theory 54 (3), 2008.
    """

    reads_padding: bool = False

    def __init__(self, rounds: int = 4, per_size: int = 2, width: int = 16, depth: int = 2):
        super().__init__()
        self.rounds, self.per_size = rounds, per_size
        self.damping = nn.Parameter(torch.tensor([-1.4, -1.4]))  # of the first and last round, 0.2
        self.sharpness = nn.Parameter(torch.tensor([3.0, 0.0]))
        self.first = nn.Linear(9, width)
        self.layers = nn.ModuleList([ExchangeableLayer(width) for _ in range(depth)])
        self.last = nn.Linear(width, 1)
        nn.init.zeros_(self.last.weight)  # begins as the messages alone
        nn.init.zeros_(self.last.bias)

    def forward(self, distances, rows, columns):
        """Return logits ``(B, R, C)``."""
        present, x = _prepared(distances, rows, columns)
        rounds = self.rounds + self.per_size * max(x.shape[1], x.shape[2])
        place = torch.linspace(0.0, 1.0, rounds, device=x.device)
        damping = torch.sigmoid(self.damping[0] + place * (self.damping[1] - self.damping[0]))  # (rounds,)
        late, mean = beliefs(x, rows, columns, damping)  # (B, R, C) each
        sharp = self.sharpness.exp()
        logits = sharp[0] * mean
        if len(self.layers) > 0:
            logits = logits + self._corrected(x, late, mean, present, sharp[1])
        return masked(logits, present)

    def _corrected(self, x, late, mean, present, gain):
        low = masked(mean, present)
        ones = (mean > 0).to(x.dtype) * present
        by_row, by_column = mean - excluded_max(low, 2), mean - excluded_max(low, 1)
        y = self.first(torch.stack([
            torch.tanh(gain * mean), torch.tanh(16.0 * gain * mean), torch.tanh(4.0 * gain * late),
            torch.tanh(4.0 * gain * by_row), torch.tanh(4.0 * gain * by_column),
            ones.sum(2, keepdim=True).expand_as(x) - 1.0, ones.sum(1, keepdim=True).expand_as(x) - 1.0,
            x.clamp(max=4.0), present], -1))  # (B, R, C, width)
        there = present[..., None]
        for layer in self.layers:
            y = layer(y, there)
        return self.last(y)[..., 0]


def as_padding(distances, rows, columns):
    """Return distances with absent rows and columns as far-away points, as the published network knows them."""
    one, both = rows[:, :, None] ^ columns[:, None], ~rows[:, :, None] & ~columns[:, None]
    return distances.masked_fill(one, 17.3).masked_fill(both, 0.0)  # ONE_FAR, BOTH_FAR: a script knows no globals


class HungarianNet(nn.Module):
    """A GRU over the rows, one head of attention, a nonlinearity, a linear layer.

    Parameters
    ----------
    size : int
        Rows and columns.
    width : int
        Units of the GRU.
    layers : int
        Of the GRU.
    bidirectional, attention : bool
        Both directions; attention over rows, whose scores are not scaled.
    activation : str
        ``"tanh"``, ``"relu"`` or ``"none"``.

    References
    ----------
    Adavanne, Politis and Virtanen, "Differentiable tracking-based training of deep learning sound source localizers",
    WASPAA 2021.
    """

    reads_padding: bool = True

    def __init__(self, size: int, width: int = 128, layers: int = 1, bidirectional: bool = False,
                 attention: bool = True, activation: str = "tanh"):
        super().__init__()
        self.size = size
        self.gru = nn.GRU(size, width, layers, batch_first=True, bidirectional=bidirectional)
        channels = width * (2 if bidirectional else 1)
        self.attention = attention
        self.query, self.key, self.value = (nn.Linear(channels, channels, bias=False) for _ in range(3))
        if not attention:
            self.query, self.key, self.value = nn.Identity(), nn.Identity(), nn.Identity()
        self.activation = ACTIVATIONS[activation]()
        self.last = nn.Linear(channels, size)

    def forward(self, distances, rows, columns):
        """Return logits ``(B, M, M)``."""
        x = self.gru(as_padding(distances, rows, columns))[0]  # (B, M, width)
        if self.attention:
            scores = self.query(x) @ self.key(x).transpose(1, 2)  # (B, M, M)
            x = scores.softmax(2) @ self.value(x)
        return self.last(self.activation(x))


class DeepHungarian(nn.Module):
    """A bidirectional GRU along all entries row by row, then one column by column, then linear layers.

    Parameters
    ----------
    size : int
        Rows and columns.
    width : int
        Units of each GRU and direction (256 as published).

    References
    ----------
    Xu et al., "How to train your deep multi-object tracker", CVPR 2020.
    """

    reads_padding: bool = True

    def __init__(self, size: int, width: int = 32):
        super().__init__()
        self.by_row = nn.GRU(1, width, batch_first=True, bidirectional=True)
        self.by_column = nn.GRU(2 * width, width, batch_first=True, bidirectional=True)
        self.last = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))
        self.size = size

    def forward(self, distances, rows, columns):
        """Return logits ``(B, M, M)``."""
        m = self.size
        x = self.by_row(as_padding(distances, rows, columns).reshape(-1, m * m, 1))[0]  # (B, M M, 2 width)
        x = x.reshape(-1, m, m, x.shape[-1]).transpose(1, 2).reshape(-1, m * m, x.shape[-1])
        return self.last(self.by_column(x)[0]).reshape(-1, m, m).transpose(1, 2)


def from_arrays(path):
    """Return the published network.

    Parameters
    ----------
    path : str or pathlib.Path
        The checkpoint as plain arrays (``.npz``); its licence permits no commercial use, so it is only compared with.

    Returns
    -------
    HungarianNet
        In evaluation mode.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: torch.from_numpy(file[name]) for name in file.files}
    units, size = arrays["fc1.weight"].shape[::-1]
    module = HungarianNet(int(size), int(units))
    names = {f"gru.{name}": f"gru.{name}" for name in module.gru.state_dict()}
    names |= {f"{mine}.weight": f"attn.conv_{letter}.weight"
              for mine, letter in (("query", "Q"), ("key", "K"), ("value", "V"))}
    names |= {"last.weight": "fc1.weight", "last.bias": "fc1.bias"}
    module.load_state_dict({mine: arrays[theirs].reshape(module.state_dict()[mine].shape)
                            for mine, theirs in names.items()})
    return module.eval()
