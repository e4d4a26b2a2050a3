"""Claims about the archive: its name, what is in it, its size, and that what is in it runs in an empty folder."""

import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tools import archive

from tests.conftest import ROOT, require

# What needs Python only and tells whether the copy is whole: layout, records, tables, report, archive. Left out: what
# builds C++, drives Pure Data or a browser, or trains for minutes; that runs from the repository, with the same files.
FAST = ("test_layout.py", "runtime/test_records.py", "sound/test_metrics.py", "contract/test_export.py",
        "data/test_table.py", "tools")


@pytest.mark.parametrize("names, year, folder", [
    ("Durand Petit", 2017, "[ATIAM][ML2017] (Durand Petit)"),
    ("  Durand \t Petit\n", "2026", "[ATIAM][ML2026] (Durand Petit)"),
    ("Nu\u0301n\u0303ez O'Brien", 2017, "[ATIAM][ML2017] (N\u00fa\u00f1ez O'Brien)"),
    ("Müller-Łukasz 李 Đặng", 2017, "[ATIAM][ML2017] (Müller-Łukasz 李 Đặng)")])
def test_the_folder_is_named_by_course_year_and_names(names, year, folder):
    assert archive.folder_name(names, year) == folder


@pytest.mark.parametrize("names, year, message", [
    ("", 2017, "expected family names"), ("  ", 2017, "expected family names"), ("...", 2017, "expected family names"),
    ("../Petit", 2017, "without '/'"), ("Durand (Petit)", 2017, r"without '\(' '\)'"), ("A\0B", 2017, "without"),
    ("A\u202eB", 2017, "without"), ("C:\\Petit", 2017, "without"), ("Petit", "17", "four digits"),
    ("Petit", "2017/", "four digits"), ("Petit", "٢٠١٧", "four digits"),
    ("é" * 130, 2017, "fit into a file name of 251")])
def test_names_that_no_file_may_have_are_refused(names, year, message):
    with pytest.raises(ValueError, match=message):
        archive.folder_name(names, year)


