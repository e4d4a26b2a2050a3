"""Folders of songs: the reference's windows, splits, and every source."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from latentsampler.chapters.chords import songs as folder
from latentsampler.chapters.chords import sources
from latentsampler.chapters.chords.alphabet import REDUCE, parse

from tests.conftest import SHARED, require

REALBOOK = SHARED / "data" / "realbook"


def write(path, rows, keys=("C",)):
    """Write a folder of songs: each a list of (chord, beats)."""
    sources.write_songs([sources.Record(f"song {i}", key, 4, 0, [(parse(c), n) for c, n in row])
                         for i, (row, key) in enumerate(zip(rows, keys, strict=False))], path)
    return folder.open_songs(path)


def test_windows_are_padded_in_front_and_leave_out_the_last(tmp_path):
    song = write(tmp_path, [[("C", 4), ("G7", 8)]])
    found = folder.windows(song.songs)
    assert found.x.shape == (3, 8) and found.place.tolist() == [0, 1, 2]
    assert found.x[0].tolist() == [168] * 7 + [0] and found.y[0].tolist() == [0] * 3 + [parse("G7")] * 5


def test_a_song_is_read_as_it_was_written(tmp_path):
    rows = [[("Dm7", 2), ("G7", 2), ("N", 4), ("Cmaj7", 8)], [("Bb", 5), ("Ebm6", 3)]]
    found = write(tmp_path, rows, ("C", "Bbm"))
    assert found.songs[0].symbols.tolist() == [s for c, n in rows[0] for s in [parse(c)] * n]
    assert [song.key for song in found.songs] == [0, 22]
    assert len(found.checksum) == 64


def test_folds_keep_a_group_together_and_do_not_depend_on_the_others():
    all_songs = [SimpleNamespace(group=str(index // 2)) for index in range(400)]
    found = folder.folds(all_songs)
    assert (found[::2] == found[1::2]).all()
    assert (folder.folds(all_songs[100:150]) == found[100:150]).all()
    assert np.bincount(found, minlength=5).min() > 40


def test_repeating_the_last_chord_scores_what_the_reference_prints():
    require(REALBOOK.is_dir(), "shared/data/realbook is not here")
    found = folder.windows(folder.open_songs(REALBOOK).songs)
    scores = [100 * float((REDUCE[a][found.x[:, -1:]] == REDUCE[a][found.y]).float().mean()) for a in REDUCE]
    assert [round(score, 1) for score in scores] == [34.5, 31.9, 31.3]  # README of the data; the paper: 34.2 31.6 31.1


def test_the_published_layout_of_pop909_is_read(tmp_path):
    song = tmp_path / "001"
    song.mkdir()
    beats = [f"{0.5 * i} {float(i % 2 == 0)} {float(i % 4 == 1)}\n" for i in range(13)]
    (song / "beat_midi.txt").write_text("".join(beats))
    (song / "chord_midi.txt").write_text("0.0\t0.5\tN\n0.5\t2.51\tGb:maj/5\n2.51\t4.49\tDb:sus4(b7)\n"
                                         "4.49\t6.0\tBb:min7\n")
    (song / "key_audio.txt").write_text("0.0\t6.0\tGb:maj\n")
    record, = sources.read_pop909(tmp_path)
    assert record.chords == [(168, 1), (parse("Gb"), 4), (parse("Dbsus4"), 4), (parse("Bbm7"), 3)]
    assert (record.key, record.per_bar, record.upbeat) == ("Gb", 4, 1)
    sources.write_songs([record], tmp_path / "out")
    assert folder.open_songs(tmp_path / "out").songs[0].place[:6].tolist() == [3, 0, 1, 2, 3, 0]


def test_a_users_folder_is_read_and_what_cannot_be_read_is_listed(tmp_path):
    (tmp_path / "tune.xlab").write_text("header\n1:1 x 2 x D:min7 x C\n1:3 x 2 x G:7(b9) x C\n2:1 x 4 x C:maj7/3 x C\n")
    (tmp_path / "real.txt").write_text("irealbook://Blue=Me=Swing=F=n=T44F7 |Bb7 |x |C-7,F7 |A7alt Z")
    (tmp_path / "bad.txt").write_text("irealb://scrambled")
    (tmp_path / "worse.xlab").write_text("header\n1:1 x 2 x H:min7 x C\n")
    records, rejected = sources.read_folder(tmp_path)
    by_title = {record.title: record for record in records}
    assert by_title["tune"].chords == [(parse("Dm7"), 2), (parse("G7"), 2), (parse("Cmaj7"), 4)]
    assert by_title["Blue"].chords == [(parse("F7"), 4), (parse("Bb7"), 8), (parse("Cm7"), 2), (parse("F7"), 2),
                                       (parse("A7"), 4)]
    assert [name for name, _ in rejected] == ["bad.txt", "worse.xlab"]


def test_an_unknown_quality_and_a_missing_table_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"songs\.csv"):
        folder.open_songs(tmp_path)
    write(tmp_path, [[("C", 4)]])
    text = (tmp_path / "chords.csv").read_text()
    (tmp_path / "chords.csv").write_text(text.replace(",maj\n", ",odd\n"))
    with pytest.raises(ValueError, match="'odd'"):
        folder.open_songs(tmp_path)


def test_only_two_columns_of_songs_are_needed(tmp_path):
    (tmp_path / "songs.csv").write_text("song_id\n7\n")
    with open(tmp_path / "chords.csv", "w", newline="") as file:
        csv.writer(file).writerows([("song_id", "n_beats", "root_pc", "quality"), (7, 12, 2, "min7")])
    song, = folder.open_songs(tmp_path).songs
    assert song.key == folder.NO_KEY and (song.place == folder.NO_PLACE).all() and (song.symbols == parse("Dm7")).all()


def test_pieces_begin_with_a_bar(tmp_path):
    record = sources.Record("upbeat", "", 4, 1, [(parse("G7"), 1), (parse("C"), 32)])
    sources.write_songs([record], tmp_path)
    pieces, owner = folder.bars(folder.open_songs(tmp_path).songs)
    assert pieces.shape == (5, 16) and (pieces == parse("C")).all() and torch.equal(owner, torch.zeros(5).long())
