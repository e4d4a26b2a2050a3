"""What every test shares: where the reference data is, and when a missing part is a failure instead of a skip."""

import os
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def require(condition, reason):
    """Skip with ``reason`` unless ``condition`` holds; with REQUIRE_ALL=1 a missing part is a failure."""
    if condition:
        return
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"REQUIRE_ALL=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


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
