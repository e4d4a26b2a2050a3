"""Claims about the autoencoder's pictures: what is drawn is what is given."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from latentsampler.chapters.autoencoder.figures import figure_history, figure_map, figure_reconstructions


@pytest.fixture(autouse=True)
def closed():
    """Close what a test has drawn."""
    yield
    plt.close("all")


def test_a_history_has_a_line_per_term_and_the_validation_on_its_own_axis():
    rows = [{"step": 10, "total": 3.0, "reconstruction": 2.0, "mmd": -0.01, "valid": 9.0},
            {"step": 20, "total": 2.0, "reconstruction": 1.0, "mmd": 0.5, "valid": 7.0}]
    left, right = figure_history(rows).axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in left.lines}
    assert drawn == {"reconstruction": [2.0, 1.0], "mmd": [1e-4, 0.5]}  # an unbiased estimate may be below zero
    assert list(right.lines[0].get_ydata()) == [9.0, 7.0] and list(right.lines[0].get_xdata()) == [10, 20]


def test_a_note_stands_above_what_the_model_makes_of_it_on_one_scale():
    mels = np.random.default_rng(0).uniform(0.01, 1.0, (3, 8, 6)).astype(np.float32)
    rows = [{"Instrument (abbr.)": name, "Pitch": "C4", "Dynamics": "mf"} for name in ("Fl", "Ob", "Vc")]
    dataset = SimpleNamespace(mels=mels, pitch=torch.tensor([60.0, 62.0, 64.0]), rows=rows)
    told = []

    def decode(z, pitch):
        told.append(pitch)
        return 0.5 * z  # 6.02 dB less
    model = SimpleNamespace(encode=lambda mel: mel, decode=decode)
    axes = np.array(figure_reconstructions(model, dataset, [2, 0]).axes).reshape(2, 2)
    assert told[0].tolist() == [64.0, 60.0] and [axis.get_title() for axis in axes[0]] == ["Vc C4 mf", "Fl C4 mf"]
    for above, below in axes.T:
        note, decoded = above.images[0].get_array(), below.images[0].get_array()
        assert note.max() == pytest.approx(0.0, abs=1e-3)
        assert np.allclose(note - decoded, 20 * np.log10(2), atol=0.1)  # the floor is 80 dB below the peak
        assert above.images[0].get_clim() == below.images[0].get_clim() == (-80, 0)


def test_a_map_has_every_code_in_both_planes_and_a_colour_per_label():
    codes, labels = np.random.default_rng(1).normal(size=(7, 4)), ["b", "a", "b", "c", "a", "b", "c"]
    for plane, axis in enumerate(figure_map(codes, labels).axes):
        parts = {part.get_label(): part for part in axis.collections}
        assert list(parts) == ["a", "b", "c"] and len({tuple(p.get_facecolor()[0]) for p in parts.values()}) == 3
        for name, part in parts.items():
            own = codes[[label == name for label in labels]]
            assert np.allclose(part.get_offsets(), own[:, 2 * plane:2 * plane + 2])
