"""Figures and tables of the divergences: samples in the plane, and the curves of ``monotone``.

Contents
--------
clouds            name -> sample in the plane, from matched to mismatched in several ways
figure_clouds     the samples
table_clouds      how clearly each method distinguishes each sample from the prior
figure_forces     the negative gradient of each method at each code
figure_monotone   curves along mean and variance
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from latentsampler.chapters.autoencoder.studies.monotone import WAYS
from latentsampler.learning.batch import Batch
from latentsampler.learning.regularisers import (
    METHODS,
    CramerWold,
    MMDGaussian,
    MMDInverseMultiquadratic,
    Sinkhorn,
    SlicedWasserstein,
)

CLOSED = (MMDGaussian, MMDInverseMultiquadratic, SlicedWasserstein, Sinkhorn, CramerWold)  # compare clouds untrained


def clouds(notes=200, seed=0):
    """Return clouds in the plane that differ from the standard normal in one way each.

    Parameters
    ----------
    notes : int
        Points of a cloud.
    seed : int
        Fixes them.

    Returns
    -------
    dict
        Name -> ``(notes, 2)`` tensor; all but "shifted", "wide" and "narrow" have mean 0 and variance 1.
    """
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(notes, 2, generator=generator)
    angle = 2.0 * torch.pi * torch.rand(notes, generator=generator)
    ring = 2.0 ** 0.5 * torch.stack([angle.cos(), angle.sin()], dim=1)
    side = torch.where(torch.arange(notes) % 2 == 0, 0.95, -0.95)
    halves = torch.stack([side + 0.312 * x[:, 0], x[:, 1]], dim=1)
    line = torch.stack([x[:, 0], 0.9 * x[:, 0] + 0.436 * x[:, 1]], dim=1)
    return {"matched": x, "shifted": x + torch.tensor([1.0, 0.0]), "wide": 1.5 * x, "narrow": 0.6 * x,
            "correlated": line, "two halves": halves, "ring": ring}


def figure_clouds(shown):
    """Return a figure of clouds, each over the circles that hold 39 and 86 % of the prior.

    Parameters
    ----------
    shown : dict
        Name -> ``(n, 2)``, from :func:`clouds`.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per cloud.
    """
    figure, axes = plt.subplots(1, len(shown), figsize=(1.9 * len(shown), 2.6), sharex=True, sharey=True,
                                layout="constrained")
    for axis, (name, cloud) in zip(axes, shown.items(), strict=True):
        _prior(axis)
        axis.scatter(cloud[:, 0], cloud[:, 1], s=4, color="tab:blue")
        axis.set(title=name, aspect="equal", xlim=(-4, 4), ylim=(-4, 4), xlabel="$z_1$")
    axes[0].set_ylabel("$z_2$")
    return figure


def _prior(axis):
    for radius in (1, 2):
        axis.add_patch(plt.Circle((0, 0), radius, fill=False, color="grey", linewidth=0.8))


def _term(method, codes, prior):
    blank = torch.zeros(len(codes), 1, 1)
    batch = Batch(codes, codes, None, prior, blank, blank, torch.zeros(len(codes)), {}, None)
    return method(codes.shape[1], 1, 1)(batch)["divergence"]


def table_clouds(shown, draws=100):
    """Return each method's value for each cloud, as a multiple of what two samples of the prior reach, as text.

    Parameters
    ----------
    shown : dict
        Name -> ``(n, 2)``, from :func:`clouds`.
    draws : int
        Pairs of prior samples, of whose values the 95 % quantile is the unit.

    Returns
    -------
    str
        A row per method that compares clouds without training; above 1 the mismatch is detected.
    """
    torch.manual_seed(0)
    notes = len(next(iter(shown.values())))
    lines = [f"{'':26s}" + "".join(f"{name:>12s}" for name in shown)]
    for method in CLOSED:
        null = np.quantile([float(_term(method, *torch.randn(2, notes, 2))) for _ in range(draws)], 0.95)
        values = [np.mean([float(_term(method, cloud, torch.randn(notes, 2))) for _ in range(5)]) / null
                  for cloud in shown.values()]
        lines.append(f"{method.__name__:26s}" + "".join(f"{value:12.1f}" for value in values))
    return "\n".join(lines)


def figure_forces(cloud):
    """Return a figure of each method's force on a cloud's first 80 codes: its gradient, turned, of one mean length.

    Parameters
    ----------
    cloud : torch.Tensor
        ``(n, 2)``.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per method that compares clouds without training.
    """
    torch.manual_seed(0)
    cloud = cloud[:80]
    figure, axes = plt.subplots(1, len(CLOSED), figsize=(2.4 * len(CLOSED), 2.9), sharex=True, sharey=True,
                                layout="constrained")
    prior = torch.randn(len(cloud), 2)
    for axis, method in zip(axes, CLOSED, strict=True):
        codes = cloud.clone().requires_grad_()
        force = -torch.autograd.grad(_term(method, codes, prior), codes)[0]  # (n, 2)
        force = (0.8 * force / force.norm(dim=1).mean()).numpy()
        _prior(axis)
        axis.quiver(cloud[:, 0], cloud[:, 1], force[:, 0], force[:, 1], angles="xy", scale_units="xy", scale=1,
                    width=0.006, color="tab:red")
        axis.set(title=method.__name__.replace("InverseMultiquadratic", "IMQ"), aspect="equal", xlim=(-3.5, 4.5),
                 ylim=(-3.5, 3.5), xlabel="$z_1$")
    axes[0].set_ylabel("$z_2$")
    return figure


def figure_monotone(curves):
    """Return a figure of all curves, each divided by its largest value.

    Parameters
    ----------
    curves : dict
        From ``monotone.all_curves``.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per way from the prior; random encoders dashed.
    """
    figure, axes = plt.subplots(1, len(WAYS), figsize=(11, 3.8), sharey=True, layout="constrained")
    for axis, (way, steps) in zip(axes, WAYS.items(), strict=True):
        x = [mean if way.startswith("mean") else variance for mean, variance in steps]
        for k, method in enumerate(METHODS):
            values = curves[method.__name__, way]
            peak = max(map(abs, values)) or 1.0
            axis.plot(x, [v / peak for v in values], color=plt.cm.tab20(k), label=method.__name__,
                      linestyle="--" if method.random_encoder else "-")
        axis.set(title=way, xlabel=way.split(" ")[0])
    axes[0].set_ylabel("share of the largest value")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right", fontsize=7)
    return figure
