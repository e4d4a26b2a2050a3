"""Claims about the command line: it works, and a user's mistake is one line, not a traceback."""

import subprocess

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
def test_a_mistake_is_one_line_that_says_what_was_expected(run, arguments, message, tmp_path):
    import re

    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert re.search(message, done.stderr), done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and not list(tmp_path.iterdir())


def test_train_export_and_render_from_a_store_to_a_wav(run, small_notes, tmp_path):
    store, model, vocoder = small_notes.path, tmp_path / "model.pt", tmp_path / "vocoder.pt"
    for arguments in (["train", "autoencoder/demo", "--data", store, "--steps", 4, "--out", model],
                      ["train", "vocoder/demo-harmonic", "--data", store, "--model", model, "--steps", 1, "--out",
                       vocoder],
                      ["export", "--model", model, "--vocoder", vocoder, "--data", store, "--out", tmp_path / "g.pt"],
                      ["render", tmp_path / "g.pt", "--point", 0.5, -0.5, 0, 0, 57, "--out", tmp_path / "x.wav"]):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
    sound, rate = soundfile.read(tmp_path / "x.wav")
    assert rate == 22050 and len(sound) == 32768 and np.abs(sound).max() > 1e-3
    assert len((tmp_path / "g.map.txt").read_text().splitlines()) == len(small_notes)


def test_too_many_coordinates_are_named(run, small_notes, tmp_path):
    store, model, vocoder = small_notes.path, tmp_path / "model.pt", tmp_path / "vocoder.pt"
    run("train", "autoencoder/demo", "--data", store, "--steps", 1, "--out", model)
    run("train", "vocoder/demo-mcnn", "--data", store, "--steps", 1, "--out", vocoder)
    run("export", "--model", model, "--vocoder", vocoder, "--out", tmp_path / "g.pt")
    done = run("render", tmp_path / "g.pt", "--point", 1, 2, 3, 4, 5, 6)
    assert done.returncode == 2 and "at most 5 values (z1, z2, z3, z4, pitch), got 6" in done.stderr
