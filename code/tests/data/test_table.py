import pytest
from latentsampler.data.table import Rows, make_row, pitch_name, pitch_number, pitches, read_table, write_table


def test_every_midi_note_number_has_a_name_that_gives_it_back():
    assert [pitch_number(pitch_name(n)) for n in range(128)] == list(range(128))
    assert (pitch_name(60), pitch_number("A4"), pitch_number("Bb3")) == ("C4", 69, 58)


def test_a_word_that_is_no_pitch_is_refused_by_name():
    with pytest.raises(ValueError, match="got 'H2'"):
        pitch_number("H2")


def test_a_row_of_two_pitches_keeps_both():
    row = make_row("x.wav", "Brass", ("BTb", "Bass Tuba"), ("slap", "slap"), [24, 31], "mf")
    assert (row["Pitch"], row["Pitch ID"], row["Dynamics ID"], pitches(row)) == ("C1_G1", "24_31", "2", [24, 31])


def test_rows_read_like_a_list_of_dicts_and_come_back_from_csv(tmp_path):
    rows = [make_row(f"{k}.wav", "Winds", ("Fl", "Flute, \"alto\""), ("ord", "ordinario"), [60 + k], "pp")
            for k in range(5)]
    write_table(tmp_path / "notes.csv", rows, list(rows[0]))
    back = Rows(read_table(tmp_path / "notes.csv"))
    assert list(back) == rows and back[1:3] == rows[1:3] and back[-1] == rows[-1] and len(back) == 5


def test_rows_of_different_columns_are_refused():
    with pytest.raises(ValueError, match="expected the columns"):
        Rows([{"a": "1"}, {"b": "2"}])
