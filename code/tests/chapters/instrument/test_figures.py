"""Claims about the instrument's pictures: they show the sound, the points and the map that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from latentsampler.chapters.instrument.figures import figure_latency, figure_walk

CONTROLS = [{"name": f"z{k}", "unit": "sd", "min": -3.0, "max": 3.0, "default": 0.0} for k in range(1, 5)]
METADATA = {"sample_rate": 22050, "n_samples": 11025, "controls": CONTROLS + [
    {"name": "pitch", "unit": "MIDI", "min": 30.0, "max": 90.0, "default": 60.0}]}


@pytest.fixture(autouse=True)
def closed():
    """Close what a test has drawn."""
    yield
    plt.close("all")


def test_a_walk_shows_its_frequency_its_starts_its_points_and_the_notes_in_their_colours():
    sound = 0.5 * np.sin(2 * np.pi * 2000.0 * np.arange(44100) / 22050)
    points = np.random.default_rng(0).normal(size=(5, 5))
    notes = np.array([[0.0, 1.0, 2.0, 3.0, 907.0], [1.0, 1.0, 1.0, 1.0, 90.0]])
    figure = figure_walk(sound, points, METADATA, notes, step_s=0.4)
    heard, first, second = [axis for axis in figure.axes if axis.get_title()]
    picture = heard.images[0]
    rows = np.linspace(*picture.get_extent()[2:], picture.get_array().shape[0])
    loudest = np.sort(rows)[::-1][picture.get_array().mean(axis=1).argmax()]  # the first row is the highest
    assert abs(loudest - 2000.0) < 2 * 22050 / 2048
    assert [line.get_xdata()[0] for line in heard.lines] == pytest.approx([0.0, 0.4, 0.8, 1.2, 1.6])
    for axis, columns in ((first, [0, 1]), (second, [2, 3])):
        drawn, steps = axis.collections
        assert np.allclose(drawn.get_offsets(), notes[:, columns])
        assert np.allclose(steps.get_offsets(), points[:, columns])
        assert np.allclose(drawn.get_facecolor()[:, :3], [[1.0, 0.0, 7 / 9], [0.0, 1.0, 0.0]])
    assert first.get_xlabel() == "z1 (sd)" and second.get_ylabel() == "z4 (sd)"


def test_a_histogram_of_latency_counts_every_note_but_the_ten_that_warm_up():
    asked = []

    def play(controls):
        asked.append(controls)
        return torch.zeros(1, 11025)
    axis = figure_latency(play, METADATA, repeats=25).axes[0]
    assert len(asked) == 35 and all(torch.equal(one, torch.tensor([[0.0, 0, 0, 0, 60]])) for one in asked)
    assert sum(bar.get_height() for bar in axis.patches) == 25 and "for 0.50 s of sound" in axis.get_title()
