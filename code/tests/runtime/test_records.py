"""Claims about recorded results."""

from dataclasses import dataclass

import pytest
from latentsampler.runtime import records


@dataclass(frozen=True)
class Config:
    """A config of two fields."""

    width: int = 8
    names: tuple = ("a", "b")


def write(results, run="base", seed=0, value=1.0, config=None):
    """Write one small record."""
    return records.write_record("chapter", run, seed, config or Config(), {"lsd_db": value},
                                [{"step": 1, "total": 0.5}], {"commit": "abc"}, results)


def test_a_record_reads_back_as_written(tmp_path):
    write(tmp_path)
    record = records.read_record("chapter", "base", 0, tmp_path)
    assert record["id"] == "chapter/base/seed0"
    assert record["metrics"] == {"lsd_db": 1.0} and record["history"] == [{"step": 1.0, "total": 0.5}]


def test_a_record_is_not_overwritten(tmp_path):
    write(tmp_path)
    with pytest.raises(FileExistsError, match="chapter/base/seed0 is there already"):
        write(tmp_path, value=2.0)


def test_a_missing_record_is_answered_with_those_that_there_are(tmp_path):
    write(tmp_path, run="other")
    with pytest.raises(FileNotFoundError, match="chapter/base/seed0; there are: chapter/other/seed0"):
        records.read_record("chapter", "base", 0, tmp_path)


def test_summary_is_mean_and_sample_deviation_over_seeds(tmp_path):
    for seed, value in enumerate((1.0, 2.0, 6.0)):
        write(tmp_path, seed=seed, value=value)
    mean, deviation = records.summary(records.read_records("chapter", tmp_path)["base"], "lsd_db")
    assert mean == pytest.approx(3.0) and deviation == pytest.approx(7.0 ** 0.5)


def test_the_table_has_mean_and_deviation_and_a_dash_for_what_was_not_measured(tmp_path):
    for seed, value in enumerate((1.0, 3.0)):
        write(tmp_path, seed=seed, value=value)
    rows = records.table(records.read_records("chapter", tmp_path), ("lsd_db", "sc_db")).splitlines()
    assert rows[0].split() == ["run", "lsd_db", "sc_db"] and rows[1].split() == ["base", "2", "+-", "1.4", "-"]


def test_a_config_that_changed_since_its_record_is_found(tmp_path):
    write(tmp_path)
    assert records.outdated("chapter", {"base": Config()}, tmp_path) == []
    assert records.outdated("chapter", {"base": Config(width=9)}, tmp_path) == ["chapter/base/seed0"]
    assert records.outdated("chapter", {}, tmp_path) == ["chapter/base/seed0"]
