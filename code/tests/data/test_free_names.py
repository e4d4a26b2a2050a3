"""Names that people and makers of sets give to sounds: what they say is read, what they do not say is not."""

import csv

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from latentsampler.data.free_names import parse_any, several_notes
from latentsampler.data.table import pitch_name, pitch_number

SHARPS = {"#": "#", "b": "b", "s": "#", "♯": "#", "♭": "b", "sharp": "#", " flat ": "b", "-sharp-": "#"}


def said(path, folder=""):
    row = parse_any(path, folder)
    return row["Instrument (in full)"], row["Pitch"], row["Dynamics"], row["Technique (abbr.)"], row["Pitch source"]


@pytest.mark.parametrize(("path", "expected"), [
    # Philharmonia Orchestra: instrument_pitch_length_dynamics_technique
    ("violin_As4_025_forte_arco-normal.mp3", ("violin", "A#4", "f", "ord", "name")),
    ("cello_Gs2_15_pianissimo_arco-sul-tasto.mp3", ("cello", "G#2", "pp", "arco-sul-tasto", "name")),
    ("bass-clarinet_A2_1_mezzo-piano_normal.mp3", ("bass clarinet", "A2", "mp", "ord", "name")),
    ("flute_Cs5_very-long_piano_normal.mp3", ("flute", "C#5", "p", "ord", "name")),
    ("guitar_E4_very-long_fortissimo_harmonics.mp3", ("guitar", "E4", "ff", "harm", "name")),
    ("agogo-bells__025_forte_struck-singly.mp3", ("agogo bells", "", "f", "struck-singly", "name")),
    # University of Iowa, Musical Instrument Samples
    ("Violin.arco.ff.sulG.Ab4.stereo.aiff", ("Violin", "G#4", "ff", "ord", "name")),
    ("Flute.nonvib.pp.Db5.stereo.aif", ("Flute", "C#5", "pp", "nonvib", "name")),
    ("Piano.mf.Bb1.aiff", ("Piano", "A#1", "mf", "", "name")),
    ("BbClar.ff.A3.stereo.aif", ("BbClar", "A3", "ff", "", "name")),
    ("Cello.pizz.pp.sulC.C2.stereo.aif", ("Cello", "C2", "pp", "pizz", "name")),
    # VSCO 2 Community Edition
    ("Woodwinds/Oboe/Sus/Oboe_Sus_A#3_v1_Main.wav", ("Oboe", "A#3", "v1", "ord", "name")),
    ("Brass/Trumpet/Stac/Sum_SHTrumpet_stac_C4_v3_rr2.wav", ("Trumpet", "C4", "v3", "stac", "name")),
    ("Strings/Cello Section/susvib/susvib_F#2_v1_1.wav", ("Cello Section", "F#2", "v1", "vib", "name")),
    # tonejs-instruments: samples/<instrument>/<pitch>
    ("samples/violin/As4.mp3", ("violin", "A#4", "", "", "name")),
    ("samples/bass-electric/Cs2.mp3", ("bass-electric", "C#2", "", "", "name")),
    # what musicians write
    ("C4.wav", ("unknown", "C4", "", "", "name")),
    ("Cs5.wav", ("unknown", "C#5", "", "", "name")),
    ("cello_f3.wav", ("cello", "F3", "", "", "name")),
    ("Violin f#4.wav", ("Violin", "F#4", "", "", "name")),
    ("E-piano.wav", ("E-piano", "", "", "", "")),
    ("E-piano_mf_G♯3.wav", ("E-piano", "G#3", "mf", "", "name")),
    ("piano-c-4.wav", ("piano", "C4", "", "", "name")),
    ("piano-c#-3.wav", ("piano", "C#3", "", "", "name")),
    ("organ C-1.wav", ("organ", "C-1", "", "", "name")),
    ("Flöte_B♭4_pp.wav", ("Flöte", "A#4", "pp", "", "name")),
    ("harp c sharp 4.wav", ("harp", "C#4", "", "", "name")),
    ("marimba note60.wav", ("marimba", "C4", "", "", "")),  # a hint: a count, perhaps
    ("Snare C#2.wav", ("Snare", "", "", "", "estimate")),
    ("Drums/HH closed 02.wav", ("Drums", "", "", "", "estimate")),
    ("Kit/Kick01 A1.wav", ("Kit", "", "", "", "estimate")),
    ("steel drum C4.wav", ("steel", "C4", "", "", "name")),
    ("hatha_D3.wav", ("hatha", "D3", "", "", "name")),  # no hat
    ("Tom's piano D3.wav", ("Tom", "D3", "", "", "name")),
    ("x G#9.wav", ("unknown", "", "", "", "")),  # above MIDI 127
    ("track12.wav", ("track", "", "", "", ""))])
