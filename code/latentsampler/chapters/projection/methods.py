"""Other ways from knobs to a point, each a module like `Steering`: knobs, pitch -> z, handles (which they leave at 0).

Contents
--------
LinearInverse   attributes as a linear function of the point, solved for the point
OwnAxes         a model whose first four latent axes are made to follow the attributes
Flow            an invertible flow between points and normal noise, given attributes and pitch
random_notes    points at random pitches, played and measured, on which the first and the last are fitted
"""

import numpy as np
import torch
from torch import nn

from latentsampler.chapters.projection.steering import FARTHEST, draw


class Method(nn.Module):
    """What the methods share: they aim at an attribute ``(B, 4)`` and a pitch.

    Parameters
    ----------
    quantiles : Quantiles
        What knobs ask for.
    """

    def __init__(self, quantiles):
        super().__init__()
        self.quantiles = quantiles

    def forward(self, knobs, pitch):
        """Return z ``(B, L)`` and neutral handles ``(B, 4)``."""
        z = self.aim(self.quantiles(knobs, pitch), pitch).clamp(-FARTHEST, FARTHEST)
        return z, torch.zeros_like(knobs)


class LinearInverse(Method):
    """Damped least-squares solution of attributes = W z + a cubic in pitch, for a standard normal z.

    Undamped it is worthless: four attributes that go together ask for points far outside the cloud.

    Parameters
    ----------
    quantiles : Quantiles
        What knobs ask for.
    z, pitch, heard : torch.Tensor
        Notes played, ``(n, L)``, ``(n,)``, and their attributes ``(n, 4)``.
    damping : float
        Variance of the error that is worth a squared unit of z, in squared deviations of the notes.
    """

    def __init__(self, quantiles, z, pitch, heard, damping=0.05):
        super().__init__(quantiles)
        known = torch.cat([z, powers(pitch)], dim=1)
        weights = torch.linalg.lstsq(known, heard, driver="gelsd").solution  # (L + 4, 4)
        scale = quantiles.deviations
        slopes = weights[:z.shape[1]] / scale  # (L, 4)
        square = slopes @ slopes.T + damping * torch.eye(len(slopes))
        self.register_buffer("inverse", torch.linalg.solve(square, slopes).T / scale[:, None])  # (4, L)
        self.register_buffer("pitched", weights[z.shape[1]:])  # (4, 4)

    def aim(self, attributes, pitch):
        """Return the points ``(B, L)`` that should have some attributes ``(B, 4)``."""
        return (attributes - powers(pitch) @ self.pitched) @ self.inverse


class OwnAxes(Method):
    """Each of the first four axes as a linear function of its attribute; the others linear in pitch.

    Parameters
    ----------
    quantiles : Quantiles
        What knobs ask for.
    codes, pitch, points : torch.Tensor
        Of training notes: ``(n, L)``, ``(n,)`` and attributes ``(n, 4)``.
    """

    def __init__(self, quantiles, codes, pitch, points):
        super().__init__(quantiles)
        lines = [np.polyfit(points[:, k].numpy(), codes[:, k].numpy(), 1) for k in range(4)]
        self.register_buffer("slope", torch.tensor(np.array(lines)[:, 0], dtype=torch.float32))  # (4,)
        self.register_buffer("start", torch.tensor(np.array(lines)[:, 1], dtype=torch.float32))  # (4,)
        rest = torch.linalg.lstsq(powers(pitch), codes[:, 4:], driver="gelsd").solution
        self.register_buffer("rest", rest)  # (4, L - 4)

    def aim(self, attributes, pitch):
        """Return the points ``(B, L)`` that should have some attributes ``(B, 4)``."""
        return torch.cat([attributes * self.slope + self.start, powers(pitch) @ self.rest], dim=1)


class Flow(Method):
    """The most typical point given attributes and pitch, by a conditional neural spline flow (extra ``projection``).

    Parameters
    ----------
    quantiles : Quantiles
        What knobs ask for.
    z, pitch, heard : torch.Tensor
        As for `LinearInverse`.
    steps, seed : int
        Of training.

    References
    ----------
    Durkan, Bekasov, Murray and Papamakarios, "Neural spline flows", NeurIPS 2019; the library zuko.
    """

    def __init__(self, quantiles, z, pitch, heard, steps, seed):
        super().__init__(quantiles)
        import zuko  # not at the top: the extra is needed for this method alone

        torch.manual_seed(seed)
        self.latent_dim = z.shape[1]
        self.register_buffer("middle", heard.mean(0))
        self.register_buffer("scale", heard.std(0))
        self.flow = zuko.flows.NSF(z.shape[1], context=5, transforms=3, hidden_features=(64, 64))
        optimiser = torch.optim.Adam(self.flow.parameters(), lr=2e-3)
        rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(steps):
            row = torch.randint(len(z), (256,))
            loss = -self.flow(self.context(heard[row], pitch[row])).log_prob(z[row]).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.flow.parameters(), 1.0)
            optimiser.step()
            rate.step()
        self.eval().requires_grad_(False)

    def context(self, attributes, pitch):
        """Return what the flow is told: ``(B, 5)``."""
        return torch.cat([(attributes - self.middle) / self.scale, ((pitch - 60.0) / 12.0)[:, None]], dim=1)

    def aim(self, attributes, pitch):
        """Return the points ``(B, L)`` at the middle of the noise."""
        return self.flow(self.context(attributes, pitch)).transform.inv(torch.zeros(len(pitch), self.latent_dim))


def powers(pitch):
    """Return the terms ``(n, 4)`` of a cubic in pitch ``(n,)``."""
    x = ((pitch - 60.0) / 24.0)[:, None]
    return torch.cat([torch.ones_like(x), x, x ** 2, x ** 3], dim=1)


def random_notes(chain, codes, config, seed):
    """Return notes of the space, played without handles and measured.

    Parameters
    ----------
    chain : Renderer
        Plays and measures.
    codes : torch.Tensor
        ``(N, L)``: of notes, around which points are drawn.
    config : Config
        How many, and the pitch range.
    seed : int
        Of the draw.

    Returns
    -------
    tuple of torch.Tensor
        Points ``(n, L)``, pitches ``(n,)`` and attributes ``(n, 4)``; silent notes left out.
    """
    generator = torch.Generator().manual_seed(seed)
    _, pitch = draw(config.first, config, generator)
    z = codes[torch.randint(len(codes), (config.first,), generator=generator)]
    z = z + 0.3 * torch.randn(z.shape, generator=generator)
    heard = torch.tensor(chain.measure(z, pitch), dtype=torch.float32)
    kept = torch.isfinite(heard).all(1)
    return z[kept], pitch[kept], heard[kept]
