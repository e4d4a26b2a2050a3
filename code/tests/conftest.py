"""What every test shares: where the reference data is, and when a missing part is a failure instead of a skip."""

import fcntl
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
import torch
from latentsampler.data.build import build_store
from latentsampler.data.sources import from_table
from latentsampler.data.store import NoteDataset
from latentsampler.sound.audio import MelConfig

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "code" / "tests"
SHARED = ROOT.parent / "shared"
GUARDS = ("test_layout.py", "test_main.py", "ci/test_documents.py", "experiments/test_chapters.py",  # with --chapter
          "experiments/test_every_chapter.py")


def pytest_addoption(parser):
    """Add ``--chapter``."""
    parser.addoption("--chapter", metavar="NAME", help="run the tests of chapters/NAME and the guards of all chapters")


def pytest_configure(config):
    """Refuse a chapter that there is not."""
    name, there = config.getoption("--chapter"), sorted(p.parent.name for p in TESTS.glob("chapters/*/__init__.py"))
    if name and name not in there:
        raise pytest.UsageError(f"expected a chapter with tests, got {name}; there are: {', '.join(there)}")


def pytest_ignore_collect(collection_path, config):
    """With ``--chapter``, leave other files out before they are imported."""
    name = config.getoption("--chapter")
    if not name:
        return None
    wanted = [TESTS / "chapters" / name, *(TESTS / guard for guard in GUARDS)]
    kept = any(collection_path.is_relative_to(path) or path.is_relative_to(collection_path) for path in wanted)
    return None if kept else True


def pytest_sessionfinish(session):
    """A chapter need not have tests of every kind."""
    if session.config.getoption("--chapter") and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def require(condition, reason):
    """Skip with ``reason`` unless ``condition`` holds; with REQUIRE_ALL=1 a missing part is a failure."""
    if condition:
        return
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"REQUIRE_ALL=1, but {reason}")
    pytest.skip(reason)


@contextmanager
def dask_cluster(**options):
    """Run two Dask workers on this computer; what Dask sets in the environment ends with them.

    Its ``MALLOC_TRIM_THRESHOLD_`` lets every program started afterwards give back and fetch again its memory at each
    call: a second of sound in Pure Data then takes 33 ms of a core and not 19.
    """
    from distributed import LocalCluster

    with mock.patch.dict(os.environ), LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None,
                                                   **options) as workers:
        yield workers


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or 1))  # 2: do results depend on it?


@pytest.fixture(scope="session")
def root():
    """Path of the repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def shared():
    """Path of the folder with reference values and real pieces of data, beside the repository."""
    require(SHARED.is_dir(), f"reference data expected in {SHARED.name}/ beside the repository, found none")
    return SHARED


@pytest.fixture(scope="session")
def python():
    """Path of the interpreter that runs the tests, for tests of commands."""
    return sys.executable


@pytest.fixture(scope="session")
def small_notes(tmp_path_factory, python):
    """A dataset of 144 toy notes, as the real commands make it: one for all workers, who only read it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "small"
    folder.mkdir(exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "toy").is_dir():
            command = [python, ROOT / "toy" / "make_toy.py", "--out", folder / "toy", "--small", "--jobs", "1"]
            subprocess.run(command, check=True, capture_output=True)
    return NoteDataset(build_store(from_table(folder / "toy"), folder, MelConfig(), n_jobs=1, progress=False))
