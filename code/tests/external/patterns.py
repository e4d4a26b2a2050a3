"""Small TorchScript models that follow the contract of events files, for playing without a trained one.

Contents
--------
BEATS, VOICES   of their patterns
Grid       two latents and a density -> onsets of three voices on sixteen steps
Melody     one control -> four notes with pitches, and lengths
Beats      six hits for the page of rhythms; Chords: four notes and a name for the page of chords
Broken     Grid that breaks one rule where its density is above a threshold
Large      Grid behind a network that takes a while to load and to compute
save       module -> file with metadata
"""

import json

import torch
from latentsampler.contract.export import save_scripted
from torch import Tensor, nn

BEATS, VOICES = 4.0, ("kick", "snare drum", "hat")
CONTROLS = [
    {"name": "z1", "unit": "", "min": -2.0, "max": 2.0, "default": 0.25},
    {"name": "z2", "unit": "", "min": -2.0, "max": 2.0, "default": -0.5},
    {"name": "density", "unit": "share", "min": 0.0, "max": 1.0, "default": 0.5},
]


def save(module, path, **changes):
    """Save a model of this module by the contract; ``changes`` replace metadata."""
    metadata = {"kind": "events", "beats": BEATS, "voices": list(VOICES), "controls": CONTROLS, "created_from": "test",
                "points": {"kick": [-1.0, 0.5, 2.0, 0.0], "hat": [1.0, 1.0]}, **changes}
    json.dumps(metadata)
    return save_scripted(module, path, metadata)


class Grid(nn.Module):
    """An onset wherever a wave over the steps is below the density; controls (B, 3) -> events (B, 48, 5)."""

    def wave(self, c: Tensor) -> Tensor:
        step = torch.arange(16.0, dtype=torch.float32)[None, :, None]  # (1, S, 1)
        voice = torch.arange(3.0, dtype=torch.float32)[None, None, :]  # (1, 1, V)
        phase = c[:, 0, None, None] * (voice + 1.0) + c[:, 1, None, None] * step
        return 0.5 + 0.5 * torch.cos(1.7 * step * (voice + 1.0) + phase)  # (B, S, V)

    def forward(self, controls: Tensor) -> Tensor:
        wave = self.wave(controls)
        step = torch.arange(16.0, dtype=torch.float32)[None, :, None].expand(wave.shape)
        voice = torch.arange(3.0, dtype=torch.float32)[None, None, :].expand(wave.shape)
        rows = torch.stack([step / 4.0 + 0.05 * wave, voice, torch.full_like(wave, float("nan")),
                            0.1 + 0.9 * (1.0 - wave), torch.full_like(wave, 0.25)], -1)  # (B, S, V, 5)
        on = wave < controls[:, 2, None, None]  # (B, S, V)
        rows = torch.where(on[..., None], rows, torch.full_like(rows, float("nan"))).flatten(1, 2)  # (B, S * V, 5)
        order = torch.where(on.flatten(1), rows[..., 0], torch.full_like(rows[..., 0], float("inf"))).argsort(1)
        return rows.gather(1, order[..., None].expand(rows.shape))


class Melody(nn.Module):
    """Four notes at beats 0, 1, 2, 3 whose pitches climb by the control; controls (B, 1) -> events (B, 6, 5)."""

    def forward(self, controls: Tensor) -> Tensor:
        k = torch.arange(4, dtype=torch.float32)[None].expand(controls.shape[0], 4)  # (B, 4)
        rows = torch.stack([k, torch.zeros_like(k), 60.0 + k * controls, 0.25 + k / 8.0, 0.5 + k / 4.0], -1)
        return torch.cat([rows, torch.full_like(rows[:, :2], float("nan"))], 1)


class Beats(nn.Module):
    """Six hits on three voices, one more where the fifth control is above 0.7; controls (B, 5) -> events (B, 8, 5)."""

    def forward(self, controls: Tensor) -> Tensor:
        nan = float("nan")
        rows = torch.tensor([[0.0, 0.0, nan, 1.0, 0.25], [0.55, 1.0, nan, 0.5, 0.25], [1.0, 2.0, nan, 0.25, 0.25],
                             [1.45, 0.0, nan, 0.75, 0.25], [2.0, 2.0, nan, 0.25, 0.25], [3.2, 1.0, nan, 1.0, 0.25],
                             [3.5, 2.0, nan, 1.0, 0.25], [nan, nan, nan, nan, nan]])
        if bool(controls[0, 4] <= 0.7):
            rows[6] = nan
        return rows.expand(controls.shape[0], 8, 5)


class Chords(nn.Module):
    """Four notes on the beats, and the name of one chord; controls (B, 5) -> events (B, 6, 5)."""

    def forward(self, controls: Tensor) -> Tensor:
        nan = float("nan")
        rows = torch.tensor([[0.0, 0.0, 60.0, 0.5, 0.5], [0.0, 2.0, 36.0, 1.0 / 127.0, 4.0], [1.0, 0.0, 62.0, 0.5, 0.5],
                             [2.0, 0.0, 64.0, 0.5, 0.5], [3.0, 0.0, 66.0, 0.5, 0.5], [nan, nan, nan, nan, nan]])
        return rows.expand(controls.shape[0], 6, 5)


class Broken(nn.Module):
    """Grid whose first row gets a wrong value where the density is above a threshold."""

    def __init__(self, column: int, value: float, above: float = -1.0):
        super().__init__()
        self.grid = Grid()
        self.column, self.value, self.above = column, value, above

    def forward(self, controls: Tensor) -> Tensor:
        events = self.grid(controls)
        if bool(controls[0, 2] > self.above):
            events[:, 0, self.column] = self.value
        return events


class Large(nn.Module):
    """Grid whose controls pass through a few million parameters, without effect."""

    def __init__(self, width: int = 1200, layers: int = 4):
        super().__init__()
        self.grid = Grid()
        self.first = nn.Linear(3, width)
        self.deep = nn.Sequential(*[nn.Linear(width, width) for _ in range(layers)])

    def forward(self, controls: Tensor) -> Tensor:
        return self.grid(controls + 0.0 * self.deep(self.first(controls)).mean())


class Throws(nn.Module):
    """Always raises."""

    def forward(self, controls: Tensor) -> Tensor:
        if controls[0, 0] > -100:
            raise ValueError("boom")
        return controls


class Flat(nn.Module):
    """Events without their last column."""

    def forward(self, controls: Tensor) -> Tensor:
        return torch.zeros(controls.shape[0], 8, 4)


class Holes(nn.Module):
    """An unused row before a used one."""

    def forward(self, controls: Tensor) -> Tensor:
        row = torch.tensor([0.0, 0.0, 60.0, 0.5, 0.5]).expand(controls.shape[0], 1, 5)
        return torch.cat([row, row * float("nan"), row], 1)


class Backwards(nn.Module):
    """Beats that go back."""

    def forward(self, controls: Tensor) -> Tensor:
        row = torch.tensor([1.0, 0.0, 60.0, 0.5, 0.5]).expand(controls.shape[0], 1, 5)
        return torch.cat([row, row * 0.5], 1)
