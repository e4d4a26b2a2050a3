import argparse

import numpy as np
import pytest
from latentsampler.data.cli import add_parser, open_source


def command(*words):
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    options = parser.parse_args(["dataset", *map(str, words)])
    return options.run(options)


def test_build_list_check_and_show_a_folder_of_sounds(write_tone, tmp_path, capsys):
    for name, hz in (("Fl-ord-A4-mf.wav", 440.0), ("Fl-ord-E5-pp.wav", 659.3), ("Ob-ord-A3-ff.wav", 220.0)):
        write_tone(f"set/{name}", hz, seconds=1.2)
    (tmp_path / "set" / "broken.wav").write_bytes(b"")
    assert not command("build", "--source", tmp_path / "set", "--out", tmp_path / "out", "--jobs", 1)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("3 notes, 1 rejected") and told[1].startswith(str(tmp_path / "out"))
    command("list", tmp_path / "out")
    assert "folder: 3 notes, 1 rejected, mel 256 x 128 at 22050 Hz" in capsys.readouterr().out
    assert command("check", told[1]) == 0
    assert "pitch: 0 of 3 labelled notes" in capsys.readouterr().out
    command("show", told[1], "--out", tmp_path / "figures")
    assert "Instrument (in full): Flute 2, Oboe 1" in capsys.readouterr().out
    assert all((tmp_path / "figures" / name).stat().st_size > 10000 for name in ("mels.png", "map.png"))


def test_check_finds_one_changed_sample(write_tone, tmp_path, capsys):
    write_tone("set/Fl-ord-A4-mf.wav", 440.0)
    command("build", "--source", tmp_path / "set", "--out", tmp_path / "out", "--jobs", 1)
    store = capsys.readouterr().out.splitlines()[-1]
    waveforms = np.load(f"{store}/waveforms.npy")
    waveforms[0, 5000] += 1
    np.save(f"{store}/waveforms.npy", waveforms)
    assert command("check", store) == 1
    assert "checksum: CHANGED" in capsys.readouterr().out


def test_a_source_that_is_nothing_is_said_with_what_it_may_be(tmp_path):
    with pytest.raises(FileNotFoundError, match="soundfont, toy, tinysol, a .sf2 file, a folder or a table"):
        open_source("viola", tmp_path)
