"""Claims about the object inside another program: libpd in Python, numpy audio in and out, MIDI notes."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import require

from . import models as small
from .test_play import RATE, pluck


@pytest.fixture(scope="module")
def heard(build, models, tmp_path_factory):
    """What in_process.py recorded."""
    require(find_spec("cypd"), "the package cypd (libpd for Python) is needed")
    target = tmp_path_factory.mktemp("libpd") / "heard.npz"
    script = Path(__file__).with_name("in_process.py")
    done = subprocess.run([sys.executable, script, build, models / "plucks.pt", target], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return np.load(target)


def test_audio_passes_through_the_patch_unchanged(heard):
    np.testing.assert_allclose(heard["through"], np.sin(np.arange(640) / 10), atol=1e-6)


def test_a_list_sounds_from_the_next_sample_on_and_equals_python(heard, models):
    note = pluck(models, -1, 0.5, 2, 0, 64)
    np.testing.assert_allclose(heard["by_list"][: len(note)], note, atol=small.ROUNDING)
    assert not heard["by_list"][len(note) :].any()


def test_a_midi_note_sounds_by_its_velocity_until_its_note_off(heard, models):
    note = 100 / 127 * pluck(models, 0, 0, -3, 0, 67)
    n = len(heard["held"])
    np.testing.assert_allclose(heard["held"], note[:n], atol=small.ROUNDING)
    fade = round(0.02 * RATE)  # the object's default
    assert np.abs(heard["released"][: fade // 2]).max() > 0.1
    assert not heard["released"][fade + 64 :].any()


def test_status_messages_arrive_in_order(heard):
    assert list(heard["said"]) == ["loaded"] + 3 * ["ready", "done"]
