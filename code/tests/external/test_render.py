"""Claims about wae-render, the player without Pure Data: equal to Python, plain about what is wrong."""

import re
import subprocess

import numpy as np
import pytest
import soundfile

from tests import rounding

from . import bad
from . import models as small
from .test_play import waveform


def wae_render(build, *words):
    """Run the program; the finished process."""
    return subprocess.run([build / "wae-render", *map(str, words)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["plucks.pt", "chunked.pt"])
def test_a_point_equals_python(build, models, tmp_path, name):
    done = wae_render(build, models / name, "--point", -1, 0.5, 2, 0, 64, "--out", tmp_path / "x.wav")
    assert done.returncode == 0, done.stderr
    sound, rate = soundfile.read(tmp_path / "x.wav", dtype="float32")
    assert rate == small.RATE
    assert np.abs(sound - waveform(models / name, [-1, 0.5, 2, 0, 64])).max() <= small.ROUNDING


def test_missing_values_are_the_defaults(build, models, tmp_path):
    assert wae_render(build, models / "plucks.pt", "--point", 1, "--out", tmp_path / "x.wav").returncode == 0
    sound, _ = soundfile.read(tmp_path / "x.wav", dtype="float32")
    assert np.abs(sound - waveform(models / "plucks.pt", [1])).max() <= small.ROUNDING


def test_the_large_model_equals_python(build, tmp_path):
    path = small.save(small.Large(), tmp_path / "large.pt")
    assert wae_render(build, path, "--point", 1, 0, -1, 0, 70, "--out", tmp_path / "x.wav").returncode == 0
    sound, _ = soundfile.read(tmp_path / "x.wav", dtype="float32")
    allowed = rounding.bound(lambda: waveform(path, [1, 0, -1, 0, 70]))
    assert np.abs(sound - waveform(path, [1, 0, -1, 0, 70])).max() <= allowed < 1e-4


def test_metadata_is_printed(build, models):
    said = wae_render(build, models / "plucks.pt").stdout
    assert all(word in said for word in ("22050", "8192", "pitch", "36", "84", "60", "z1"))


@pytest.mark.parametrize("words, pattern", [
    ([], "expected a model"),
    (["{m}/nowhere.pt"], "no such file"),
    (["{m}/plucks.pt", "--point", "a", "--out", "{t}/x.wav"], "expected a number, got a"),
    (["{m}/plucks.pt", "--point", "1 2 3 4 5 6", "--out", "{t}/x.wav"], "expected"),
    (["{m}/plucks.pt", "--point", "1"], "--point and --out"),
    (["{m}/plucks.pt", "--point", "1", "--out", "{t}/no/x.wav"], "cannot write"),
])
def test_a_wrong_command_ends_with_a_sentence_and_no_trace(build, models, tmp_path, words, pattern):
    given = [part for word in words for part in word.format(m=models, t=tmp_path).split()]
    done = wae_render(build, *given)
    assert done.returncode in (1, 2)
    assert pattern in done.stderr
    assert "terminate" not in done.stderr


def test_bad_models_end_with_the_same_names(build, models, tmp_path):
    troubles = bad.write_bad(tmp_path, models / "plucks.pt")
    for name in ("empty", "truncated", "other-zip", "version", "throws", "nan", "no-metadata"):
        path, pattern = troubles[name]
        done = wae_render(build, path)
        assert done.returncode == 1, name
        assert re.match(rf"wae-render: .*({pattern})", done.stderr), done.stderr
