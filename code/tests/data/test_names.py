import csv
from collections import Counter

import pytest
from latentsampler.data.free_names import parse_any
from latentsampler.data.names import parse_sol, recording
from latentsampler.data.table import COLUMNS
from latentsampler.data.table_formats import as_row, contradiction


@pytest.fixture(scope="module")
def tinysol_paths(shared):
    return [line.strip() for line in open(shared / "data/sol/tinysol_paths.txt")]


@pytest.fixture(scope="module")
def orchidea_lines(shared):
    with open(shared / "data/sol/OrchideaSOL_metadata.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_all_2913_names_of_tinysol_are_read(tinysol_paths):
    rows = [parse_sol(path) for path in tinysol_paths]
    assert len(rows) == 2913
    assert Counter(row["Family"] for row in rows) == {"Strings": 1193, "Keyboards": 689, "Winds": 576, "Brass": 455}
    assert {row["Dynamics"] for row in rows} == {"pp", "p", "mf", "ff"}
    assert min(int(row["Pitch ID"]) for row in rows) == 28 and max(int(row["Pitch ID"]) for row in rows) == 109


def test_names_say_what_tinysols_own_table_says(shared):
    with open(shared / "data/sol/TinySOL/annotation/TinySOL_metadata.csv", newline="") as file:
        for line in csv.DictReader(file):
            row = parse_sol(line["Path"])
            told = {name: line[name] for name in COLUMNS if name != "Fold"}
            assert {name: row[name] for name in told} == told


def test_all_of_orchideasol_is_read_and_names_agree_with_its_table(orchidea_lines):
    rows = [as_row(line) for line in orchidea_lines]
    assert len(rows) == 13265 and not any(contradiction(row) for row in rows)
    differ = Counter(row["Technique (abbr.)"] for row in rows for said in [parse_sol(row["Path"])]
                     if any(said[name] != row[name] for name in (
                         "Pitch", "Pitch ID", "Dynamics", "Dynamics ID", "Instance ID", "String ID (if applicable)",
                         "Needed digital retuning", "Instrument (abbr.)", "Technique (abbr.)")))
    assert differ == {"blow_no_reed": 26}  # the table calls them unpitched, the names give a pitch


def test_the_sixteen_two_pitch_notes_are_read_with_both_pitches(orchidea_lines):
    two = [row for row in map(as_row, orchidea_lines) if "_" in row["Pitch"]]
    assert len(two) == 16
    assert {(row["Pitch"], row["Pitch ID"]) for row in two} >= {("C1_G1", "24_31"), ("C#3_B5", "49_83")}


def test_the_87_unpitched_notes_have_an_empty_pitch(orchidea_lines):
    empty = [row for row in map(as_row, orchidea_lines) if not row["Pitch"]]
    assert len(empty) == 87 and all(row["Pitch ID"] == "" for row in empty)


def test_a_resampled_note_names_the_recording_beside_it_whose_tuning_it_shares(tinysol_paths, orchidea_lines):
    # An independent trace of the copying: a copy carries the T field of the recording it was made from.
    for paths, least in ((tinysol_paths, 12), ([line["Path"] for line in orchidea_lines], 200)):
        tuning = {recording(path): path.rsplit("-", 1)[1][:-4].split("_") for path in paths
                  if "R" not in path.rsplit("-", 1)[1]}
        copies = [(recording(path), path.rsplit("-", 1)[1][:-4].split("_")) for path in paths
                  if "R" in path.rsplit("-", 1)[1] and "_R" in path]
        known = [(tuning[name], fields) for name, fields in copies if name in tuning]
        assert len(known) >= least
        assert sum(fields[0] == source[0] for source, fields in known) / len(known) > 0.95


@pytest.mark.parametrize(("path", "pitch", "string", "instrument"), [
    ("Strings/07_Violoncello/ordinario/Vc-ord-A#2-mf-3c.wav", "46", "3.0", "Violoncello"),
    ("Winds/03_Oboe/ordinario/Ob-ord-C4-pp.wav", "60", "", "Oboe"),
    ("Brass/Trumpet_C+sordina/ordinario/TpC+S-ord-G4-ff.aif", "67", "", "Trumpet in C"),
    ("Strings/Violin/behind_the_bridge/Vn-behind_bridge-unp-N-1c.wav", "", "1.0", "Violin")])
def test_names_of_sol_09_are_read_without_retuning_field(path, pitch, string, instrument):
    row = parse_sol(path)
    assert (row["Pitch ID"], row["String ID (if applicable)"], row["Instrument (in full)"]) == (
        pitch, string, instrument)


@pytest.mark.parametrize(("path", "instrument", "pitch", "dynamics", "sources"), [
    ("12_Kalimba/kal_F#3_mf.wav", "Kalimba", "54", "mf", ("folder", "name")),
    ("gong-ff.wav", "gong", "", "ff", ("name", "")),
    ("piano/060.wav", "piano", "", "", ("folder", ""))])
def test_any_name_gives_what_it_holds_and_says_where_it_was_found(path, instrument, pitch, dynamics, sources):
    row = parse_any(path)
    assert (row["Instrument (in full)"], row["Pitch ID"], row["Dynamics"]) == (instrument, pitch, dynamics)
    assert (row["Instrument source"], row["Pitch source"]) == sources


def test_a_name_that_is_not_sol_is_refused():
    with pytest.raises(ValueError, match="expected INST"):
        parse_sol("kick_01.wav")
