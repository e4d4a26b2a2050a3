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


@pytest.mark.parametrize("point, message", [
    (["inf"], "expected z1 of .* sd, got inf"), (["-inf"], "got -inf"), (["nan"], "got nan"),
    (["1e9"], "expected z1 of .* got 1e.09; --outside allows it"),
    (["0", "0", "0", "0", "300"], "expected pitch of .*300")])
def test_a_point_that_is_none_is_named_and_nothing_is_written(root, tmp_path, capsys, point, message):
    out = tmp_path / "note.wav"
    assert main.main(["render", str(root / "patch" / "generative.pt"), "--point", *point, "--out", str(out)]) == 2
    assert re.search(message, capsys.readouterr().err) and not out.exists()


def test_negative_numbers_in_any_notation_are_numbers(root, tmp_path):
    out = tmp_path / "note.wav"
    words = ["render", str(root / "patch" / "generative.pt"), "--point", "-1e-3", "-.5", "-1", "--out", str(out)]
    assert main.main(words) == 0 and out.is_file()


@pytest.mark.parametrize("option, value", [("--steps", "0"), ("--steps", "-5"), ("--steps", "1.5"), ("--seed", "-1"),
                                           ("--budget", "0"), ("--budget", "inf")])
def test_numbers_that_make_no_sense_are_refused_by_the_option(capsys, option, value):
    with pytest.raises(SystemExit) as end:
        main.main(["train", "autoencoder/wae", "--data", "nowhere", option, value])
    assert end.value.code == 2 and f"argument {option}: expected" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_refused_before_any_work(tmp_path, capsys):
    for out, message in ((tmp_path, "expected a file to write, got the folder"),):
        assert main.main(["train", "autoencoder/wae", "--data", "nowhere", "--out", str(out)]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("error, line", [
    (OSError(28, "No space left on device", "a/b.pt"), "No space left on device: a/b.pt; free some space"),
    (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "bad"), "expected text in UTF-8"),
    (EOFError("half\na file"), "half a file")])
def test_what_is_no_bug_is_one_line(monkeypatch, capsys, error, line):
    def fail(_):
        raise error

    monkeypatch.setattr(main, "_options", lambda _: main.argparse.Namespace(run=fail))
    assert main.main(["anything"]) == 2
    told = capsys.readouterr().err
    assert line in told and len(told.strip().splitlines()) == 1


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail(_):
        raise KeyError("z")

    monkeypatch.setattr(main, "_options", lambda _: main.argparse.Namespace(run=fail))
    with pytest.raises(KeyError):
        main.main(["anything"])
