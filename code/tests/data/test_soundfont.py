import subprocess
import sys

import numpy as np
import pytest
from latentsampler.data.fields import RejectedError
from latentsampler.data.names import parse_sol
from latentsampler.data.soundfont import INSTRUMENTS, SoundFontSource, dynamics_of, find_soundfont
from latentsampler.sound.pitch import cents, estimate_f0, midi_to_hz


@pytest.fixture(scope="module")
def source(soundfont):
    return SoundFontSource(soundfont)


def test_a_note_is_the_same_bits_whatever_was_rendered_before_it(source, soundfont):
    rows = source.notes()[0]
    first = source.read(rows[700], 22050, 1.0)
    for index in (3, 1500, 900):
        source.read(rows[index], 22050, 0.3)
    again = source.read(rows[700], 22050, 1.0)
    fresh = subprocess.run([sys.executable, "-c", "import sys, numpy as np\n"
                            "from latentsampler.data.soundfont import SoundFontSource\n"
                            "s = SoundFontSource(sys.argv[1])\n"
                            "sys.stdout.buffer.write(s.read(s.notes()[0][700], 22050, 1.0).tobytes())",
                            str(soundfont)], capture_output=True, check=True).stdout
    assert first.tobytes() == again.tobytes() == fresh


def test_pitch_ranges_are_those_of_tinysol(shared):
    found = {}
    for line in open(shared / "data/sol/tinysol_paths.txt"):
        row = parse_sol(line.strip())
        found.setdefault(row["Instrument (abbr.)"], []).append(int(row["Pitch ID"]))
    assert {i.abbreviation: (i.low, i.high) for i in INSTRUMENTS} == {
        name: (min(keys), max(keys)) for name, keys in found.items()}


def test_notes_sound_at_their_labelled_pitch_within_50_cents(dataset):
    chosen = [index for index, row in enumerate(dataset.rows) if row["Dynamics"] == "mf"][::8]
    away = [abs(cents(estimate_f0(dataset.waveform(k).numpy(), 22050), midi_to_hz(dataset.pitch[k].item())))
            for k in chosen]
    assert len(chosen) >= 9 and np.mean(np.array(away) < 50.0) >= 0.85


def test_silent_keys_are_dropped_listed_and_counted(dataset):
    table = (dataset.path / "rejected.csv").read_text().splitlines()
    assert dataset.info["rejected"] == len(table) - 1 == len(SoundFontSource(step=7).notes()[0]) - len(dataset) > 0
    assert all(line.split(",")[1].startswith("silent") for line in table[1:])


def test_names_are_sols_and_say_what_the_row_says(source):
    for row in source.notes()[0][::50]:
        said = parse_sol(row["Path"])
        assert all(said[name] == row[name] for name in ("Pitch ID", "Dynamics", "Family", "Instrument (in full)"))


def test_folds_never_divide_a_recording(source):
    folds = {}
    for row in source.notes()[0]:
        folds.setdefault(row["Recording"], set()).add(row["Fold"])
    assert all(len(fold) == 1 for fold in folds.values())


def test_velocities_50_80_110_are_pp_mf_ff_and_equal_dynamics_are_refused(soundfont):
    assert [dynamics_of(v) for v in (50, 65, 80, 95, 110)] == ["pp", "p", "mf", "f", "ff"]
    with pytest.raises(ValueError, match="distinct dynamics"):
        SoundFontSource(soundfont, velocities=(78, 80))


def test_a_program_that_the_soundfont_lacks_is_rejected_not_fatal(source):
    from dataclasses import replace

    lacking = SoundFontSource(source.path, instruments=[replace(INSTRUMENTS[0], program=127)])
    row = lacking.notes()[0][0]
    lacking.instruments = [replace(INSTRUMENTS[0], program=200)]
    with pytest.raises(RejectedError, match="no program 200"):
        lacking.read(row, 22050, 0.2)


def test_a_missing_soundfont_is_said_with_the_cure(monkeypatch, tmp_path):
    monkeypatch.setenv("SOUNDFONT", str(tmp_path / "none.sf2"))
    with pytest.raises(FileNotFoundError, match="fluid-soundfont-gm"):
        find_soundfont()
