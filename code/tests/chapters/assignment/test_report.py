"""Claims about committed records: the goals they reach, and that the report's parts are functions of them."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
from latentsampler.chapters.assignment import report
from latentsampler.runtime import records

from tests.conftest import require

READER = SimpleNamespace(read=records.read_record)


@pytest.fixture(scope="module", autouse=True)
def _recorded():
    there = (records.RESULTS / "assignment-benchmark" / "methods").is_dir()
    require(there, "the record assignment-benchmark/methods is missing: `study assignment/methods --record` writes it")


@pytest.fixture(scope="module")
def methods():
    return records.read_record("assignment-benchmark", "methods")


@pytest.mark.parametrize("name", report.TABLES)
def test_every_table_has_as_many_cells_in_each_row(name):
    lines = [line for line in report.TABLES[name](READER).splitlines() if line.endswith(r"\\")]
    assert len(lines) > 4 and len({line.count("&") for line in lines}) == 1
    assert "nan" not in "".join(lines)


@pytest.mark.parametrize("name", report.FIGURES)
def test_every_figure_draws_lines(name):
    figure = report.FIGURES[name](READER)
    assert len(figure.axes[0].lines) >= 2
    plt.close(figure)


def test_every_derived_number_is_finite_and_the_worst_gradient_is_a_cosine():
    assert all(report.DERIVED[name](READER) == pytest.approx(report.DERIVED[name](READER)) for name in report.DERIVED)
    assert -1.0 <= report.DERIVED["assignment worst gradient"](READER) <= 1.0


def test_one_set_of_weights_reaches_what_was_asked_at_every_size(methods):
    found = methods["metrics"]["messages"]
    assert found["size2"]["exact"] >= 0.999 and found["size2"]["f1_positive"] >= 0.9995
    assert found["size10"]["exact"] >= 0.88 and found["size10"]["exact_full"] >= 0.65
    assert found["size15"]["exact"] >= 0.6
    assert all(figures["equivariance_error"] <= 1e-5 and figures["cost_gap"] <= 0.003
               for size, figures in found.items() if size.startswith("size"))


def test_messages_are_above_sinkhorn_at_no_more_than_its_cost(methods):
    share = {name: methods["metrics"][name]["size10"]["exact_full_rounded"]
             for name in ("min-sum x 24", "sinkhorn .02 x 50")}
    time = {name: methods["provenance"]["timings"][name]["size10"] for name in share}
    assert share["min-sum x 24"] > 0.9 > share["sinkhorn .02 x 50"]
    assert time["min-sum x 24"] <= time["sinkhorn .02 x 50"]


def test_errors_are_rarer_than_the_published_ones_at_every_margin(methods):
    ours, published = (methods["metrics"]["margin"][name] for name in ("messages", "published"))
    assert all(ours[low] >= published[low] for low in published)
    assert all(share >= 0.999 for low, share in ours.items() if float(low.removeprefix("from ")) >= 0.003)