def test_real_names_say_instrument_pitch_dynamics_and_technique(path, expected):
    assert said(path) == expected


def test_a_name_without_an_instrument_takes_that_of_the_folder_of_all():
    assert said("C4.wav", "Rhodes")[0] == "Rhodes" and parse_any("C4.wav", "Rhodes")["Instrument source"] == "folder"
    assert said("ff/C4.wav", "Rhodes")[0] == "Rhodes" and said("Cello/ff/C4.wav", "Rhodes")[0] == "Cello"


@pytest.mark.parametrize(("path", "notes"), [
    ("Flute.ff.B3B4.stereo.aiff", "B3B4"), ("Violin.arco.ff.sulG.G3B3.aiff", "G3B3"), ("Bb3.wav", ""),
    ("A3_B3.wav", "")])
def test_a_recording_of_a_scale_is_told_from_a_note(path, notes):
    assert several_notes(path) == notes


def test_pitch_and_loudness_of_a_thousand_names_of_real_sets_are_those_of_the_table(shared):
    sources = {"karoryfer.weresax", "karoryfer.war-tuba", "karoryfer.meatbass", "dsmolken.double-bass", "TinySOL",
               "karoryfer-bigcat.cello", "EthanWiner", "tonejs-instruments"}
    with open(shared / "data/notes/annotation/notes_metadata.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Source"] in sources]
    found = [(parse_any(row["Source file"]), row) for row in rows]
    assert len(rows) > 700
    assert all((int(one["Pitch ID"]) - int(row["Pitch ID"])) % 12 == 0 for one, row in found)  # octaves: their own
    stated = [(one, row) for one, row in found if row["Source dynamics"] in ("pp", "p", "mp", "mf", "f", "ff")
              and "_vl" not in row["Source file"] and row["Source"] != "TinySOL"]
    assert len(stated) > 400 and all(one["Dynamics"] == row["Source dynamics"] for one, row in stated)


@given(st.integers(0, 127), st.sampled_from(sorted(SHARPS)),
       st.sampled_from(["{}", "piano_{}", "a b - {} (2)", "x.{}.ff"]), st.booleans())
def test_any_pitch_written_in_any_way_is_read_back(number, sign, pattern, lower):
    name = pitch_name(number)
    assume(number > 11 or "#" not in name or not sign.isalpha())  # in Csharp-1 the dash may as well part two words
    if "#" in name:
        letter, octave = name[0], name[2:]
        if SHARPS[sign] == "b":
            letter = pitch_name(number + 1)[0]
        name = f"{letter.lower() if lower else letter}{sign}{octave}"
    assert parse_any(pattern.format(name) + ".wav")["Pitch ID"] == str(number)


@given(st.text(st.characters(exclude_characters="\0/"), min_size=1, max_size=40))
def test_no_name_is_an_error_or_a_pitch_outside_midi(name):
    row = parse_any(f"{name}.wav")
    assert row["Pitch ID"] == "" or 0 <= int(row["Pitch ID"]) <= 127
    assert row["Pitch"] == "" or pitch_number(row["Pitch"]) == int(row["Pitch ID"])
    assert row["Instrument (in full)"] and several_notes(f"{name}.wav") is not None
