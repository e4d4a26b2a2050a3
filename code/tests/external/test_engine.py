"""The engine's own tests, which need neither Pure Data nor libtorch: plain, and under three sanitizers."""

import shutil
import subprocess

import pytest

from tests.conftest import ROOT, require

from .conftest import build_external


def ctest(folder, label, timeout=600):
    """Run the tests of a label; fail with what ctest printed."""
    done = subprocess.run(["ctest", "--test-dir", folder, "-L", label, "--output-on-failure"], capture_output=True,
                          text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "100% tests passed" in done.stdout
    assert "No tests were found" not in done.stdout + done.stderr


def sanitized(kind):
    """Folder of the engine's tests built with a sanitizer, without libtorch and Pure Data."""
    require(shutil.which("c++"), "a C++ compiler is needed")
    folder = ROOT / "build" / ("external-" + kind.split(",")[0])
    return build_external(folder, "-DWAE_TORCH=OFF", "-DWAE_PD=OFF", f"-DWAE_SANITIZE={kind}")


def test_voices_rings_stealing_and_resampling(build):
    ctest(build, "quick")


@pytest.mark.long
def test_the_audio_routine_makes_no_allocation_lock_or_system_call(build):
    ctest(build, "long")


@pytest.mark.long
@pytest.mark.parametrize("kind", ["address,undefined", "thread"])
def test_sanitizers_find_nothing(kind):
    ctest(sanitized(kind), "quick")


@pytest.mark.long
def test_the_thread_sanitizer_finds_a_planted_race():
    folder = sanitized("thread")
    done = subprocess.run([folder / "engine_race", "--planted-race"], capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "data race" in done.stderr


@pytest.mark.long
def test_the_object_compiles_for_a_double_precision_pd():
    folder = build_external(ROOT / "build" / "external-double", "-DWAE_PD_FLOATSIZE=64", "-DWAE_TESTS=OFF")
    assert (folder / "wae-sampler.pd_linux").is_file()
