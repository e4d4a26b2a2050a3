"""Figures are functions of what is passed in, and show it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from latentsampler.attributes.targets import KNOBS
from latentsampler.chapters.projection import figures


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_four_short_lines_fit_a_bend_that_one_long_line_does_not():
    places = np.linspace(-2, 2, 40)
    bent = np.stack([places ** 2] * 4, axis=1)
    titles = [axis.get_title().split() for axis in figures.figure_line(places, bent).axes]
    assert len(titles) == 4
    assert all(abs(float(title[1])) < 0.01 and float(title[3]) > 0.95 for title in titles)


def test_a_plane_has_one_slope_and_a_bowl_turns():
    grid = np.linspace(-2, 2, 9)
    x, y = np.meshgrid(grid, grid, indexing="ij")
    figure = figures.figure_slopes(grid, np.stack([3 * x + y, x - y, x ** 2 + 0.1 * x, x], axis=2))
    panels = [axis for axis in figure.axes if axis.get_title()]
    angles = [panel.collections[0].get_array() for panel in panels]
    assert angles[0].max() < 1e-3 and angles[1].max() < 1e-3 and angles[3].max() < 1e-3
    assert angles[2].reshape(9, 9)[0].min() > 179 and angles[2].reshape(9, 9)[-1].max() < 1  # falls, then rises
    titles = [panel.get_title().split() for panel in panels]
    assert [float(title[1]) for title in titles[:2]] == [1.0, 1.0]
    assert float(titles[2][1]) < 0.1 and float(titles[2][3]) > 0.9


def test_straight_lines_return_a_straight_line():
    places = np.linspace(0, 1, 12)
    fitted = figures.straight(places, 3 * places + 1, [np.arange(5), np.arange(5, 12)])
    np.testing.assert_allclose(fitted, 3 * places + 1)


def test_the_matrix_shows_the_shares_of_the_record_in_percent():
    metrics = {f"crosstalk_{a}_{b}": 0.25 for a in KNOBS for b in KNOBS if a != b}
    texts = [text.get_text() for text in figures.figure_crosstalk({"metrics": metrics}).axes[0].texts]
    assert texts.count("25") == 12 and texts.count("100") == 4


def test_a_sweep_is_drawn_in_deviations():
    heard = np.outer(np.arange(5.0), [2.0, 0.0, 0.0, -1.0])
    lines = figures.figure_sweep(0, np.linspace(0.1, 0.9, 5), heard, [4.0, 1.0, 1.0, 1.0]).axes[0].lines
    np.testing.assert_allclose(lines[0].get_ydata(), [0, 0.5, 1.0, 1.5, 2.0])
    np.testing.assert_allclose(lines[3].get_ydata(), [0, -1, -2, -3, -4])


def test_the_space_has_a_panel_for_each_knob():
    rng = np.random.default_rng(0)
    figure = figures.figure_space(rng.normal(size=(20, 2)), rng.normal(size=(20, 4)))
    assert [axis.get_title() for axis in figure.axes if axis.get_title()] == list(KNOBS)


def test_the_table_has_a_row_for_each_way():
    records = {"knobs": [{"metrics": dict.fromkeys(figures.COLUMNS, 0.5)}], "linear": [{"metrics": {"spearman": 0.1}}]}
    text = figures.table_methods(records)
    assert len(text.splitlines()) == 3 and "linear" in text


def test_the_second_table_has_the_spaces_that_were_asked():
    asked = {f"z_{name}": 0.25 for name in figures.SPACES}
    text = figures.table_spaces({"knobs": [{"metrics": asked}], "linear": [{"metrics": {"spearman": 0.1}}]})
    assert len(text.splitlines()) == 2 and text.count("0.25") == len(figures.SPACES) and "linear" not in text


def test_committed_records_equal_their_runs():
    from latentsampler.chapters.projection.experiment import RUNS
    from latentsampler.runtime.records import outdated

    assert outdated("projection", RUNS) == []
