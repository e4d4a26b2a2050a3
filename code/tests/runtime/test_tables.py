"""Claims about tables as text."""

from latentsampler.runtime.tables import as_text


def test_texts_stand_on_the_left_and_numbers_on_the_right():
    rows = [{"name": "a", "dB": -1.23456, "n": 5}, {"name": "longer", "dB": 100.0, "n": 12}]
    assert as_text(rows).splitlines() == ["name       dB   n", "a       -1.23   5", "longer    100  12"]


def test_a_table_without_rows_is_empty():
    assert as_text([]) == ""
