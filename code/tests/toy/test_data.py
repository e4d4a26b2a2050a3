"""What is committed in toy/data equals what the command makes."""

import re

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="module")
def data(root):
    return root / "toy" / "data"


def test_the_committed_notes_equal_a_regeneration_sample_by_sample(data, small, rows):
    kept, made = rows(data / "sample"), rows(small)
    assert len(kept) == len(made) == 144
    for old, new in zip(kept, made, strict=True):
        assert old == {**new, "Path": new["Path"].removesuffix("wav") + "flac"}
        assert np.array_equal(soundfile.read(data / "sample" / old["Path"], dtype="int16")[0],
                              soundfile.read(small / new["Path"], dtype="int16")[0]), old["Path"]


def test_the_committed_sample_is_part_of_the_committed_table(data, rows):
    whole = {row["sha256"]: row for row in rows(data)}
    assert len(whole) == 2400
    for row in rows(data / "sample"):
        assert whole[row["sha256"]] == {**row, "Path": row["Path"].removesuffix("flac") + "wav"}


def test_every_sound_in_the_folder_is_in_the_table_and_the_folder_stays_below_6_mb(data, rows):
    sounds = {path.relative_to(data / "sample").as_posix() for path in data.rglob("*.flac")}
    assert sounds == {row["Path"] for row in rows(data / "sample")}
    assert sum(path.stat().st_size for path in data.rglob("*") if path.is_file()) < 6e6


def test_the_readme_names_every_column_and_every_instrument(root, data, rows):
    text = (root / "toy" / "README.md").read_text(encoding="utf-8")
    assert [column for column in rows(data)[0] if f"`{column}`" not in text] == []
    assert [row["Instrument (in full)"] for row in rows(data)
            if not re.search(rf"\| {row['Instrument (in full)']} `{row['Instrument (abbr.)']}`", text)] == []


@pytest.mark.long
def test_the_committed_table_equals_a_regeneration_byte_for_byte(data, whole):
    assert (data / "notes.csv").read_bytes() == (whole / "notes.csv").read_bytes()
