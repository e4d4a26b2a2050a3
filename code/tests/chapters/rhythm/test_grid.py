"""Claims about patterns, MIDI files and stores."""

import csv
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latentsampler.chapters.rhythm.data import open_data, read_folder, save
from latentsampler.chapters.rhythm.grid import KEYS, SENT, VOICES, quantised, to_hits, to_pattern
from latentsampler.chapters.rhythm.midi import read_midi, write_midi

from tests.conftest import require

BEAT = [(0, 0, 0.9), (0.5, 2, 0.4), (1, 1, 0.8), (1.5, 2, 0.4), (2.02, 0, 0.7), (3, 1, 1.0)]


def hits(rows):
    """Return rows as hits."""
    return np.array(rows, dtype=float)


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 8), st.floats(0.01, 1.0), st.floats(-0.45, 0.45)),
                min_size=1, max_size=40, unique_by=lambda row: row[:2]))
@settings(max_examples=50, deadline=None)
def test_a_pattern_keeps_every_hit_that_has_a_cell_of_its_own(rows):
    played = hits([((step + offset) / 4, voice, velocity) for step, voice, velocity, offset in rows])
    pattern, lost = to_pattern(played)
    back = to_hits(pattern)
    order = np.lexsort((played[:, 1], played[:, 0]))
    assert lost == 0 and len(back) == len(played)
    assert np.allclose(np.sort(back, 0), np.sort(played[order], 0), atol=1e-6)


def test_of_two_hits_in_a_cell_the_louder_one_stays_and_the_loss_is_counted():
    pattern, lost = to_pattern(hits([(0.0, 1, 0.3), (0.05, 1, 0.9), (0.1, 1, 0.5)]))
    assert lost == 2 and pattern[0].sum() == 1
    assert pattern[:, 1, 0] == pytest.approx([1.0, 0.9, 0.2])


def test_a_hit_half_a_step_late_belongs_to_the_next_step_and_offsets_stay_below_a_half():
    pattern, _ = to_pattern(hits([(0.125, 0, 1.0), (0.1249, 3, 1.0)]))
    assert pattern[2, 0, 1] == -0.5 and pattern[2, 3, 0] == pytest.approx(0.4996, abs=1e-6)
    assert (quantised(pattern)[2] == 0).all() and (quantised(pattern)[:2] == pattern[:2]).all()


def test_every_voice_is_written_as_a_key_that_reads_as_that_voice():
    assert [KEYS[key] for key in SENT] == list(range(len(VOICES)))


def test_midi_gives_back_beats_velocities_tempo_and_metre(tmp_path):
    write_midi(tmp_path / "beat.mid", hits(BEAT), bpm=93.0)
    read = read_midi(tmp_path / "beat.mid")
    assert np.allclose(read.hits, BEAT, atol=1 / 127 / 2 + 1e-3) and read.metre == "4/4"
    assert read.bpm == pytest.approx(93.0, abs=1e-3)


@pytest.mark.parametrize(("content", "reason"), [(b"", "no readable"), (b"MThd\0\0\0\6\0\0\0\1\0\0", "EOFError"),
                                                 (b"RIFF____WAVE" * 9, "no readable")])
def test_broken_files_are_named_and_rejected_and_the_others_are_read(tmp_path, content, reason):
    write_midi(tmp_path / "good.mid", hits(BEAT))
    (tmp_path / "bad.mid").write_bytes(content)
    data = read_folder(tmp_path)
    assert [path for path, _ in data.rejected] == ["bad.mid"] and reason in data.rejected[0][1]
    assert set(data.column("path")) == {"good.mid"}


def test_files_of_another_metre_or_without_drums_are_rejected_with_the_reason(tmp_path):
    write_midi(tmp_path / "good.mid", hits(BEAT))
    write_midi(tmp_path / "waltz.mid", hits(BEAT))
    file = mido.MidiFile(tmp_path / "waltz.mid")
    file.tracks[0][1] = mido.MetaMessage("time_signature", numerator=3, denominator=4)
    file.save(tmp_path / "waltz.mid")
    for message in file.tracks[0]:
        if message.type.startswith("note"):
            message.note = 100
    file.save(tmp_path / "tune.mid")
    reasons = dict(read_folder(tmp_path).rejected)
    assert "expected 4/4, got 3/4" in reasons["waltz.mid"] and "keys of a drum kit" in reasons["tune.mid"]


def test_a_folder_without_patterns_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected info.csv or MIDI files"):
        read_folder(tmp_path)
    (tmp_path / "a.mid").write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match="all 1 files were rejected, the first one a.mid"):
        read_folder(tmp_path)


def test_a_store_opens_as_what_was_saved_and_a_changed_one_is_refused(tmp_path):
    write_midi(tmp_path / "beat.mid", np.concatenate([hits(BEAT) + [8 * k, 0, 0] for k in range(4)]))
    data = read_folder(tmp_path)
    opened = open_data(save(data, tmp_path / "store"))
    assert (opened.patterns == data.patterns).all() and opened.table == data.table
    assert opened.checksum == data.checksum
    assert {float(start) for start in data.column("start_beat")} == set(range(21))  # to the end of the last bar
    opened.patterns[0, 1] += 1
    np.save(tmp_path / "store" / "patterns.npy", opened.patterns)
    with pytest.raises(ValueError, match="has changed"):
        open_data(tmp_path / "store")
    with pytest.raises(FileExistsError, match="new or empty"):
        save(data, tmp_path / "store")


def test_a_folder_without_a_split_of_its_own_is_divided_by_session(tmp_path):
    for session in range(10):
        for take in range(2):
            (tmp_path / f"s{session}").mkdir(exist_ok=True)
            write_midi(tmp_path / f"s{session}" / f"{take}.mid", hits(BEAT))
    data = read_folder(tmp_path)
    splits = {}
    for row in data.table:
        splits.setdefault(row["session"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    counts = [sum(found == {name} for found in splits.values()) for name in ("train", "validation", "test")]
    assert counts == [8, 1, 1]


def test_what_is_measured_is_the_test_split_else_validation_else_everything(tmp_path):
    def folder(name, *splits):
        (tmp_path / name).mkdir()
        with open(tmp_path / name / "info.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("midi_filename", "bpm", "split"))
            for k, split in enumerate(splits):
                write_midi(tmp_path / name / f"{k}.mid", hits(BEAT))
                writer.writerow((f"{k}.mid", 120, split))
        data = open_data(tmp_path / name)
        return {data.table[index]["split"] for index in data.held_out()}

    assert folder("a", "train", "validation", "test") == {"test"}
    assert folder("b", "train", "validation") == {"validation"}
    assert folder("c", "other") == {"other"} and folder("d", "train") == {"train"}


def test_groove_is_read_whole_with_its_own_split(shared):
    folder = Path(shared) / "data" / "groove"
    require(folder.is_dir(), "the Groove MIDI Dataset is expected in the reference data")
    with open(folder / "info.csv", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["time_signature"] == "4-4")
    read = read_midi(folder / row["midi_filename"])
    assert read.bpm == pytest.approx(float(row["bpm"]), abs=0.01) and read.metre == "4/4"
    assert read.unknown == 0 and len(read.hits) > 100
