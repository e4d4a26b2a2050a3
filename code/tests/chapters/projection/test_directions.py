"""Directions that nobody named, on clouds and instruments whose directions are known."""

import numpy as np
import pytest
import torch
from latentsampler.chapters.projection.directions import most_varying, principal, read_points
from latentsampler.chapters.projection.naming import describe_controls

RATE = 22050


class Turned(torch.nn.Module):
    """Eight partials whose tilt follows z1 + z2 alone, and whose level follows z1 - z2 a little."""

    def forward(self, controls):
        """Return ``(B, 8192)``."""
        seconds = torch.arange(8192) / RATE
        tilt = (controls[:, 0] + controls[:, 1])[:, None]
        partials = [torch.exp(-0.5 * (2.0 - tilt) * k) * torch.sin(2 * torch.pi * 300.0 * (k + 1) * seconds)
                    for k in range(8)]
        return 0.05 * (1.0 + 0.02 * (controls[:, 0:1] - controls[:, 1:2])) * sum(partials)


ABOUT = {"sample_rate": RATE, "controls": [{"name": name, "min": -1.0, "max": 1.0} for name in ("z1", "z2")]
         + [{"name": "pitch", "min": 60.0, "max": 60.0}]}


def test_the_sound_changes_most_along_the_direction_that_it_follows():
    first, second = most_varying(Turned(), ABOUT, n=6)
    np.testing.assert_allclose(first.vector, np.sqrt([0.5, 0.5]), atol=0.01)
    assert first.share > 0.99 and second.share == pytest.approx(1.0 - first.share)


def test_a_direction_is_described_by_what_it_moves():
    directions = most_varying(Turned(), ABOUT, n=6)
    along, across = describe_controls(Turned(), ABOUT, 60, 0, directions)[2:]
    assert (along["name"], across["name"]) == ("most varying 1", "most varying 2")
    assert along["r2"]["brightness"] > 0.8 and abs(across["r2"]["brightness"]) < 0.1
    assert "brighter" in along["words"] or "sharper" in along["words"]


def test_principal_directions_are_those_of_the_cloud():
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    found = principal(rng.normal(size=(4000, 4)) * [4.0, 3.0, 2.0, 1.0] @ axes.T)
    np.testing.assert_allclose([abs(d.vector @ axes[:, k]) for k, d in enumerate(found)], 1.0, atol=0.01)
    np.testing.assert_allclose([d.share for d in found], np.array([16, 9, 4, 1]) / 30, atol=0.02)
    assert all(d.vector[np.abs(d.vector).argmax()] > 0 for d in found)


def test_the_points_of_notes_come_from_the_map(tmp_path):
    (tmp_path / "a.map.txt").write_text("-1.5 0.25 1 2 761;\n0 0 0 0.5 7;\n", encoding="utf-8")
    np.testing.assert_array_equal(read_points(tmp_path / "a.pt", 4), [[-1.5, 0.25, 1, 2], [0, 0, 0, 0.5]])
    assert read_points(tmp_path / "b.pt", 4) is None and read_points(tmp_path / "a.pt", 2) is None
