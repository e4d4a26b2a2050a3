"""A small localiser of simulated sources, trained through each way of matching its answers with the truth.

Conventions
-----------
* A sound field of ``sources`` far-away sources at a small open array, as covariances of its microphones at a few
  frequencies. Sources come in no order; the localiser answers with as many unit vectors, in no order either.
* A way of matching maps distances ``(B, n, n)`` of truths and answers to weights ``(B, n, n)``; the loss is the mean
  distance under the weights. Whether the gradient flows through the weights is what the ways differ in.

Contents
--------
Setting             sizes of the study; SETTING is the recorded one
simulate            directions -> features
Localiser           features -> directions
permutation_invariant, exact_stopped, entropic, through   ways of matching
loss_of             weights of a way -> loss
gradient_agreement  gradient of a way against finite differences of the optimal cost
train_localiser     a way and a seed -> figures
"""

import itertools
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from latentsampler.chapters.assignment.generate import solve
from latentsampler.learning.training import Schedule, train
from latentsampler.learning.transport import sinkhorn_plan

SOUND = 343.0  # m/s


@dataclass(frozen=True)
class Setting:
    """Sizes of the study.

    Parameters
    ----------
    sources : int
        Of every example.
    microphones : int
        On a sphere.
    radius : float
        Of the array, in metres.
    frequencies : tuple of float
        Hz.
    snapshots : int
        Frames of which covariances are means.
    noise : float
        Standard deviation of a microphone's own noise; a source has 1.
    examples, tests : int
        Of training and of test.
    width, seeds : int
        Of the localiser; how often each is trained.
    schedule : Schedule
        Of its training.
    """

    sources: int = 3
    microphones: int = 8
    radius: float = 0.08
    frequencies: tuple = (600.0, 1200.0, 2000.0)
    snapshots: int = 64
    noise: float = 0.1
    examples: int = 8000
    tests: int = 1000
    width: int = 128
    seeds: int = 2
    schedule: Schedule = Schedule(steps=400, batch_size=64, learning_rate=4e-3, valid_every=400)


SETTING = Setting()


def directions(count, sources, generator):
    """Return random unit vectors ``(count, sources, 3)``."""
    x = torch.randn(count, sources, 3, generator=generator)
    return x / x.norm(dim=-1, keepdim=True)


def simulate(truth, setting, generator):
    """Return the features of sound fields.

    Parameters
    ----------
    truth : torch.Tensor
        ``(B, n, 3)`` directions of sources of equal level.
    setting : Setting
        Array and noise.
    generator : torch.Generator
        Of signals and noise.

    Returns
    -------
    torch.Tensor
        ``(B, frequencies * microphones * (microphones - 1))``: real and imaginary parts of the covariances above the
        diagonal, over the mean power.
    """
    count, n, _ = truth.shape
    k = torch.arange(setting.microphones) + 0.5  # a Fibonacci sphere
    height, turn = 1.0 - 2.0 * k / setting.microphones, torch.pi * (1.0 + 5.0 ** 0.5) * k
    flat = (1.0 - height ** 2).sqrt()
    array = setting.radius * torch.stack([flat * turn.cos(), flat * turn.sin(), height], -1)  # (M, 3)
    upper = torch.triu_indices(setting.microphones, setting.microphones, 1)
    parts = []
    for hz in setting.frequencies:
        phase = 2.0 * torch.pi * hz / SOUND * truth @ array.T  # (B, n, M)
        steering = torch.polar(torch.ones_like(phase), phase)
        signal = torch.randn(count, setting.snapshots, n, dtype=torch.cfloat, generator=generator)
        own = torch.randn(count, setting.snapshots, setting.microphones, dtype=torch.cfloat, generator=generator)
        field = signal @ steering + setting.noise * own  # (B, L, M)
        covariance = field.transpose(1, 2) @ field.conj() / setting.snapshots  # (B, M, M)
        power = covariance.diagonal(dim1=1, dim2=2).real.mean(1)
        pairs = covariance[:, upper[0], upper[1]] / power[:, None]
        parts += [pairs.real, pairs.imag]
    return torch.cat(parts, 1)


class Localiser(nn.Module):
    """Features -> unit vectors.

    Parameters
    ----------
    inputs, sources, width : int
        Sizes.
    """

    def __init__(self, inputs, sources, width):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
                                 nn.Linear(width, 3 * sources))

    def forward(self, features):
        """Return ``(B, n, 3)``."""
        x = self.net(features).unflatten(1, (-1, 3))
        return x / x.norm(dim=-1, keepdim=True).clamp(min=1e-6)


def distances_of(truth, answers):
    """Return chords ``(B, n, n)``, with a gradient where they are 0, too."""
    return ((truth[:, :, None] - answers[:, None]).pow(2).sum(-1) + 1e-8).sqrt()


