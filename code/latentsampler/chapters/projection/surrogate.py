"""A differentiable stand-in for rendering and measuring: point, pitch and handles -> the four attributes.

It exists to give gradients; what it says is believed only where the next round of rendered notes confirms it. A model
of sampled instruments is smooth in z but jagged in pitch (each key has its own recording, its own embedding), so notes
of one key tell more of each other than those of its neighbours do.

Conventions
-----------
* Inputs are ``(n, L + 5)``: z, pitch (whole MIDI note numbers), handles. All is standardised inside.

Contents
--------
Keys             a learned vector for every key
Process          Gaussian process of one attribute: kernel, likelihood, weights
Surrogate        four processes: inputs -> attributes
fit_surrogate    rendered notes -> Surrogate
"""

import torch
from torch import nn

SEEN = 600  # notes of each step of the fit
JITTER = 1e-3  # least variance of the noise, of that of the notes


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


class Process(nn.Module):
    r"""Gaussian process of one standardised attribute.

    :math:`k = a^2 e^{-d^2 / 2} (\rho e^{-(p - p')^2 / 2 l^2} + (1 - \rho) \delta_{pp'}) + \sum_i w_i^2 x_i x'_i
    + b^2 \delta_{pp'}`, where d is the distance of z and handles, each in a scale of its own: a smooth function, much
    of which neighbouring keys share, a plane, and an offset for each key.

    Parameters
    ----------
    size : int
        Of z and handles, L + 4.

    References
    ----------
    Rasmussen and Williams, "Gaussian processes for machine learning", MIT Press 2006, chapters 2 and 5.
    """

    def __init__(self, size):
        super().__init__()
        start = {"scales": torch.full((size,), 2.5), "amplitude": torch.tensor(1.0), "reach": torch.tensor(8.0),
                 "share": torch.tensor(1.0), "slopes": torch.full((size,), 0.3), "offset": torch.tensor(0.3),
                 "noise": torch.tensor(0.2)}
        self.logs = nn.ParameterDict({name: nn.Parameter(value.log()) for name, value in start.items()})

    def between_keys(self):
        """Return what keys share: ``(128, 128)`` of the smooth part and of the offset."""
        note = torch.arange(128.0)
        share = torch.sigmoid(self.logs["share"])
        near = torch.exp(-0.5 * ((note[:, None] - note) / self.logs["reach"].exp()).square())
        same = torch.eye(128)
        return self.logs["amplitude"].exp().square() * (share * near + (1.0 - share) * same)

    def smooth(self, x, y):
        """Return the smooth part of the kernel but for the keys: ``(n, m)`` of ``(n, L + 4)`` and ``(m, L + 4)``."""
        x, y = x / self.logs["scales"].exp(), y / self.logs["scales"].exp()
        return torch.exp(x @ y.T - 0.5 * x.square().sum(1, keepdim=True) - 0.5 * y.square().sum(1))

    def covariance(self, x, key):
        """Return the covariance ``(n, n)`` of notes ``(n, L + 4)`` at keys ``(n,)``, noise included."""
        planes = x * self.logs["slopes"].exp()
        same = (key[:, None] == key).to(x) * self.logs["offset"].exp().square()
        noise = self.logs["noise"].exp().square() + JITTER
        return (self.smooth(x, x) * self.between_keys()[key][:, key] + planes @ planes.T + same
                + noise * torch.eye(len(x)))

    def cost(self, x, key, y):
        """Return the negative log likelihood of values ``(n,)``, per note and but for a constant."""
        root = torch.linalg.cholesky(self.covariance(x, key))
        white = torch.linalg.solve_triangular(root, y[:, None], upper=False)
        return (0.5 * white.square().sum() + root.diagonal().log().sum()) / len(y)

    def settle(self, x, key, y):
        """Keep what predictions need of the notes: after it, :meth:`forward` gives their expected values."""
        with torch.no_grad():
            root = torch.linalg.cholesky(self.covariance(x, key).double())
            weight = torch.cholesky_solve(y[:, None].double(), root)[:, 0].float()
            self.x, self.weight, self.shared = x, weight, self.between_keys()[:, key] * weight  # (128, n)
            self.plane = self.logs["slopes"].exp().square() * (x.T @ weight)
            self.offsets = self.logs["offset"].exp().square() * torch.zeros(128).index_add(0, key, weight)

    def forward(self, x, key):
        """Return the expected values ``(B,)`` at points ``(B, L + 4)`` and keys ``(B,)``."""
        return (self.smooth(x, self.x) * self.shared[key]).sum(1) + x @ self.plane + self.offsets[key]


class Surrogate(nn.Module):
    """Point, pitch and handles ``(n, L + 5)`` -> attributes ``(n, 4)`` in points.

    Parameters
    ----------
    size : int
        L + 5.
    """

    def __init__(self, size):
        super().__init__()
        self.pitch = size - 5  # column of the pitch
        self.processes = nn.ModuleList(Process(size - 1) for _ in range(4))

    def parts(self, inputs):
        """Return standardised points and handles ``(n, L + 4)``, and keys ``(n,)``."""
        x = torch.cat([inputs[:, :self.pitch], inputs[:, self.pitch + 1:]], dim=1)
        return (x - self.middle) / self.scale, inputs[:, self.pitch].round().long().clamp(0, 127)

    def forward(self, inputs):
        """Return the attributes of points."""
        x, key = self.parts(inputs)
        found = torch.stack([process(x, key) for process in self.processes], dim=1)
        return found * self.output_scale + self.output_middle


def fit_surrogate(inputs, attributes, steps=60, seed=0, before=None):
    """Fit a surrogate on rendered notes.

    Parameters
    ----------
    inputs, attributes : torch.Tensor
        ``(n, L + 5)`` and ``(n, 4)`` points.
    steps, seed : int
        Of the likelihood's maximisation, each on other notes; of their choice.
    before : Surrogate, optional
        From whose kernels to begin.

    Returns
    -------
    Surrogate
        Frozen.
    """
    surrogate, generator = Surrogate(inputs.shape[1]), torch.Generator().manual_seed(seed)
    if before is not None:
        surrogate.load_state_dict(before.state_dict())
    x = torch.cat([inputs[:, :surrogate.pitch], inputs[:, surrogate.pitch + 1:]], dim=1)
    surrogate.middle, surrogate.scale = x.mean(0), x.std(0).clamp(min=1e-6)
    surrogate.output_middle, surrogate.output_scale = attributes.mean(0), attributes.std(0).clamp(min=1e-6)
    x, key = surrogate.parts(inputs)
    y = (attributes - surrogate.output_middle) / surrogate.output_scale
    for k, process in enumerate(surrogate.processes):
        optimiser = torch.optim.Adam(process.parameters(), lr=0.1)
        for _ in range(steps):
            row = torch.randperm(len(x), generator=generator)[:SEEN]
            optimiser.zero_grad(set_to_none=True)
            process.cost(x[row], key[row], y[row, k]).backward()
            optimiser.step()
        process.settle(x, key, y[:, k])
    return surrogate.requires_grad_(False)
