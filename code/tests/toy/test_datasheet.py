"""The datasheet is made from the data by a command."""

import subprocess

import numpy as np
import pytest
from toyset import pages, words
from toyset.programs import PROGRAMS
from toyset.timbres import TIMBRES


@pytest.fixture(scope="module")
def datasheet(root, python):
    def run(*arguments):
        return subprocess.run([python, str(root / "toy" / "datasheet.py"), *map(str, arguments)],
                              capture_output=True, text=True)
    return run


def test_correlation_of_columns_with_gaps_is_numpys_over_the_rows_that_have_both():
    table = np.random.default_rng(0).normal(size=(40, 3))
    table[:10, 0], table[5:, 2] = np.nan, np.nan
    matrix = pages.correlation(table)
    assert matrix[0, 1] == pytest.approx(np.corrcoef(table[10:, 0], table[10:, 1])[0, 1])
    assert np.isnan(matrix[0, 2]) and matrix[1, 1] == pytest.approx(1.0)


def test_every_instrument_has_its_equation():
    timbres = [*TIMBRES, *(program.timbre for program in PROGRAMS.values())]
    assert set(words.EQUATIONS) == {timbre.name for timbre in timbres}


def test_folders_without_a_toy_set_are_named_without_a_traceback(datasheet, tmp_path):
    done = datasheet("--data", tmp_path, "--out", tmp_path / "x.pdf")
    assert done.returncode == 1 and "expected a folder with notes.csv" in done.stderr and "Traceback" not in done.stderr
    (tmp_path / "notes.csv").write_text("Path,Fold\na.wav,0\n")
    done = datasheet("--data", tmp_path, "--out", tmp_path / "x.pdf")
    assert done.returncode == 1 and "expected the columns of the toy set" in done.stderr


@pytest.mark.long
def test_the_same_data_give_the_same_eight_pages(datasheet, small, tmp_path):
    for name in ("one.pdf", "two.pdf"):
        done = datasheet("--data", small, "--out", tmp_path / name, "--jobs", 1)
        assert done.returncode == 0, done.stderr
    one = (tmp_path / "one.pdf").read_bytes()
    assert one == (tmp_path / "two.pdf").read_bytes()
    assert one.startswith(b"%PDF") and one.count(b"/Type /Page ") == 8
    assert b"/Subtype /Type3" not in one  # fonts are embedded as TrueType


@pytest.mark.long
def test_the_committed_datasheet_equals_one_made_anew(root, datasheet, whole, tmp_path):
    done = datasheet("--data", whole, "--out", tmp_path / "new.pdf", "--jobs", 2)
    assert done.returncode == 0, done.stderr
    new, old = (tmp_path / "new.pdf").read_bytes(), (root / "toy" / "datasheet.pdf").read_bytes()
    # another version of matplotlib or of its fonts writes other bytes for the same pages
    assert new == old or (new.count(b"/Type /Page ") == old.count(b"/Type /Page ") == 8
                          and abs(len(new) - len(old)) < 0.1 * len(old))
