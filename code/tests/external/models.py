"""Small TorchScript models that follow the contract of generative.pt, for playing without a trained one.

Their sound is computed, not stored: decaying partials whose frequencies, decays and brightness follow the controls.

Contents
--------
RATE, LENGTH   of their notes: Hz, samples
ROUNDING       what a sum of notes of Plucks or Unpitched may be off by in float32
Plucks         K - 1 free controls and a pitch; renders whole or in chunks
Unpitched      four controls, the pitch is fixed
Tone           one partial of a given frequency: a probe for resampling
Large          a network of more than five million parameters, for timing
save           module -> file with metadata
controls       the metadata's list of controls
"""

import math

import torch
from latentsampler.contract.export import save_scripted
from torch import Tensor, nn

RATE = 22050
LENGTH = 8192
# notes of levels up to 4 are computed in double precision and rounded once, then summed with up to 20 others, here and
# in Pd: 40 roundings of 4 * 2 ** -24 each
ROUNDING = 40 * 4 * 2.0 ** -24
FREQUENCY = {"name": "frequency", "unit": "Hz", "min": 20.0, "max": 20000.0, "default": 440.0}


def controls(k, pitched, low=-3.0, high=3.0):
    """Metadata of ``k`` controls z1.. from ``low`` to ``high``; the last is the pitch where ``pitched``."""
    listed = [{"name": f"z{i + 1}", "unit": "", "min": low, "max": high, "default": 0.25 * i} for i in range(k)]
    if pitched:
        listed[-1] = {"name": "pitch", "unit": "MIDI note", "min": 36.0, "max": 84.0, "default": 60.0}
    return listed


def save(module, path, **changes):
    """Save a model of this module by the contract; ``changes`` replace metadata."""
    metadata = {
        "sample_rate": module.rate,
        "n_samples": module.length,
        "controls": controls(module.k, module.pitched),
        "created_from": "test",
        "chunk": module.chunk,
        **changes,
    }
    keep = ("forward", "start", "render") if module.chunk else ("forward",)
    return save_scripted(module, path, metadata, keep=keep)


class Plucks(nn.Module):
    """Eight decaying partials; controls (B, K) with the pitch last -> waveform (B, length)."""

    pitched = True

    def __init__(self, k=5, length=LENGTH, rate=RATE, chunk=0):
        super().__init__()
        self.k, self.length, self.rate, self.chunk = k, length, rate, chunk

    def piece(self, c: Tensor, first: int, count: int) -> Tensor:
        """Samples first .. first + count of the notes."""
        t = torch.arange(first, first + count, dtype=torch.float64) / self.rate  # (count,)
        n = torch.arange(1, 9, dtype=torch.float64)[:, None]  # (8, 1)
        f0 = 440.0 * torch.exp2((c[:, -1].double() - 69.0) / 12.0)[:, None, None]  # (B, 1, 1)
        stretch = 1.0 + 0.001 * torch.sigmoid(c[:, 1].double())[:, None, None] * n
        decay = torch.exp(-t * n * 3.0 * torch.exp(0.3 * c[:, 2].double())[:, None, None])  # (B, 8, count)
        level = torch.exp(-0.5 * n * torch.exp(0.3 * c[:, 0].double())[:, None, None])
        sound = (level * decay * torch.sin(2.0 * math.pi * f0 * n * stretch * t)).sum(1)  # (B, count)
        return sound.float()

    def forward(self, controls: Tensor) -> Tensor:
        return self.piece(controls, 0, self.length)

    @torch.jit.export
    def start(self, controls: Tensor) -> list[Tensor]:
        return [controls]

    @torch.jit.export
    def render(self, state: list[Tensor], first: int, count: int) -> Tensor:
        return self.piece(state[0], first, count)


class Unpitched(Plucks):
    """The same with its pitch fixed at 60: controls (B, 4) -> waveform."""

    pitched = False

    def __init__(self, length=LENGTH, rate=RATE):
        super().__init__(4, length, rate)

    def forward(self, controls: Tensor) -> Tensor:
        pitch = torch.full_like(controls[:, :1], 60.0)
        return self.piece(torch.cat([controls, pitch], 1), 0, self.length)


class Tone(nn.Module):
    """A sine of half full scale whose frequency in Hz is the one control, faded in and out over 20 ms."""

    pitched, k, chunk = False, 1, 0

    def __init__(self, rate=RATE, seconds=0.5):
        super().__init__()
        self.rate, self.length = rate, int(rate * seconds)

    def forward(self, controls: Tensor) -> Tensor:
        t = torch.arange(self.length, dtype=torch.float64) / self.rate
        edge = torch.clamp(torch.minimum(t, t[-1] - t) / 0.02, 0.0, 1.0)
        window = 0.5 - 0.5 * torch.cos(math.pi * edge)
        return (0.5 * window * torch.sin(2.0 * math.pi * controls.double() * t)).float()


class Large(nn.Module):
    """5.7 million parameters: an MLP, five convolutions over 128 frames, a transposed one that makes samples."""

    pitched, k, chunk = True, 5, 0
    rate, length = RATE, 32768

    def __init__(self, width=480, frames=128, hop=256, n_fft=1024):
        super().__init__()
        self.frames = frames
        self.first = nn.Sequential(nn.Linear(5, 256), nn.ReLU(), nn.Linear(256, 16 * frames))
        layers = [nn.Conv1d(16, width, 5, padding=2), nn.ReLU()]
        for _ in range(4):
            layers += [nn.Conv1d(width, width, 5, padding=2), nn.ReLU()]
        self.middle = nn.Sequential(*layers)
        self.last = nn.ConvTranspose1d(width, 1, n_fft, stride=hop, padding=(n_fft - hop) // 2)

    def forward(self, controls: Tensor) -> Tensor:
        x = self.first(controls).reshape(-1, 16, self.frames)  # (B, 16, T)
        return torch.tanh(self.last(self.middle(x)))[:, 0]  # (B, T * hop)
