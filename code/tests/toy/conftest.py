"""The toy set as its command makes it, and its modules on the path."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "toy"))

from toyset.files import read_table  # noqa: E402


@pytest.fixture(scope="session")
def make_toy(python):
    """Run the command with arguments; return the completed process."""
    def run(*arguments, **options):
        return subprocess.run([python, str(ROOT / "toy" / "make_toy.py"), *map(str, arguments)],
                              capture_output=True, text=True, **options)
    return run


@pytest.fixture(scope="session")
def small(make_toy, tmp_path_factory):
    """Folder of the balanced sample, made in one process."""
    folder = tmp_path_factory.mktemp("toy") / "small"
    done = make_toy("--out", folder, "--small", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def whole(make_toy, tmp_path_factory):
    """Folder of the whole set, made in two processes."""
    folder = tmp_path_factory.mktemp("toy") / "whole"
    done = make_toy("--out", folder, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def rows():
    """Rows of a folder's table."""
    return lambda folder: read_table(folder / "notes.csv")


@pytest.fixture(scope="session")
def sound():
    """Samples of a note, float64 in [-1, 1]."""
    def read(folder, row):
        samples, rate = soundfile.read(folder / row["Path"], dtype="int16")
        assert rate == 22050
        return samples.astype(np.float64) / 32768.0
    return read
