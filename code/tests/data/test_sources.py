import csv
import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from latentsampler.data.build import build_store
from latentsampler.data.files import read_sound
from latentsampler.data.sources import from_folder, from_names, from_nsynth, from_table, tinysol
from latentsampler.data.store import NoteDataset
from latentsampler.data.table import COLUMNS, read_table, write_table
from latentsampler.sound.audio import MelConfig

from .conftest import tone


def built(source, tmp_path):
    return NoteDataset(build_store(source, tmp_path / "stores", MelConfig(), n_jobs=1, progress=False))


def reasons(dataset):
    return {row["path"]: row["reason"] for row in read_table(dataset.path / "rejected.csv")}


def test_a_tinysol_download_works_unchanged(shared, tmp_path):
    dataset = built(from_folder(shared / "data/sol/TinySOL"), tmp_path)
    table = list(read_table(shared / "data/sol/TinySOL/annotation/TinySOL_metadata.csv"))
    assert [{name: row[name] for name in COLUMNS} for row in dataset.rows] == table
    assert dataset.pitch.tolist() == [45.0, 60.0]


def test_mirdata_loads_the_same_notes_and_finds_damaged_ones(shared, tmp_path, monkeypatch):
    import mirdata
    from mirdata.core import Index

    home = shared / "data/sol/TinySOL"
    tracks = {}  # mirdata downloads its index of all 2,913; without network, one of the two notes that are here
    for path in sorted(home.glob("audio/*/*/*/*.wav")):
        tracks[path.stem] = {"audio": [path.relative_to(home).as_posix(), hashlib.md5(path.read_bytes()).hexdigest()]}
    metadata = hashlib.md5((home / "annotation/TinySOL_metadata.csv").read_bytes()).hexdigest()
    (tmp_path / "index.json").write_text(json.dumps({"version": "6.0", "tracks": tracks, "metadata": {
        "TinySOL_metadata": ["annotation/TinySOL_metadata.csv", metadata]}}))
    monkeypatch.setattr("mirdata.datasets.tinysol.INDEXES", {
        "default": "local", "test": "local", "local": Index(filename=str(tmp_path / "index.json"))})
    rows, rejected = tinysol(home, download=False).notes()
    assert len(rows) == 2 and rejected == []
    for row, track in zip(rows, mirdata.initialize("tinysol", str(home)).load_tracks().values(), strict=True):
        assert (row["Pitch"], int(row["Pitch ID"]), row["Dynamics"], row["Instrument (in full)"]) == (
            track.pitch, track.pitch_id, track.dynamics, track.instrument_full)
    (tmp_path / "audio/Winds/Flute/ordinario").mkdir(parents=True)
    (tmp_path / "annotation").mkdir()
    damaged = tmp_path / "audio/Winds/Flute/ordinario/Fl-ord-C4-mf-N-T14d.wav"
    soundfile.write(damaged, tone(261.6), 44100)
    (tmp_path / "annotation/TinySOL_metadata.csv").write_bytes(
        (home / "annotation/TinySOL_metadata.csv").read_bytes())
    rows, rejected = tinysol(tmp_path, download=False).notes()
    assert len(rows) == 0 and {row["path"].rpartition("/")[2]: row["reason"].split(":")[0] for row in rejected} == {
        "Fl-ord-C4-mf-N-T14d.wav": "damaged", "Cb-ord-A2-mf-2c-N.wav": "missing",
        "index.json": "no sound by its ending"}


def test_orchideasols_table_is_mapped_onto_tinysols_columns(shared, tmp_path):
    with open(shared / "data/sol/OrchideaSOL_metadata.csv", newline="") as file:
        lines = [line for line in csv.DictReader(file)][:3000:500]
    folder = tmp_path / "OrchideaSOL2020"
    for line in lines:
        (folder / line["Path"]).parent.mkdir(parents=True, exist_ok=True)
        pitch = line["Pitch ID (if applicable)"]
        soundfile.write(folder / line["Path"], tone(440 * 2 ** ((float(pitch or 69) - 69) / 12), rate=44100), 44100)
    write_table(tmp_path / "OrchideaSOL_metadata.csv", lines, list(lines[0]))
    dataset = built(from_folder(tmp_path), tmp_path)
    assert len(dataset) == len(lines) and dataset.rows.columns[:14] == COLUMNS
    assert dataset.column("Pitch ID") == [line["Pitch ID (if applicable)"].removesuffix(".0") for line in lines]
    assert dataset.column("Needed digital retuning") == [line["Needed digital retuning"] for line in lines]


