"""Whether each method grows as a cloud of codes moves away from the prior.

Conventions
-----------
* A cloud is normal with the mean m and the variance v in *every* dimension; the prior is (0, 1). A random encoder's
  posteriors are all equal to the cloud. The same noise serves every cloud, so that curves are smooth.
* A learned prior is taken at its beginning, a standard normal; a critic is trained on each pair of clouds.
* *Rises*: no step of the curve falls by more than ``TOLERANCE`` of the curve's range.

Contents
--------
WAYS              the ways away from the prior: name -> (mean, variance) of each step
value, curve      one method on one cloud; along one way
verdict           curve -> "rises", "flat" or where it falls
table_monotone    all methods as text
table_sizes       what a fault of one dimension costs at several latent sizes
"""

import torch
from torch import nn

from latentsampler.learning.batch import Batch
from latentsampler.learning.regularisers import METHODS, Adversarial

MEAN_SHIFT = 3.0  # the mean that is not zero, for the second row of variances
TOLERANCE = 0.002
WAYS = {"mean 0..10": [(float(m), 1.0) for m in range(11)],
        "variance 1..15": [(0.0, float(v)) for v in range(1, 16, 2)],
        f"variance 1..15 at mean {MEAN_SHIFT:g}": [(MEAN_SHIFT, float(v)) for v in range(1, 16, 2)]}
SIZE, NOTES = 4, 256  # latent dimensions and codes of a cloud


def value(method, mean, variance, latent_dim=SIZE, notes=NOTES, moved=None):
    """Return what a method gives for a normal cloud.

    Parameters
    ----------
    method : type
        A class of ``regularisers``.
    mean, variance : float
        Of every dimension.
    latent_dim, notes : int
        Size of the cloud.
    moved : int, optional
        So many dimensions only have the mean; the others have zero.

    Returns
    -------
    float
        Its term "divergence".
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        regulariser = method(latent_dim, 1, 1)
        centre = torch.full((notes, latent_dim), mean)
        centre[:, latent_dim if moved is None else moved:] = 0.0
        z = centre + variance ** 0.5 * torch.randn(notes, latent_dim)
        log_variance = torch.full_like(centre, variance).log() if method.random_encoder else None
        log_mel, pitch = torch.zeros(notes, 1, 1), torch.zeros(notes)
        batch = Batch(z, centre if method.random_encoder else z, log_variance, torch.randn(notes, latent_dim), log_mel,
                      log_mel, pitch, {}, _Standard(latent_dim))
        if method is Adversarial:
            _train(regulariser, batch)
        return float(regulariser(batch)["divergence"].detach())


class _Standard(nn.Module):
    """An autoencoder as far as regularisers call it: its posterior is the standard normal, its decoder linear."""

    def __init__(self, latent_dim):
        super().__init__()
        self.decoder = _Linear(latent_dim)

    def posterior(self, log_mel):
        zero = torch.zeros(len(log_mel), self.decoder.linear.in_features)
        return zero, zero, None


class _Linear(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.linear = nn.Linear(latent_dim, 1)

    def forward(self, z, pitch):
        return self.linear(z)[:, :, None]  # (B, 1, 1)


def _train(critic, batch, steps=60):
    optimiser = torch.optim.Adam(critic.parameters(), lr=0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        critic(batch)["divergence"].backward()
        optimiser.step()


def curve(method, way, **sizes):
    """Return the values of a method along one of ``WAYS``.

    Parameters
    ----------
    method : type
        A class of ``regularisers``.
    way : str
        A key of ``WAYS``.
    **sizes : dict
        Further arguments of :func:`value`.

    Returns
    -------
    list of float
        One per step.
    """
    return [value(method, mean, variance, **sizes) for mean, variance in WAYS[way]]


def verdict(values, way):
    """Return "rises", "flat", or the first place where a curve falls and by how much of its range.

    Parameters
    ----------
    values : list of float
        A curve.
    way : str
        The key of ``WAYS`` along which it was taken.

    Returns
    -------
    str
        In words.
    """
    extent = max(values) - min(values)
    if extent < 1e-6:
        return "flat"
    for k, (before, after) in enumerate(zip(values, values[1:], strict=False)):
        if before - after > TOLERANCE * extent:
            mean, variance = WAYS[way][k]
            place = f"mean {mean:g}" if way.startswith("mean") else f"variance {variance:g}"
            return f"falls from {place}: {before:.3g} to {min(values[k:]):.3g}"
    return "rises"


def table_monotone(curves=None):
    """Return for every method and way whether it rises, as text.

    Parameters
    ----------
    curves : dict, optional
        (method name, way) -> curve, from :func:`all_curves`; made if not given.

    Returns
    -------
    str
        A row per method.
    """
    curves = all_curves() if curves is None else curves
    lines = [f"{'':26s}" + "".join(f"{way:42s}" for way in WAYS)]
    lines += [f"{method.__name__:26s}" + "".join(f"{verdict(curves[method.__name__, way], way):42s}" for way in WAYS)
              for method in METHODS]
    return "\n".join(line.rstrip() for line in lines)


def table_sizes(sizes=(2, 4, 8, 16), shift=1.0):
    """Return what a shift of one latent dimension adds to each method's term at several latent sizes, as text.

    Parameters
    ----------
    sizes : sequence of int
        Latent sizes.
    shift : float
        In standard deviations.

    Returns
    -------
    str
        A row per method.
    """
    lines = [f"{'latent dimensions':26s}" + "".join(f"{size:10d}" for size in sizes)]
    for method in METHODS:
        steps = [0.5 * (value(method, shift, 1.0, size, moved=1) + value(method, -shift, 1.0, size, moved=1))
                 - value(method, 0.0, 1.0, size) for size in sizes]  # both signs: chance's part of the slope cancels
        lines.append(f"{method.__name__:26s}" + "".join(f"{step:10.3f}" for step in steps))
    return "\n".join(lines)


def all_curves():
    """Return (method name, way) -> curve, for all methods."""
    return {(method.__name__, way): curve(method, way) for method in METHODS for way in WAYS}
