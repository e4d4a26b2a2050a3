"""Claims about the gain at which a host plays a model."""

import json

import numpy as np
import pytest
import torch
from latentsampler.attributes.loudness import integrated_loudness
from latentsampler.chapters.instrument.levels import CEILING, TARGET, level_db
from latentsampler.contract.export import load_scripted

CONTROLS = [{"min": 0.0, "max": 1.0}, {"min": 40.0, "max": 80.0}]


class Tones(torch.nn.Module):
    """A sine of a second at the pitch of the second control; the first one moves its level by 6 dB."""

    def __init__(self, level):
        super().__init__()
        self.level = level

    def forward(self, controls):
        """Return ``(B, 22050)``."""
        time = torch.arange(22050) / 22050
        f0 = 440 * torch.exp2((controls[:, 1:] - 69) / 12)  # (B, 1)
        return self.level * torch.exp2(-controls[:, :1]) * torch.sin(2 * np.pi * f0 * time)


@pytest.mark.parametrize("level", [0.01, 0.3, 20.0])
def test_the_median_note_comes_to_the_target(level):
    gain = level_db(Tones(level), CONTROLS, 22050)
    middle = Tones(level)(torch.tensor([[0.5, 69.0]])).numpy() * 10 ** (gain / 20)
    assert abs(integrated_loudness(middle, 22050)[0] - TARGET) < 2


def test_peaks_bound_the_gain_of_sounds_with_short_peaks():
    class Clicks(Tones):
        def forward(self, controls):
            sound = super().forward(controls)
            return sound + torch.nn.functional.one_hot(torch.tensor(5), 22050) * 60 * self.level

    gain = level_db(Clicks(0.1), CONTROLS, 22050)
    assert 6.1 * 10 ** (gain / 20) <= 10 ** (CEILING / 20) * 1.02


def test_a_silent_model_is_played_as_it_is():
    assert level_db(Tones(0.0), CONTROLS, 22050) == 0


@pytest.mark.parametrize("name", ["generative", "knobs"])
def test_the_shipped_models_carry_the_level_that_export_would_measure(root, name):
    module, metadata = load_scripted(root / "patch" / f"{name}.pt")
    assert json.dumps(metadata["level_db"])
    assert abs(level_db(module, metadata["controls"], metadata["sample_rate"]) - metadata["level_db"]) <= 0.1