def test_the_toy_set_keeps_its_ground_truth_columns(root, tmp_path):
    script = root / "toy" / "make_toy.py"
    subprocess.run([sys.executable, str(script), "--out", str(tmp_path / "toy"), "--small"], check=True,
                   capture_output=True)
    dataset = built(from_folder(tmp_path / "toy"), tmp_path)
    table = list(read_table(tmp_path / "toy" / "notes.csv"))
    assert reasons(dataset) == {} and len(dataset) == len(table) >= 120
    for name in ("f0_hz", "attack_ms", "inharmonicity", "vibrato_cents"):
        assert dataset.column(name) == [line[name] for line in table]
    assert bool(dataset.pitch.isnan().any()) and not bool(dataset.pitch.isnan().all())


def test_nsynth_json_wav_is_read(tmp_path):
    (tmp_path / "audio").mkdir()
    entry = {"pitch": 60, "velocity": 75, "instrument_str": "flute_acoustic_002", "instrument_family_str": "flute",
             "instrument_source_str": "acoustic", "qualities_str": ["bright"], "sample_rate": 16000}
    (tmp_path / "examples.json").write_text(json.dumps({"flute_acoustic_002-060-075": entry}))
    soundfile.write(tmp_path / "audio/flute_acoustic_002-060-075.wav", tone(261.6, rate=16000), 16000)
    soundfile.write(tmp_path / "audio/stray.wav", tone(261.6, rate=16000), 16000)
    dataset = built(from_folder(tmp_path), tmp_path)
    row = dataset.rows[0]
    assert (row["Pitch"], row["Dynamics"], row["Family"], row["Velocity"], row["Qualities"]) == (
        "C4", "mf", "flute", "75", "bright")
    assert reasons(dataset) == {"stray.wav": "not in the table"}


def test_every_bad_file_is_listed_with_its_reason_and_the_build_goes_on(write_tone, tmp_path):
    write_tone("set/good-A4.wav", 440.0)
    write_tone("set/silent-A4.wav", level=0.0)
    write_tone("set/short-A4.wav", seconds=0.02)
    write_tone("set/wrong-E4.wav", 440.0)  # sounds like A4
    (tmp_path / "set/broken-A4.wav").write_bytes(b"RIFF....WAVE")
    soundfile.write(tmp_path / "set/nan-A4.wav", np.where(np.arange(9000) == 50, np.nan, 0.1), 22050, "FLOAT")
    soundfile.write(tmp_path / "set/clipped-A4.wav", np.clip(4 * tone(440.0), -1, 1), 22050)
    dataset = built(from_names(tmp_path / "set"), tmp_path)
    assert dataset.column("Path") == ["good-A4.wav"]
    told = {path.split("-")[0]: reason for path, reason in reasons(dataset).items()}
    assert {name: reason.split(":")[0] for name, reason in told.items()} == {
        "silent": "silent", "short": "too short", "wrong": "mislabelled", "broken": "unreadable", "nan": "NaN",
        "clipped": "clipped"}
    assert "heard 440." in told["wrong"]


def test_only_ordinary_notes_are_rejected_for_their_pitch(write_tone, tmp_path):
    write_tone("set/Vn-ord-E4-mf.wav", 440.0)
    write_tone("set/Vn-pizz_bartok-E4-mf.wav", 440.0)
    assert built(from_names(tmp_path / "set"), tmp_path).column("Path") == ["Vn-pizz_bartok-E4-mf.wav"]


