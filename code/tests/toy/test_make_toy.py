"""The command: what it writes, that it writes the same again, and what it says when it cannot."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from tests.conftest import ROOT


def files_of(folder):
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_with_one_or_more_processes_and_from_another_folder(
        small, make_toy, tmp_path):
    done = make_toy("--out", "again", "--small", "--jobs", 3, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert files_of(tmp_path / "again") == files_of(small)


def test_another_seed_gives_other_sounds_under_the_same_names(small, make_toy, tmp_path):
    assert make_toy("--out", tmp_path / "other", "--small", "--seed", 7).returncode == 0
    one, other = files_of(small), files_of(tmp_path / "other")
    assert one.keys() == other.keys()
    assert not set(one.values()) & set(other.values())


def test_flac_holds_the_same_samples_and_names_the_same_checksums(small, make_toy, rows, tmp_path):
    assert make_toy("--out", tmp_path / "flac", "--small", "--format", "flac").returncode == 0
    for wav, flac in zip(rows(small), rows(tmp_path / "flac"), strict=True):
        assert flac["Path"] == wav["Path"].removesuffix("wav") + "flac"
        assert flac["sha256"] == wav["sha256"]
        assert np.array_equal(soundfile.read(small / wav["Path"], dtype="int16")[0],
                              soundfile.read(tmp_path / "flac" / flac["Path"], dtype="int16")[0])


def test_every_file_is_mono_16_bit_22050_hz_32768_samples_and_matches_its_checksum(small, rows):
    for row in rows(small):
        about = soundfile.info(small / row["Path"])
        assert (about.samplerate, about.frames, about.channels, about.subtype) == (22050, 32768, 1, "PCM_16")
        assert hashlib.sha256((small / row["Path"]).read_bytes()).hexdigest() == row["sha256"]


def test_the_default_kind_may_be_named_and_gives_the_same_bytes(small, make_toy, tmp_path):
    done = make_toy("notes", "--out", tmp_path / "named", "--small", "--jobs", 1)
    assert done.returncode == 0 and done.stdout.startswith("make_toy: 144 notes and notes.csv in "), done.stderr
    assert files_of(tmp_path / "named") == files_of(small)


@pytest.mark.parametrize("word", ["note", "kinds", "../notes", "__init__"])
def test_an_unknown_kind_is_one_line_that_lists_those_there_are(make_toy, tmp_path, word):
    done = make_toy(word, "--out", tmp_path / "new")
    assert done.returncode != 0 and len(done.stderr.splitlines()) == 1 and not (tmp_path / "new").exists()
    assert "notes" in done.stderr.split("one of")[1].split(";")[0] and repr(word) in done.stderr


def test_a_kind_is_a_file_and_every_kind_says_its_options(tmp_path):
    toy = shutil.copytree(ROOT / "toy", tmp_path / "toy", ignore=shutil.ignore_patterns("data", "__pycache__"))
    (toy / "toyset" / "kinds" / "dice.py").write_text(
        '"""Throws of dice."""\n'
        'def add_arguments(parser):\n    parser.add_argument("--sides", type=int, default=6)\n'
        'def make(options):\n    (options.out / "n").write_text(f"{options.sides} {options.seed}")\n'
        '    return "one die"\n')
    run = [sys.executable, str(toy / "make_toy.py"), "dice"]
    done = subprocess.run([*run, "--out", str(tmp_path / "out"), "--sides", "8", "--seed", "3"], capture_output=True,
                          text=True)
    assert done.stdout == f"make_toy: one die in {tmp_path / 'out'}\n", done.stderr
    assert (tmp_path / "out" / "n").read_text() == "8 3"
    said = subprocess.run([*run, "--help"], capture_output=True, text=True).stdout
    assert "Throws of dice." in said and "--sides" in said and re.search(r"KIND: [a-z, ]*dice, [a-z, ]*notes", said)


@pytest.mark.parametrize(("arguments", "complaint"), [
    (["--seed", "-1"], "--seed: expected a whole number of at least 0, got -1"),
    (["--seed", "one"], "invalid int value: 'one'"),
    (["--jobs", "0"], "--jobs: expected at least 1, got 0"),
    (["--format", "mp3"], "invalid choice: 'mp3'"),
    (["--with", "supercollider"], "invalid choice: 'supercollider'")])
def test_a_wrong_argument_is_named_without_a_traceback(make_toy, tmp_path, arguments, complaint):
    done = make_toy("--out", tmp_path / "new", *arguments)
    assert done.returncode == 2 and complaint in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_folder_with_files_is_left_alone(make_toy, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    done = make_toy("--out", tmp_path)
    assert done.returncode == 1 and "expected a new or empty folder" in done.stderr
    assert "Traceback" not in done.stderr and [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_made_is_named_without_a_traceback(make_toy, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        done = make_toy("--out", out)
        assert done.returncode == 1 and str(out) in done.stderr and "Traceback" not in done.stderr


def test_a_missing_program_is_named_and_its_instrument_left_out(small, make_toy, rows, tmp_path):
    empty = {**os.environ, "PATH": str(tmp_path)}
    done = make_toy("--out", tmp_path / "new", "--small", "--with", "csound", "--with", "pd", env=empty)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    for name, package in (("csound", "csound"), ("pd", "puredata-core")):
        assert f"--with {name}: no program {name} on the PATH" in done.stderr
        assert f"apt-get install {package}" in done.stderr
    assert rows(tmp_path / "new") == rows(small)


@pytest.mark.long
def test_a_full_disk_ends_with_a_message(make_toy, tmp_path):
    if not shutil.which("bash"):
        pytest.skip("expected bash for its ulimit, found none")
    script = f"ulimit -f 40; exec {sys.executable} {ROOT}/toy/make_toy.py --small --jobs 1 --out {tmp_path}/new"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "cannot write" in done.stderr


@pytest.mark.long
def test_the_whole_set_is_made_in_60_seconds(make_toy, tmp_path):
    start = time.monotonic()
    assert make_toy("--out", tmp_path / "whole", "--jobs", 2).returncode == 0
    assert time.monotonic() - start <= 60.0
