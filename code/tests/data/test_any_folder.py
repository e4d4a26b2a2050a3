"""Folders as people have them: each file becomes a note or is listed with the reason, and the reason is right."""

import os
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from latentsampler.data.build import build_store
from latentsampler.data.check import disagreement, listen_to
from latentsampler.data.files import read_sound
from latentsampler.data.sources import from_folder, from_names
from latentsampler.data.store import NoteDataset
from latentsampler.data.table import pitch_name, read_table
from latentsampler.sound.audio import MelConfig
from latentsampler.sound.pitch import midi_to_hz

from .conftest import tone

TINY = MelConfig(n_frames=16)
C4 = tone(midi_to_hz(60))


def built(folder, out):
    dataset = NoteDataset(build_store(from_folder(folder), out, TINY, n_jobs=1, progress=False))
    return dataset, {row["path"]: row["reason"] for row in read_table(dataset.path / "rejected.csv")}


def wav(data, size=None, declared=None):
    """Bytes of a wav file of 16 bits whose header may lie about its sizes."""
    head = b"WAVE" + b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 22050, 44100, 2, 16) + b"data"
    declared = len(data) if declared is None else declared
    return (b"RIFF" + struct.pack("<I", len(head) + 4 + len(data) if size is None else size) + head
            + struct.pack("<I", declared) + data)


names = st.binary(min_size=1, max_size=12).map(lambda raw: raw.replace(b"\0", b"0").replace(b"/", b"_"))
endings = st.sampled_from([b" C4.wav", b" C4.WAV", b" C4.mp3", b".m4a", b"", b".txt", b".csv"])


@given(st.dictionaries(names, endings, min_size=1, max_size=5), st.lists(names, max_size=2))
@settings(max_examples=30, deadline=None)
def test_every_file_of_any_name_is_a_note_or_a_reject(files, folders):
    whole = (np.round(C4[:6000] * 32767)).astype("<i2").tobytes()
    with tempfile.TemporaryDirectory() as place:
        made = set()
        root = os.path.join(os.fsencode(place), b"set")
        os.mkdir(root)
        for index, (name, ending) in enumerate(sorted(files.items())):
            below = [folder for folder in folders if folder not in (b".", b"..")][:index % 3]
            os.makedirs(os.path.join(root, *below), exist_ok=True)
            path = os.path.join(root, *below, name + ending)
            if not os.path.isdir(path):
                Path(os.fsdecode(path)).write_bytes(wav(whole))
                made.add(os.fsdecode(os.path.relpath(path, root)))
        source = from_folder(os.fsdecode(root))
        rows, rejected = source.notes()
        told = [*(row["Path"] for row in rows), *(row["path"] for row in rejected)]
        hidden = {path for path in made if any(part.startswith(".") for part in Path(path).parts)}
        assert len(told) == len(set(told)) and made - hidden <= set(told) and all(row["reason"] for row in rejected)
        if len(rows):
            dataset = NoteDataset(build_store(source, place, TINY, n_jobs=1, progress=False))
            assert len(dataset) + dataset.info["rejected"] == len(told)
            (dataset.path / "table.csv").read_text(encoding="utf-8")


