"""Small models by the contract of generative.pt, made to measure for the tests.

Contents
--------
Partials      decaying partials: the controls set pitch, brightness and decay; a closed form, so its sound is predictable
Chunked       the same, also in chunks by ``start`` and ``render``
Wide          about 5 million parameters, for timing
save_model    a module -> generative.pt
"""

import torch
from torch import Tensor, nn

from latentsampler import export

RATE = 44100
CONTROLS = [
    {"name": "z0", "unit": "latent", "min": -3.0, "max": 3.0, "default": 0.0},
    {"name": "z1", "unit": "latent", "min": -3.0, "max": 3.0, "default": 0.0},
    {"name": "z2", "unit": "latent", "min": -3.0, "max": 3.0, "default": 0.0},
    {"name": "z3", "unit": "latent", "min": -3.0, "max": 3.0, "default": 0.0},
    {"name": "pitch", "unit": "midi", "min": 21.0, "max": 108.0, "default": 60.0},
]


class Partials(nn.Module):
    """(B, 5) -> (B, n_samples): four cosines, so the first sample is already loud and its place can be measured."""

    def __init__(self, n_samples=8192, rate=RATE):
        super().__init__()
        self.n_samples = n_samples
        self.rate = float(rate)

    def tone(self, controls: Tensor, time: Tensor) -> Tensor:
        """Waveform at the given times in seconds, (B, T)."""
        f0 = 440.0 * torch.exp2((controls[:, 4:5] - 69.0) / 12.0)  # (B, 1)
        out = torch.zeros([controls.size(0), time.size(0)])
        for k in range(1, 5):
            level = torch.exp(-0.5 * k * torch.exp2(controls[:, 0:1])) / k
            decay = torch.exp(-time * k * 4.0 * torch.exp2(controls[:, 1:2]))
            phase = 6.283185307179586 * k * (f0 * time + 0.01 * controls[:, 2:3])
            out = out + level * decay * torch.cos(phase + 0.1 * controls[:, 3:4])
        return 0.3 * out

    def forward(self, controls: Tensor) -> Tensor:
        """Whole notes."""
        return self.tone(controls, torch.arange(self.n_samples) / self.rate)


class Chunked(Partials):
    """Partials that can begin to sound before they are rendered to the end."""

    def start(self, controls: Tensor) -> list[Tensor]:
        """State of one note."""
        return [controls]

    def render(self, state: list[Tensor], first: int, count: int) -> Tensor:
        """Samples first to first + count of the note, (1, count)."""
        return self.tone(state[0], torch.arange(first, first + count) / self.rate)


class Wide(nn.Module):
    """A decoder and an overlap-add head of about 5 million parameters: the cost of a real instrument."""

    def __init__(self, n_samples=32768, hop=256, width=512):
        super().__init__()
        frames = n_samples // hop
        self.frames, self.width, self.n_samples = frames, width, n_samples
        self.inside = nn.Linear(5, width * 8)
        self.grow = nn.ConvTranspose1d(width, width, 16, stride=16)
        self.head = nn.ConvTranspose1d(width, 1, 2 * hop, stride=hop, padding=hop // 2)

    def forward(self, controls: Tensor) -> Tensor:
        """Whole notes, quiet noise."""
        x = torch.relu(self.inside(controls)).view(-1, self.width, 8)  # (B, W, 8)
        x = torch.tanh(self.grow(x))  # (B, W, 128)
        return self.head(x)[:, 0, : self.n_samples]


def metadata(**changes):
    """Metadata of Partials, with changes."""
    base = {"sample_rate": RATE, "n_samples": 8192, "controls": CONTROLS, "created_from": "tests"}
    return {**base, **changes}


def save_model(path, module=None, **changes):
    """Write a module as generative.pt; returns the path and the eager module, to compare with."""
    module = module or Partials()
    keep = ("forward", "start", "render") if hasattr(module, "start") else ("forward",)
    fields = {"n_samples": module.n_samples, "sample_rate": int(getattr(module, "rate", RATE)), **changes}
    export.save_scripted(module, path, metadata(**fields), keep=keep)
    return path, module


def sound(module, values):
    """What the module computes for one point (missing controls at their defaults), as a numpy vector."""
    rest = [control["default"] for control in CONTROLS[len(values) :]]
    with torch.no_grad():
        return module(torch.tensor([list(values) + rest], dtype=torch.float32))[0].numpy()
