"""Claims about the package: it holds no libtorch, finds one when it is loaded, and says plainly when there is none."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import pd

from .conftest import cmake


@pytest.fixture(scope="module")
def package(build, tmp_path_factory):
    """Folder where the package was unzipped, as Pd's users do."""
    cmake("--build", build, "--target", "deken")
    (archive,) = (build / "deken").glob("*.dek")
    assert archive.with_name(archive.name + ".sha256").read_text().split()[0] == (
        hashlib.sha256(archive.read_bytes()).hexdigest())
    folder = tmp_path_factory.mktemp("package")
    subprocess.run([sys.executable, "-m", "zipfile", "-e", archive, folder], check=True)
    assert not [name for name in zipfile.ZipFile(archive).namelist() if "torch" in name]
    return folder


def version(package, folder, **environment):
    """What the object answers to ``version``, and what Pd complained of, in an environment of its own."""
    patch = pd.Patch()
    box, start = patch.obj("wae-sampler"), patch.obj("loadbang")
    patch.connect(box, 1, patch.obj("print status"))
    patch.chain(patch.at(start, 0, "version"), box)
    patch.at(start, 50, "; pd quit")
    clean = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "LIBTORCH")}
    run = pd.run_patch(patch.text(), folder, paths=(package,), env={**clean, "PATH": "/nowhere", **environment})
    return run.printed("status", "version"), run.complaints()


@pytest.mark.long
def test_the_package_finds_the_libtorch_of_an_environment(package, tmp_path):
    answers, complaints = version(package, tmp_path, VIRTUAL_ENV=sys.prefix)
    assert complaints == []
    assert str(Path(sys.prefix) / "lib") in answers[0]


@pytest.mark.long
def test_the_package_finds_a_libtorch_that_is_named(package, tmp_path):
    import torch

    answers, _ = version(package, tmp_path, LIBTORCH=str(Path(torch.__file__).parent))
    assert torch.__version__.split("+")[0] in answers[0]


@pytest.mark.long
def test_without_libtorch_the_package_says_what_to_do(package, tmp_path):
    answers, complaints = version(package, tmp_path)
    assert answers == []
    assert any("no libtorch found" in line and "pip install torch" in line for line in complaints)