def test_a_name_in_another_encoding_is_a_note_like_any_other_with_its_bytes_shown(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    soundfile.write(folder / "piano_C4.wav", C4, 22050)
    os.rename(os.fsencode(folder / "piano_C4.wav"), os.fsencode(folder) + b"/caf\xe9_C4.wav")
    dataset, rejected = built(folder, tmp_path)
    assert dataset.column("Path") == [r"caf\xe9_C4.wav"] and dataset.column("Pitch") == ["C4"] and rejected == {}


def test_formats_of_libsndfile_are_read_and_others_listed_with_those_that_are(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    for name, how in {"a.mp3": {"format": "MP3"}, "b.au": {}, "c.caf": {}, "d.w64": {}, "e.aifc": {"format": "AIFF"},
                      "f.wave": {"format": "WAV"}, "g.OGG": {"format": "OGG"}, "h.rf64": {}, "i.flac": {},
                      "k.snd": {"format": "AU"}}.items():
        soundfile.write(folder / f"x_C4_{name}", C4, 22050, **how)
    soundfile.write(folder / "x_C4_l.opus", tone(midi_to_hz(60), rate=48000), 48000, format="OGG", subtype="OPUS")
    for name in ("m.m4a", "n.wma", "o.mid", "p"):
        (folder / name).write_bytes(b"x")
    dataset, rejected = built(folder, tmp_path)
    assert len(dataset) == 11 and set(dataset.column("Pitch")) == {"C4"}
    assert sorted(rejected) == ["m.m4a", "n.wma", "o.mid", "p"]
    assert rejected["m.m4a"].startswith("no sound by its ending: expected .wav, ") and "got .m4a" in rejected["m.m4a"]


def test_linked_folders_loops_pipes_and_dangling_links_are_told_apart_and_end(tmp_path):
    folder, other = tmp_path / "set", tmp_path / "Violin"
    (folder / "sub").mkdir(parents=True)
    other.mkdir()
    soundfile.write(other / "Violin_C4.wav", C4, 22050)
    (folder / "Violin").symlink_to(other)
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "linked_C4.wav").symlink_to(other / "Violin_C4.wav")
    (folder / "gone_C4.wav").symlink_to("nowhere.wav")
    (folder / "round.wav").symlink_to("round.wav")
    os.mkfifo(folder / "pipe_C4.wav")
    (folder / ".git").mkdir()
    (folder / "._C4.wav").write_bytes(b"\0\5\x16\7")
    dataset, rejected = built(folder, tmp_path)
    assert dataset.column("Path") == ["linked_C4.wav"]
    assert {path: reason.split(":")[0] for path, reason in rejected.items()} == {
        "Violin": "linked folder", "sub/loop": "linked folder", "gone_C4.wav": "missing", "round.wav": "missing",
        "pipe_C4.wav": "unreadable", ".git": "hidden folder", "._C4.wav": "hidden file"}
    assert str(other) in rejected["Violin"] and "a link to nowhere.wav" in rejected["gone_C4.wav"]
    linked = tmp_path / "link"
    linked.symlink_to(folder)
    assert len(from_folder(linked).notes()[0]) == 1  # a linked source is followed


def test_sounds_that_are_unusual_but_right_are_notes(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    hz, t, quiet = midi_to_hz(60), np.arange(22050) / 22050, np.random.default_rng(0).standard_normal(5 * 22050) * 1e-4
    sine = np.sin(2 * np.pi * hz * t)
    soundfile.write(folder / "sine8_C4.wav", 0.999 * sine, 22050, "PCM_U8")
    soundfile.write(folder / "sine16_C4.wav", 0.99999 * sine, 22050)
    soundfile.write(folder / "opposite_C4.wav", np.stack([C4, -C4], 1), 22050)
    soundfile.write(folder / "right_C4.wav", np.stack([0 * C4, C4], 1), 22050)
    soundfile.write(folder / "late_C4.wav", np.concatenate([np.zeros(5 * 22050), C4]), 22050)
    soundfile.write(folder / "hiss_C4.wav", np.concatenate([quiet, C4]), 22050)
    soundfile.write(folder / "offset_C4.wav", 0.2 * C4 + 0.5, 22050)
    soundfile.write(folder / "loud_C4.wav", 8 * C4, 22050, "FLOAT")
    data = np.round(C4 * 32767).astype("<i2").tobytes()
    for name, how in {"stream0": {"size": 0, "declared": 0}, "streamff": {"size": 2 ** 32 - 1, "declared": 2 ** 32 - 1},
                      "half": {"declared": 0}}.items():
        (folder / f"{name}_C4.wav").write_bytes(wav(data, **how))
    dataset, rejected = built(folder, tmp_path)
    assert rejected == {} and len(dataset) == 11
    onset = dict(zip(dataset.column("Path"), map(float, dataset.column("Onset (s)")), strict=True))
    assert abs(onset["late_C4.wav"] - 5.02) < 0.01 and abs(onset["hiss_C4.wav"] - 5.02) < 0.01
    assert abs(onset["offset_C4.wav"] - onset["right_C4.wav"]) < 0.01 and abs(onset["stream0_C4.wav"] - 0.02) < 0.01
    assert abs(np.abs(read_sound(folder / "opposite_C4.wav", 22050, 2.0)).max() - 0.5) < 0.02


@pytest.mark.parametrize(("sound", "rate", "reason"), [
    (np.full(22050, 0.5), 22050, "silent: peak below -60 dBFS beside a constant offset of 0.5"),
    (C4 * 1e30, 22050, "too loud: peak 5e.29, expected full scale 1"),
    (np.ones(3) * 0.3, 1, "unreadable: expected a sample rate of at least 1000 Hz, got 1"),
    (C4[:1] + 0.3, 22050, "too short: 0.000 s after the onset"),
    (C4[:0], 22050, "too short: no samples"),
    (np.clip(C4 * 4, -1, 1), 22050, "clipped: ")])
def test_a_sound_that_is_none_is_rejected_for_the_right_reason(tmp_path, sound, rate, reason):
    (tmp_path / "set").mkdir()
    soundfile.write(tmp_path / "set" / "good_C4.wav", C4, 22050)
    soundfile.write(tmp_path / "set" / "bad_C4.wav", sound, rate, "PCM_U8" if reason == "clipped: " else "FLOAT")
    rejected = built(tmp_path / "set", tmp_path)[1]
    assert rejected["bad_C4.wav"].startswith(reason.replace(".29", "+29"))


def test_a_count_in_a_name_is_no_pitch_unless_the_sound_confirms_it(write_tone, tmp_path):
    write_tone("set/bell note57.wav", 220.0)
    write_tone("set/bell note45.wav", 220.0)  # an octave: the estimate may err by one, a name does not
    write_tone("set/bell note12.wav", 330.0)  # the twelfth file
    dataset, rejected = built(tmp_path / "set", tmp_path)
    told = dict(zip(dataset.column("Path"), dataset.column("Pitch ID"), strict=True))
    assert told == {"bell note12.wav": "64", "bell note45.wav": "45", "bell note57.wav": "57"} and rejected == {}
    assert dict(zip(dataset.column("Path"), dataset.labelled.tolist(), strict=True)) == {
        "bell note12.wav": False, "bell note45.wav": True, "bell note57.wav": True}


def test_a_label_that_no_ear_hears_is_checked_too(write_tone, tmp_path):
    write_tone("set/good_C4.wav", midi_to_hz(60))
    write_tone("set/organ C-1.wav", midi_to_hz(48))
    assert "mislabelled: C-1 is 8.2 Hz, heard 130." in built(tmp_path / "set", tmp_path)[1]["organ C-1.wav"]


def test_labels_an_octave_off_are_said_in_one_line_and_right_ones_are_not(write_tone, tmp_path):
    for number in range(48, 54):
        write_tone(f"low/piano_{pitch_name(number - 12)}.wav", midi_to_hz(number))
        write_tone(f"right/piano_{pitch_name(number)}.wav", midi_to_hz(number))
    low, right = (NoteDataset(build_store(from_names(tmp_path / name), tmp_path, MelConfig(), n_jobs=1,
                                          progress=False)) for name in ("low", "right"))
    line = disagreement(listen_to(low, 6))
    assert line.startswith("labels disagree with the sound: 6 of 6 notes listened to sound an octave higher than their")
    assert "\n" not in line and disagreement(listen_to(right, 6)) == "" and right.labelled.all()
