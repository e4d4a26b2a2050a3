"""Claims about the pictures of a dataset: what is drawn is what the store holds."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from latentsampler.data.figures import figure_leakage, figure_mels, figure_pitch_map


@pytest.fixture(autouse=True)
def closed():
    """Close what a test has drawn."""
    yield
    plt.close("all")


def test_a_grid_of_mels_has_each_instrument_once_at_its_median_pitch_in_db_below_its_peak(dataset):
    names = sorted(set(dataset.column("Instrument (abbr.)")))
    axes = [axis for axis in figure_mels(dataset, columns=4).axes if axis.get_visible() and axis.get_title()]
    assert [axis.get_title().split()[0] for axis in axes] == names
    for axis in axes:
        name, pitch, dynamics = axis.get_title().split()
        own = [k for k, row in enumerate(dataset.rows) if row["Instrument (abbr.)"] == name
               and row["Dynamics"] == dynamics]
        numbers = dataset.pitch[own]
        (index,) = [k for k in own if dataset.rows[k]["Pitch"] == pitch]
        assert (numbers < dataset.pitch[index]).sum() == len(own) // 2  # so many are below the one in the middle
        drawn, mel = axis.images[0].get_array(), np.array(dataset.mels[index])
        assert drawn.max() == 0.0 and drawn.min() >= -80.0
        assert np.allclose(10 ** (drawn / 20), np.maximum(mel / mel.max(), 1e-4), rtol=1e-5)


def test_a_map_shows_every_note_at_its_pitch_and_neighbouring_recordings_in_different_colours(dataset):
    axis = figure_pitch_map(dataset).axes[0]
    points, colours = axis.collections[0].get_offsets(), axis.collections[0].get_array()
    assert np.array_equal(points[:, 0], dataset.pitch) and f"{len(dataset)} notes" in axis.get_title()
    lines = [label.get_text() for label in axis.get_yticklabels()]
    instruments, recordings = dataset.column("Instrument (in full)"), dataset.column("Recording")
    assert [lines[round(y)] for y in points[:, 1]] == list(instruments)
    for name in set(instruments):
        own = np.flatnonzero(np.array(instruments) == name)
        order = own[np.argsort(dataset.pitch.numpy()[own], kind="stable")]
        seen = list(dict.fromkeys(recordings[k] for k in order))
        colour = {recordings[k]: colours[k] for k in order}
        assert all(colour[one] != colour[other] for one, other in zip(seen, seen[1:], strict=False))


def test_histograms_of_the_leak_are_densities_that_say_how_many_pairs_they_are_of():
    same, different = np.linspace(0.9, 1.0, 50), np.linspace(0.1, 0.6, 30)
    axis = figure_leakage(same, different).axes[0]
    areas = [sum(bar.get_width() * bar.get_height() for bar in bars) for bars in axis.containers]
    means = [sum(bar.get_width() * bar.get_height() * (bar.get_x() + bar.get_width() / 2) for bar in bars)
             for bars in axis.containers]
    assert areas == pytest.approx([1.0, 1.0]) and means == pytest.approx([0.95, 0.35], abs=0.0125)  # half a bin
    assert [text.get_text().split(", ")[1] for text in axis.get_legend().get_texts()] == ["50 pairs", "30 pairs"]
