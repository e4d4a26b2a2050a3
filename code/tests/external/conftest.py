"""One build of the Pure Data object per run of the tests, in the folder that ``make external`` uses, too.

Fixtures
--------
build         folder with the object, wae-render and the engine's tests, built when out of date
play          timed messages to one object in real headless Pd -> `tests.pd.Run`
models        folder with the small models of `models.py`
"""

import fcntl
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import pd
from tests.conftest import ROOT, require

from . import models as small

BUILD = ROOT / "build" / "external"


def cmake(*arguments, timeout=900):
    """Run cmake, or fail with the end of what it said."""
    done = subprocess.run(["cmake", *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        pytest.fail("cmake " + " ".join(map(str, arguments)) + "\n" + (done.stdout + done.stderr)[-4000:])


@functools.cache
def build_external(folder, *options):
    """Configure and build ``external/`` in ``folder`` once a run, one process at a time; cheap when nothing changed."""
    require(shutil.which("cmake") and shutil.which("c++"), "cmake and a C++ compiler are needed to build external/")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cmake("-S", ROOT / "external", "-B", folder, "-DCMAKE_BUILD_TYPE=Release", "-DWAE_TESTS=ON",
              f"-DPython3_EXECUTABLE={sys.executable}", *options)
        cmake("--build", folder, "--parallel", "2")
    return folder


@pytest.fixture(scope="session")
def build():
    """Folder of the built object."""
    require(pd.PD, "Pure Data is needed (apt-get install puredata-core puredata-dev)")
    if os.environ.get("WAE_BUILD"):  # a folder that is built already, by another compiler for instance
        return Path(os.environ["WAE_BUILD"])
    return build_external(BUILD)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folder with plucks.pt, chunked.pt, unpitched.pt and tone.pt."""
    folder = tmp_path_factory.mktemp("models")
    small.save(small.Plucks(), folder / "plucks.pt")
    small.save(small.Plucks(chunk=1024), folder / "chunked.pt")
    small.save(small.Unpitched(), folder / "unpitched.pt")
    small.save(small.Tone(small.RATE), folder / "tone.pt", controls=[small.FREQUENCY])
    return folder


@pytest.fixture
def play(build, tmp_path):
    """Return a function like `tests.pd.perform` that knows where the object is and fails on any complaint of Pd.

    The limiter is off, since sums are compared to sample precision; ``limit=1`` plays as users do.
    """

    def run(creation, events, seconds, quiet=True, limit=0, **options):
        done = pd.perform(f"{creation} @limit {limit}", events, seconds, tmp_path, paths=(build,), **options)
        assert done.code == 0
        if quiet:
            assert done.complaints() == []
        return done

    return run
