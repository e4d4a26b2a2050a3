"""A line through the origin, fitted to points with noise that depends on the seed."""

from dataclasses import dataclass, field, replace

import torch
from latentsampler.data.store import NoteDataset
from latentsampler.learning.training import Schedule, train


@dataclass(frozen=True)
class Config:
    """Slope and noise of the points, and a shrinkage that makes the fitted slope too small by a known share."""

    slope: float = 3.0
    noise: float = 0.1
    name: str = ""
    weights: dict = field(default_factory=lambda: {"error": 1.0, "shrink": 0.0})
    sizes: tuple = (16,)
    schedule: Schedule = Schedule(steps=100, batch_size=16, learning_rate=0.1, warmup=1, valid_every=20)


LINE = Config()
RUNS = {"line": LINE, "steep": replace(LINE, slope=9.0)}
ABLATIONS = {"line": {
    "shrunk": replace(LINE, weights={"error": 1.0, "shrink": 1.0}),  # the least-squares slope halved, and more
    "renamed": replace(LINE, name="other"),  # nothing else
}}
BETTER = {"error": "lower", "weight": "higher"}
SEARCH = {"schedule.learning_rate": ("log", 1e-4, 0.3), "weights.shrink": ("uniform", 0.0, 1.0),
          "name": ("choice", "a", "b")}


INPUTS, OUT = {}, "line.pt"


def open_data(path):
    """Return notes, of which only the checksum counts."""
    return NoteDataset(path)


def measure(model_file, data):
    """Return the weight of a file."""
    return {"weight": float(torch.load(model_file, weights_only=True)["weight"])}


def build(config):
    """Return the untrained line."""
    return torch.nn.Linear(1, 1, bias=False)


def run(config, seed, out, data, device="cpu", progress=True):
    """Fit; metrics are the fitted weight, and its distance to the slope."""
    torch.manual_seed(seed)
    module = build(config)
    x = torch.linspace(-1.0, 1.0, config.sizes[0])[:, None]  # (n, 1)
    y = config.slope * x + config.noise * torch.randn(x.shape)

    def loss(indices):
        return {"error": (module(x[indices]) - y[indices]).square().mean(),
                "shrink": module.weight.square().mean() * x.square().mean()}

    history = train(module, loss, range(len(x)), config.schedule, seed, config.weights,
                    lambda: (module.weight - config.slope).abs().mean(), checkpoint=f"{out}.ckpt",
                    identity=f"{config}", progress=progress)
    torch.save(module.state_dict(), out)
    weight = module.weight.item()
    return {"error": abs(weight - config.slope), "weight": weight, "n": len(x)}, history