def permutation_invariant(distances):
    """Return the best permutation's weights, by trying all n! of them."""
    n = distances.shape[1]
    orders = torch.tensor(list(itertools.permutations(range(n))))  # (n!, n)
    costs = distances[:, torch.arange(n), orders].sum(2)  # (B, n!)
    return nn.functional.one_hot(orders[costs.argmin(1)], n).to(distances.dtype)


def exact_stopped(distances):
    """Return the exact solver's weights; no gradient flows through them."""
    everyone = np.ones(distances.shape[:2], dtype=bool)
    return torch.from_numpy(solve(distances.detach().numpy(), everyone, everyone)).to(distances.dtype)


def entropic(blur, iterations):
    """Return the way of matching by Sinkhorn's plan, with the gradient through its iterations."""
    return lambda distances: sinkhorn_plan(distances, blur, iterations).exp()


def through(module):
    """Return the way of matching by the probabilities of a trained network, with the gradient through it."""
    def match(distances):
        everyone = torch.ones(distances.shape[:2], dtype=torch.bool)
        return torch.sigmoid(module(distances.float(), everyone, everyone)).to(distances.dtype)
    return match


def loss_of(match, truth, answers):
    """Return the mean distance under the weights of a way of matching."""
    distances = distances_of(truth, answers)
    weights = match(distances)
    return (weights * distances).sum() / weights.sum().clamp(min=1e-3)


def angular_error(truth, answers):
    """Return the mean angle (degrees) between truths and answers, matched by the smallest total angle."""
    angles = 2.0 * torch.asin((0.5 * distances_of(truth, answers)).clamp(max=1.0))
    return float(torch.rad2deg((exact_stopped(angles) * angles).sum() / (len(truth) * truth.shape[1])))


def gradient_agreement(match, sources=3, count=200, seed=0, step=1e-4, spread=1.5):
    """Return how well the gradient of a way of matching points where the optimal cost rises.

    Parameters
    ----------
    match : callable
        Distances -> weights.
    sources, count, seed : int
        Examples: truths, and answers at random around them.
    step : float
        Of the central differences of the exact solver's mean distance.
    spread : float
        Standard deviation of answers around truths, before they are put on the sphere.

    Returns
    -------
    dict
        cosine: mean over examples; cosine_worst: their 5 % quantile; near_tie: mean where the second-best assignment
        costs less than 0.1 more; far: mean over the others.
    """
    generator = torch.Generator().manual_seed(seed)
    truth = directions(count, sources, generator).double()
    answers = truth + spread * torch.randn(truth.shape, generator=generator)
    answers = answers / answers.norm(dim=-1, keepdim=True)
    orders = torch.tensor(list(itertools.permutations(range(sources))))

    def costs(x):  # (count, n!), each order's mean distance
        return distances_of(truth, x)[:, torch.arange(sources), orders].mean(2)

    slope = torch.zeros_like(answers)
    for k, axis in itertools.product(range(sources), range(3)):
        moved = torch.zeros_like(answers)
        moved[:, k, axis] = step
        slope[:, k, axis] = (costs(answers + moved).amin(1) - costs(answers - moved).amin(1)) / (2.0 * step)
    x = answers.clone().requires_grad_()
    each = torch.stack([loss_of(match, truth[b:b + 1], x[b:b + 1]) for b in range(count)])
    given, = torch.autograd.grad(each.sum(), x)
    cosine = nn.functional.cosine_similarity(given.flatten(1), slope.flatten(1), dim=1)
    two = costs(answers).sort(1)[0][:, :2]
    near = (two[:, 1] - two[:, 0]) * sources < 0.1
    return {"cosine": float(cosine.mean()), "cosine_worst": float(cosine.quantile(0.05)),
            "near_tie": float(cosine[near].mean()), "far": float(cosine[~near].mean())}


def train_localiser(match, setting, seed):
    """Train a localiser through a way of matching.

    Parameters
    ----------
    match : callable
        Distances -> weights.
    setting : Setting
        Sizes.
    seed : int
        Of examples, weights and order.

    Returns
    -------
    tuple
        Figures (error_degrees on test examples), and CPU seconds of a step.
    """
    generator = torch.Generator().manual_seed(seed)
    truth = directions(setting.examples + setting.tests, setting.sources, generator)
    features = torch.cat([simulate(part, setting, generator) for part in truth.split(2000)])
    torch.manual_seed(seed)
    module = Localiser(features.shape[1], setting.sources, setting.width)

    def loss(indices):
        return {"distance": loss_of(match, truth[indices], module(features[indices]))}

    begin = time.thread_time()
    train(module, loss, np.arange(setting.examples), setting.schedule, seed, progress=False)
    seconds = (time.thread_time() - begin) / setting.schedule.steps
    with torch.inference_mode():
        test = slice(setting.examples, None)
        return {"error_degrees": angular_error(truth[test], module.eval()(features[test]))}, seconds
