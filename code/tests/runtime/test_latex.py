"""Claims about words and numbers as LaTeX."""

import pytest
from latentsampler.runtime import latex, records
from tools.report.records import Records


@pytest.mark.parametrize("device, seconds, words", [
    ("cpu (x86_64)", 60.0, "one core of a processor, 60 seconds"),
    ("cuda (NVIDIA H100)", 600.0, "a graphics processor (NVIDIA H100), 10 minutes")])
def test_the_machine_that_trained_is_the_recorded_one(device, seconds, words, tmp_path):
    records.write_record("autoencoder", "wae", 0, {}, {}, [], {"device": device, "seconds": seconds, "threads": 1},
                         tmp_path)
    assert latex.trained_on("autoencoder/wae")(Records(tmp_path)) == words


def test_a_table_has_a_line_per_row_and_an_interval_has_its_signs():
    table = latex.tabular(["a", "b"], [["1", latex.signed((0.125, -0.05, 0.3), 1)]], "lc")
    assert table.splitlines()[2:5] == [r"a & b \\", r"\midrule", r"1 & $+0.1$ [$-0.1$, $0.3$] \\"]


@pytest.mark.parametrize("number, word", [(0, "none"), (3, "three"), (9, "nine"), (10, "10")])
def test_counts_below_ten_are_words(number, word):
    assert latex.count(number) == word