def test_a_bad_name_is_one_line_and_status_2(tmp_path, capsys):
    assert archive.main(["--names", "a/b", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: expected names without '/'") and not list(tmp_path.iterdir())


def test_in_a_copy_without_a_repository_the_files_are_those_that_git_would_not_ignore(tmp_path):
    require(subprocess.run(["git", "--version"], capture_output=True).returncode == 0, "git is not there")
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    for name in ("code/a.py", "code/__pycache__/a.pyc", "build/x", "code/build/kept.txt", "patch/wae-sampler.pd_linux",
                 "patch/wae-sampler~.pd_linux", "patch/wae-sampler-help.pd", "patch/wae-render", "report/build/n.tex",
                 "code/x.egg-info/PKG-INFO", ".venv/bin/python", "external/build-asan/o", "data/d", "notes/data/kept"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "linked").symlink_to(ROOT)
    assert [path.as_posix() for path in archive.listed_files(tmp_path)] == [
        ".gitignore", "code/a.py", "code/build/kept.txt", "notes/data/kept", "patch/wae-sampler-help.pd"]
    assert not (tmp_path / ".git").exists()


def test_without_git_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="expected git, which lists the files of the archive: install it"):
        archive.listed_files(tmp_path)


def test_in_a_repository_only_tracked_files_go_in(tmp_path):
    require(subprocess.run(["git", "--version"], capture_output=True).returncode == 0, "git is not there")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for name in ("tracked é.txt", "private.txt", "removed.txt"):
        (tmp_path / name).write_text(name)
    subprocess.run(["git", "add", "tracked é.txt", "removed.txt"], cwd=tmp_path, check=True)
    (tmp_path / "removed.txt").unlink()
    assert archive.listed_files(tmp_path) == [Path("tracked é.txt")]


def test_executable_files_stay_so_and_the_same_files_give_the_same_bytes(tmp_path):
    for name, mode in (("run.sh", 0o755), ("text.txt", 0o644)):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(mode)
    files = [Path("run.sh"), Path("text.txt")]
    for name in ("a.zip", "b.zip"):
        archive.write_archive(tmp_path / name, "F (é)", files, 2017, tmp_path)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    modes = {entry.filename: entry.external_attr >> 16 for entry in zipfile.ZipFile(tmp_path / "a.zip").infolist()}
    assert {name: bool(mode & stat.S_IXUSR) for name, mode in modes.items()} == {"F (é)/run.sh": True,
                                                                                "F (é)/text.txt": False}


def test_an_archive_that_is_too_large_is_removed_and_its_largest_file_named(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LIMIT", 10_000)
    (tmp_path / "noise.bin").write_bytes(np.random.default_rng(0).bytes(20_000))
    with pytest.raises(ValueError, match=r"at most 0 MB, got 0.0 MB; the largest files: noise.bin"):
        archive.write_archive(tmp_path / "x.zip", "F", [Path("noise.bin")], 2017, tmp_path)
    assert not (tmp_path / "x.zip").exists()


@pytest.fixture(scope="module")
def unfolded(tmp_path_factory):
    """The archive, unfolded into an empty folder, with the present environment linked; and the zip."""
    out, empty = tmp_path_factory.mktemp("zip"), tmp_path_factory.mktemp("empty")
    assert archive.main(["--names", "Müller O'Brien 李", "--year", "2026", "--out", str(out)]) == 0
    (packed,) = out.iterdir()
    with zipfile.ZipFile(packed) as file:
        for entry in file.infolist():
            Path(file.extract(entry, empty)).chmod(entry.external_attr >> 16)
    (folder,) = empty.iterdir()
    (folder / ".venv").symlink_to(sys.prefix)
    return folder, packed


def run(folder, *arguments):
    """Run Python in the unfolded folder, which must not see the repository; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("REQUIRE_ALL", "GIT_DIR")}
    done = subprocess.run([folder / ".venv" / "bin" / "python", *map(str, arguments)], cwd=folder, capture_output=True,
                          text=True, env={**environment, "PYTHONPATH": str(folder / "code"), "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.long
def test_the_archive_has_what_an_evaluation_needs_in_25_mb(unfolded):
    folder, packed = unfolded
    assert packed.name == "[ATIAM][ML2026] (Müller O'Brien 李).zip" and packed.stat().st_size <= 25_000_000
    assert folder.name == packed.stem
    for name in ("code/main.py", "report/report.pdf", "report/studies.pdf", "report/main.tex",
                 "report/build/numbers.tex",
                 "report/results/autoencoder/wae/seed0/metrics.json", "toy/datasheet.pdf", "toy/data/notes.csv",
                 "toy/make_toy.py", "notebooks/01_dataset.ipynb", "external/CMakeLists.txt", "patch/main.pd",
                 "patch/generative.pt", "Makefile", "README.md", "environment.yml", "constraints.txt", "setup.sh"):
        assert (folder / name).is_file(), name
    assert os.access(folder / "setup.sh", os.X_OK)
    assert not list(folder.rglob("*.pyc")) and not list(folder.glob(".git"))


@pytest.mark.long
def test_a_tiny_demo_runs_in_the_unfolded_archive(unfolded):
    folder, _ = unfolded
    assert str(folder) in run(folder, "-c", "import latentsampler; print(latentsampler.__file__)")
    out = folder / "build" / "tiny"
    run(folder, "code/main.py", "dataset", "build", "--source", folder / "toy" / "data" / "sample", "--out", out)
    (store,) = (path.parent for path in out.glob("*/info.json"))
    run(folder, "code/main.py", "train", "autoencoder/demo", "--steps", 4, "--data", store, "--out", out / "model.pt")
    run(folder, "code/main.py", "train", "vocoder/harmonic", "--steps", 2, "--data", store, "--model",
        out / "model.pt", "--out", out / "vocoder.pt")
    run(folder, "code/main.py", "export", "--model", out / "model.pt", "--vocoder", out / "vocoder.pt", "--data", store,
        "--out", out / "generative.pt")
    run(folder, "code/main.py", "render", out / "generative.pt", "--point", 0, 0, 0, 0, 60, "--out", out / "note.wav")
    sound, rate = soundfile.read(out / "note.wav")
    assert (len(sound), rate) == (32768, 22050) and np.abs(sound).max() > 1e-3


@pytest.mark.long
def test_the_fast_tests_pass_in_the_unfolded_archive(unfolded):
    folder, _ = unfolded
    told = run(folder, "-m", "pytest", "-q", "-m", "not long", "-p", "no:cacheprovider",
               *(f"code/tests/{name}" for name in FAST))
    assert " passed" in told and "failed" not in told
