"""How well a point tells what it sounds like: attributes predicted from codes of notes that were not seen.

Contents
--------
predict       linear and small network, on held-out recordings and on held-out instruments -> R^2
r_squared     of predictions, per attribute
"""

import numpy as np
import torch
from torch import nn

from latentsampler.attributes.targets import KNOBS
from latentsampler.data.splits import split

STEPS, WIDTH = 800, 32


def predict(codes, pitch, points, dataset, seed=0):
    """Predict the attributes of notes from their codes and pitches.

    Parameters
    ----------
    codes, pitch, points : torch.Tensor
        ``(N, L)``, ``(N,)`` and ``(N, 4)`` of all notes of the dataset; notes with NaN are left out.
    dataset : NoteDataset
        Says which notes share a recording or an instrument.
    seed : int
        Of the networks.

    Returns
    -------
    dict
        ``r2_METHOD_SPLIT`` (mean over the attributes) and ``r2_METHOD_SPLIT_KNOB``, for METHOD linear and network,
        SPLIT recordings and instruments.
    """
    usable = (torch.isfinite(points).all(1) & torch.isfinite(pitch)).numpy()
    inputs = torch.cat([codes, (pitch[:, None] - 60.0) / 12.0], dim=1)
    result = {}
    for name, column in (("recordings", "Recording"), ("instruments", "Instrument (abbr.)")):
        parts = split(dataset, by=column, shares=(0.75, 0.0, 0.25))
        train, test = (part[usable[part]] for part in (parts.train, parts.test))
        for method, guess in (("linear", _linear), ("network", _network)):
            if len(train) < inputs.shape[1] + 2 or len(test) < 2:
                continue
            found = r_squared(guess(inputs[train], points[train], inputs[test], seed), points[test])
            result[f"r2_{method}_{name}"] = float(found.mean())
            result |= {f"r2_{method}_{name}_{knob}": float(value) for knob, value in zip(KNOBS, found, strict=True)}
    return result


def r_squared(predicted, true):
    """Return the shares of variance ``(4,)`` that predictions ``(n, 4)`` explain of ``(n, 4)``; 1 is perfect."""
    residual = (np.asarray(predicted) - np.asarray(true)) ** 2
    return 1.0 - residual.mean(axis=0) / np.asarray(true).var(axis=0)


def _linear(inputs, points, unseen, _):
    known = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1)
    weights = torch.linalg.lstsq(known, points, driver="gelsd").solution
    return torch.cat([unseen, torch.ones(len(unseen), 1)], dim=1) @ weights


def _network(inputs, points, unseen, seed):
    torch.manual_seed(seed)
    middle, scale = points.mean(0), points.std(0)
    net = nn.Sequential(nn.Linear(inputs.shape[1], WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH), nn.SiLU(),
                        nn.Linear(WIDTH, 4))
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=0.1)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        row = torch.randint(len(inputs), (128,))
        loss = (net(inputs[row]) - (points[row] - middle) / scale).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        rate.step()
    with torch.no_grad():
        return net(unseen) * scale + middle
