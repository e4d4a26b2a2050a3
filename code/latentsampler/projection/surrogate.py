"""A differentiable stand-in for rendering and measuring: point, pitch and handles -> the four attributes.

It exists to give gradients; what it says is believed only where the next round of rendered notes confirms it. A model
of sampled instruments is smooth in z but jagged in pitch (each key has its own recording, its own embedding), so every
key has a learned vector here.

Contents
--------
Keys            a learned vector for every key
Surrogate       network with a linear part
fit_surrogate   rendered notes -> Surrogate
fit_committee   rendered notes -> several, each of which has seen other notes: where they disagree, none is believed
"""

import torch
from torch import nn
from torch.nn import functional


class Keys(nn.Module):
    """Pitch ``(B,)``, MIDI note numbers -> ``(B, dim)``, linear between whole notes.

    Parameters
    ----------
    dim : int
        Size of a key's vector; all begin at 0.
    """

    def __init__(self, dim):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(128, dim))

    def forward(self, pitch):
        """Return the vectors of pitches."""
        note = pitch.clamp(0.0, 127.0)
        row = note.floor().clamp(max=126.0)
        share = (note - row).unsqueeze(1)
        index = row.long()
        return self.table[index] + share * (self.table[index + 1] - self.table[index])


class Surrogate(nn.Module):
    """Point, pitch and handles ``(n, L + 5)`` -> attributes ``(n, 4)`` in points.

    Parameters
    ----------
    inputs, attributes : torch.Tensor
        ``(n, L + 5)`` and ``(n, 4)``, whose means and deviations scale the network.
    width, key_size : int
        Of two hidden layers, and of a key's vector.
    """

    def __init__(self, inputs, attributes, width=48, key_size=8):
        super().__init__()
        for name, values in (("input", inputs), ("output", attributes)):
            self.register_buffer(f"{name}_mean", values.mean(0))
            self.register_buffer(f"{name}_scale", values.std(0).clamp(min=1e-6))
        size, self.pitch = inputs.shape[1], inputs.shape[1] - 5  # column of the pitch
        self.keys, self.offset, self.straight = Keys(key_size), Keys(4), nn.Linear(size, 4)
        self.bent = nn.Sequential(nn.Linear(size + key_size, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                                  nn.Linear(width, 4))

    def forward(self, inputs):
        """Return the attributes of points."""
        pitch, x = inputs[:, self.pitch], (inputs - self.input_mean) / self.input_scale
        scaled = self.straight(x) + self.offset(pitch) + self.bent(torch.cat([x, self.keys(pitch)], dim=1))
        return scaled * self.output_scale + self.output_mean


def fit_surrogate(inputs, attributes, weights=None, steps=2500, seed=0):
    """Fit a surrogate on rendered notes.

    Parameters
    ----------
    inputs, attributes : torch.Tensor
        ``(n, L + 5)`` and ``(n, 4)`` points.
    weights : torch.Tensor, optional
        ``(n,)``: how often each note is drawn, relative to the others.
    steps, seed : int
        Optimiser steps; of the initial weights and the order of notes.

    Returns
    -------
    Surrogate
        In evaluation mode, frozen.
    """
    torch.manual_seed(seed)
    surrogate = Surrogate(inputs, attributes)
    optimiser = torch.optim.AdamW(surrogate.parameters(), lr=5e-3, weight_decay=0.1)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    weights = torch.ones(len(inputs)) if weights is None else weights
    rows = torch.multinomial(weights, 128 * steps, replacement=True).view(steps, 128)
    for row in rows:
        error = (surrogate(inputs[row]) - attributes[row]) / surrogate.output_scale
        loss = functional.smooth_l1_loss(error, torch.zeros_like(error), beta=0.3)  # attributes jump at times
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        rate.step()
    return surrogate.eval().requires_grad_(False)


def fit_committee(inputs, attributes, weights, members, steps, seed=0):
    """Fit several surrogates, each on a random four fifths of the notes.

    Parameters
    ----------
    inputs, attributes, weights : torch.Tensor
        As for :func:`fit_surrogate`.
    members, steps, seed : int
        How many; optimiser steps of each; of the choice of notes and of the first member.

    Returns
    -------
    list of Surrogate
        The members.
    """
    generator = torch.Generator().manual_seed(seed)
    committee = []
    for member in range(members):
        seen = torch.randperm(len(inputs), generator=generator)[:max(1, int(0.8 * len(inputs)))]
        committee.append(fit_surrogate(inputs[seen], attributes[seen], weights[seen], steps, 1000 * seed + member))
    return committee