def test_a_table_that_contradicts_itself_its_names_or_its_folder_is_told(write_tone, tmp_path):
    lines = []
    for name, pitch, number, dynamics in (
            ("Fl-ord-A4-mf.wav", "A4", "69", "mf"), ("Fl-ord-A4-pp.wav", "A4", "70", "pp"),
            ("Fl-ord-A4-ff.wav", "A4", "69", "mf"), ("Fl-ord-B4-ff.wav", "H4", "", "ff"),
            ("Fl-ord-C5-mf.wav", "C5", "72", "mf")):
        write_tone(f"set/{name}", 440.0) if name[7] != "C" else None
        lines.append({"Path": name, "Pitch": pitch, "Pitch ID": number, "Dynamics": dynamics})
    lines.append(lines[0])
    write_tone("set/extra.wav")
    write_table(tmp_path / "set" / "my.csv", lines, list(lines[0]))
    dataset = built(from_folder(tmp_path / "set"), tmp_path)
    assert dataset.column("Path") == ["Fl-ord-A4-mf.wav"]
    told = [(row["path"], row["reason"]) for row in read_table(dataset.path / "rejected.csv")]
    assert sorted(told) == [
        ("Fl-ord-A4-ff.wav", "mislabelled: Dynamics is mf in the table and ff in the name"),
        ("Fl-ord-A4-mf.wav", "mislabelled: in the table twice"),
        ("Fl-ord-A4-pp.wav", "mislabelled: pitch A4 is not pitch ID 70"),
        ("Fl-ord-B4-ff.wav", "mislabelled: expected a pitch name such as C4 or A#0, got 'H4'"),
        ("Fl-ord-C5-mf.wav", "missing: in the table only"), ("extra.wav", "not in the table")]


def test_a_table_with_other_column_names_is_understood(write_tone, tmp_path):
    write_tone("set/x1.flac", 440.0)
    (tmp_path / "set" / "labels.csv").write_text("File,Instrument,midi,Dynamic,mood\nx1.flac,Kazoo,69,mf,sad\n")
    row = built(from_table(tmp_path / "set"), tmp_path).rows[0]
    assert (row["Instrument (in full)"], row["Instrument (abbr.)"], row["Pitch"], row["Dynamics ID"], row["mood"]) == (
        "Kazoo", "Kazoo", "A4", "2", "sad")


def test_a_pitch_that_no_one_tells_is_estimated_and_marked(write_tone, tmp_path):
    write_tone("set/kalimba/one.wav", 440.0)
    soundfile.write(tmp_path / "set/kalimba/noise.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 22050), 22050)
    rows = {row["Path"]: row for row in built(from_folder(tmp_path / "set"), tmp_path).rows}
    one, noise = rows["kalimba/one.wav"], rows["kalimba/noise.wav"]
    assert (one["Pitch"], one["Pitch source"], one["Instrument (in full)"], one["Instrument source"]) == (
        "A4", "estimate", "kalimba", "folder")
    assert (noise["Pitch"], noise["Pitch ID"], noise["Pitch source"]) == ("", "", "estimate")


def test_stereo_files_of_other_rates_and_formats_become_mono_at_the_asked_rate(tmp_path):
    for name, rate in (("a.aiff", 48000), ("b.flac", 96000), ("c.wav", 8000)):
        sound = tone(440.0, rate=rate)
        soundfile.write(tmp_path / name, np.stack([sound, 0.5 * sound], axis=1), rate)
        read = read_sound(tmp_path / name, 22050, 1.0)
        assert read.shape == (22050,) and abs(np.abs(read).max() - 0.375) < 0.03


def test_what_librosa_loads_is_what_is_read(shared):
    import librosa

    path = shared / "data/sol/TinySOL/audio/Winds/Flute/ordinario/Fl-ord-C4-mf-N-T14d.wav"
    assert np.abs(read_sound(path, 22050, 100.0) - librosa.load(path, sr=22050)[0]).max() < 1e-6


def test_a_note_after_a_long_silence_is_read_to_its_end(write_tone, tmp_path):
    soundfile.write(tmp_path / "late-A4.wav", np.pad(tone(440.0, seconds=1.5), (int(1.7 * 22050), 0)), 22050)
    dataset = built(from_names(tmp_path), tmp_path)
    assert abs(float(dataset.column("Onset (s)")[0]) - 1.72) < 0.01
    assert np.abs(dataset.waveforms[0, 30000:]).max() > 100


@pytest.mark.parametrize("maker", [from_table, from_names, from_nsynth, from_folder])
def test_a_folder_that_is_not_there_is_said_by_name(maker, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        maker(tmp_path / "nowhere")


def test_a_table_without_a_column_of_files_is_refused_by_name(write_tone, tmp_path):
    write_tone("set/a.wav")
    (tmp_path / "set" / "labels.csv").write_text("pitch,mood\n60,sad\n")
    with pytest.raises(ValueError, match="expected a column Path"):
        from_table(tmp_path / "set", tmp_path / "set" / "labels.csv")
    with pytest.raises(FileNotFoundError, match="labels.csv: expected a column Path"):
        from_table(tmp_path / "set")
