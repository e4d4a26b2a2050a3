"""Claims about the command line: it works, and a user's mistake is one line, not a traceback."""

import re
import subprocess

import main
import numpy as np
import pytest
import soundfile

ROOT_SCRIPT = "code/main.py"


@pytest.fixture(scope="module")
def run(root, python):
    """A function that runs ``code/main.py`` and returns the finished process."""
    def call(*arguments, cwd=root):
        return subprocess.run([python, str(root / ROOT_SCRIPT), *map(str, arguments)], cwd=cwd, capture_output=True,
                              text=True, timeout=300)
    return call


@pytest.mark.parametrize(("arguments", "message"), [
    (["train", "autoencoder/wae", "--data", "nowhere"], "expected a store .* at nowhere, found none"),
    (["train", "autoencoder/wea", "--data", "nowhere"], "expected a run of autoencoder \\(wae, demo"),
    (["train", "vocoder/x", "--data", "nowhere"], "expected a run of vocoder \\(harmonic"),
    (["train", "autoencoder/wae", "--data", "nowhere", "--record", "--steps", "3"], "--steps changes the run"),
    (["export", "--model", "m.pt", "--vocoder", "v.pt"], "expected a TorchScript file, found none at m.pt"),
    (["render", "g.pt"], "expected a TorchScript file, found none at g.pt"),
    (["dataset", "build", "--source", "nothing", "--out", "o"], "expected soundfont, toy, .*got 'nothing'"),
    (["dataset", "check", "nowhere"], "expected a store"),
])
def test_a_mistake_is_one_line_that_says_what_was_expected(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main.main(arguments) == 2
    told = capsys.readouterr().err
    assert re.search(message, told), told
    assert len(told.strip().splitlines()) == 1 and not list(tmp_path.iterdir())


def test_a_mistake_in_a_shell_is_one_line_too(run, tmp_path):
    done = run("render", "g.pt", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def made(run, small_notes, tmp_path_factory):
    """A folder with model.pt, vocoder.pt, g.pt and its map, each made by its command."""
    folder = tmp_path_factory.mktemp("made")
    model, vocoder, instrument = (folder / name for name in ("model.pt", "vocoder.pt", "g.pt"))
    store = small_notes.path
    for arguments in (["train", "autoencoder/demo", "--data", store, "--steps", 4, "--out", model],
                      ["train", "vocoder/demo-harmonic", "--data", store, "--model", model, "--steps", 1, "--out",
                       vocoder],
                      ["export", "--model", model, "--vocoder", vocoder, "--data", store, "--out", instrument]):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
    return folder


def test_train_export_and_render_from_a_store_to_a_wav(run, made, small_notes, tmp_path):
    done = run("render", made / "g.pt", "--point", 0.5, -0.5, 0, 0, 57, "--out", tmp_path / "x.wav")
    assert done.returncode == 0, done.stderr
    sound, rate = soundfile.read(tmp_path / "x.wav")
    assert rate == 22050 and len(sound) == 32768 and np.abs(sound).max() > 1e-3
    assert len((made / "g.map.txt").read_text().splitlines()) == len(small_notes)


def test_too_many_coordinates_are_named(made, capsys):
    assert main.main(["render", str(made / "g.pt"), "--point", *"123456"]) == 2
    assert "at most 5 values (z1, z2, z3, z4, pitch), got 6" in capsys.readouterr().err
