"""Tables as people save them: found by their columns, read with any separator, refused in one line."""

import codecs
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from latentsampler.data.listing import Paths
from latentsampler.data.sources import from_folder, from_table
from latentsampler.data.tables import read_lines


@pytest.fixture
def folder(write_tone, tmp_path):
    for name in ("a b.wav", "Drums/kick.wav", "Drums/snare.flac", "é.wav"):
        write_tone(f"set/{name}", 220.0, seconds=0.3)
    return tmp_path / "set"


def notes(folder, text, name="labels.csv", encoding="utf-8"):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode(encoding))
    rows, rejected = from_folder(folder).notes()
    return {row["Path"]: row for row in rows}, {row["path"]: row["reason"] for row in rejected}


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_separator_and_line_ending_is_understood(folder, mark, ending):
    lines = [["File", "Instrument", "midi", "x,y"], ["a b.wav", '"Duo, ""grand"""', "57", "1"],
             ["é.wav", "Flöte", "", ""]]
    lines = [[f'"{cell}"' if mark in cell and cell[0] != '"' else cell for cell in line] for line in lines]
    rows, rejected = notes(folder, ending.join(mark.join(line) for line in lines))
    assert (rows["a b.wav"]["Instrument (in full)"], rows["a b.wav"]["Pitch"]) == ('Duo, "grand"', "A3")
    assert rows["é.wav"]["Instrument (in full)"] == "Flöte" and rows["a b.wav"]["x,y"] == "1"
    assert rejected == {"Drums/kick.wav": "not in the table", "Drums/snare.flac": "not in the table"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_with_and_without_a_mark_is_read(folder, encoding):
    assert notes(folder, "sep=;\nFile;note\né.wav;A3\n", encoding=encoding)[0]["é.wav"]["Pitch ID"] == "57"
    (folder / "labels.csv").write_bytes(codecs.BOM_UTF16_BE + "File;note\né.wav;A3\n".encode("utf-16-be"))
    assert len(from_folder(folder).notes()[0]) == 1


def test_another_encoding_is_refused_by_file_line_and_byte(folder):
    with pytest.raises(ValueError, match=r"labels.csv, line 3: expected UTF-8, got byte 0xe9 .*save the table as UTF"):
        notes(folder, "Path,mood\na b.wav,x\né.wav,y\n", encoding="latin-1")
    with pytest.raises(ValueError, match="labels.csv, line 2: expected a line of a table, got field larger"):
        notes(folder, "Path,mood\na b.wav," + "x" * 200_000 + "\n")


@pytest.mark.parametrize("written", [
    "Drums\\kick.wav", "./Drums/kick.wav", "drums/KICK.WAV", "Drums/kick", " Drums/kick.wav",
    "Drums/../Drums//kick.wav"])
def test_paths_as_other_systems_write_them_are_found(folder, written):
    rows, rejected = notes(folder, f"Path,midi\n{written},57\n")
    assert list(rows) == ["Drums/kick.wav"] and "Drums/kick.wav" not in rejected


def test_absolute_and_decomposed_paths_are_found(folder):
    rows, _ = notes(folder, f"Path,midi\n{folder.absolute()}/a b.wav,57\n{unicodedata.normalize('NFD', 'é')}.wav,57\n")
    assert sorted(rows) == ["a b.wav", "é.wav"]


@pytest.mark.parametrize("place", ["labels.csv", "notes.tsv", "annotation/any_metadata.csv", "meta/deep/x.csv"])
def test_a_table_is_found_by_its_columns_wherever_it_is(folder, place):
    rows, rejected = notes(folder, "file,Dynamics\na b.wav,pp\n", place)
    assert rows["a b.wav"]["Dynamics"] == "pp" and place not in rejected


@pytest.mark.parametrize(("text", "why"), [
    ("surname,age\nx,3\n", "expected a column Path"), ("", "none of the files"),
    ("name,age\nAnna,3\n", "none of the files"), ("Path\n", "none of the files"), ("\0\0\0", "")])
def test_foreign_tables_are_ignored_by_name(folder, text, why):
    rows, rejected = notes(folder, text, "people.csv")
    assert len(rows) == 4 and rejected["people.csv"].startswith("no table of notes: ") and why in rejected["people.csv"]
    (folder / "labels.csv").write_text("Path\na b.wav\n")
    assert [row["Path"] for row in from_folder(folder).notes()[0]] == ["a b.wav"]


def test_two_tables_of_notes_are_not_guessed_between_and_one_can_be_named(folder):
    (folder / "one.csv").write_text("Path,midi\na b.wav,57\n")
    with pytest.raises(ValueError, match=r"found 2: .*one.csv, .*two.csv; name the right one"):
        notes(folder, "Path,midi\né.wav,58\n", "two.csv")
    assert [row["Path"] for row in from_table(folder, folder / "one.csv").notes()[0]] == ["a b.wav"]


@pytest.mark.parametrize(("line", "reason"), [
    ("a b.wav,-20,,", "expected Pitch ID in 0..127, got -20"), ("a b.wav,128,,", "expected Pitch ID in 0..127, got 12"),
    ("a b.wav,1e9,,", "expected Pitch ID in 0..127, got 1e9"), ("a b.wav," + "9" * 400 + ",,", "expected Pitch I"),
    ("a b.wav,inf,,", "expected Pitch ID in 0..127, got inf"), ("a b.wav,57,9,", "expected Dynamics ID in 0..4, got 9"),
    ("a b.wav,57,,200", "expected Velocity in 0..127, got 200"),
    ("a b.wav,57,,,,", "expected 4 cells as in the first"),
    ("a b.wav,57_300,,", "expected Pitch ID in 0..127, got 300")])
def test_a_label_outside_its_range_is_rejected_by_value(folder, line, reason):
    rows, rejected = notes(folder, f"Path,MIDI,Dynamics ID,Velocity\n{line}\né.wav,57.0,,\n")
    assert list(rows) == ["é.wav"] and rejected["a b.wav"].startswith(f"mislabelled: {reason}")


@given(st.text(max_size=300), st.sampled_from(["utf-8", "utf-16", "latin-1"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_more_than_a_line_of_complaint(tmp_path, text, encoding):
    path = tmp_path / "any.csv"
    path.write_bytes(text.encode(encoding, "backslashreplace"))
    try:
        list(read_lines(path))
    except ValueError as error:
        assert "any.csv, line" in str(error) and "\n" not in str(error).replace(str(path), "")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0\\."), min_size=1, max_size=6),
                min_size=1, max_size=6, unique=True))
def test_what_is_written_exactly_is_always_found(names):
    sounds = [f"{name}/x.wav" for name in names]
    paths = Paths(sounds, "/set")
    assert [paths.find(path) for path in sounds] == sounds
    assert all(paths.find(f"/set/{path}") == path for path in sounds if path == path.strip())
