"""Claims about running a record again."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import latentsampler
import pytest
import torch
from latentsampler.experiments import reproducibility, rerun
from latentsampler.experiments.chapters import find_run, from_json, with_fields
from latentsampler.runtime.identity import as_json
from latentsampler.runtime.records import read_record


def outcomes(results, data, tmp_path, **how):
    found = rerun.rerun(read_record("line", "line", 0, results), data, tmp_path / "again.pt", **how)
    return {outcome.name: outcome.outcome for outcome in found}


def test_every_number_of_a_record_comes_again_to_the_last_bit(recorded, data, tmp_path):
    found = outcomes(recorded, data, tmp_path)
    assert set(found.values()) == {"exact"}
    assert {"error", "weight", "n", "step 20.valid", "step 60.total"} <= found.keys()


def test_one_changed_digit_is_found_and_no_other_number_blamed(recorded, data, tmp_path):
    path = recorded / "line" / "line" / "seed0" / "metrics.json"
    metrics = json.loads(path.read_text())
    path.write_text(json.dumps({**metrics, "weight": metrics["weight"] + 1e-9}))
    found = outcomes(recorded, data, tmp_path)
    assert [name for name, outcome in found.items() if outcome != "exact"] == ["weight"]
    assert outcomes(recorded, data, tmp_path, tolerance=1e-8)["weight"] == "close"


def test_the_first_steps_alone_agree_with_the_rows_of_the_whole_run(recorded, data, tmp_path):
    found = outcomes(recorded, data, tmp_path, steps=40)
    assert set(found.values()) == {"exact"}
    assert {name.split(".")[0] for name in found} == {"step 20", "step 40"}


def test_a_run_of_another_config_differs(recorded, data, tmp_path):
    path = recorded / "line" / "line" / "seed0" / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "noise": 0.2}))
    record = read_record("line", "line", 0, recorded)
    assert "its config is no longer that of line/line" in rerun.changed_environment(record)
    found = outcomes(recorded, data, tmp_path)
    assert found["error"] == "DIFFERS" and found["n"] == "exact"


def test_other_notes_are_refused(recorded, data, tmp_path):
    record = read_record("line", "line", 0, recorded)
    record["provenance"]["dataset"] = "0" * 64
    with pytest.raises(ValueError, match="notes with checksum 000000000000..., got"):
        rerun.rerun(record, data, tmp_path / "again.pt")


def test_a_file_that_the_run_was_given_must_be_the_same(recorded, data, tmp_path):
    record = read_record("line", "line", 0, recorded)
    record["provenance"]["inputs"] = {"model": "0" * 64}
    with pytest.raises(ValueError, match="--input model=FILE"):
        rerun.rerun(record, data, tmp_path / "again.pt")
    (tmp_path / "model.bin").write_bytes(b"other")
    with pytest.raises(ValueError, match="SHA-256 000000000000..., got d9298a10d1b0"):
        rerun.rerun(record, data, tmp_path / "again.pt", inputs={"model": tmp_path / "model.bin"})


def test_other_versions_another_machine_and_an_unknown_commit_are_told(recorded):
    record = read_record("line", "line", 0, recorded)
    record["provenance"] |= {"commit": "f" * 40, "machine": "a PDP-11", "changed": False}
    record["provenance"]["versions"]["torch"] = "0.1"
    told = " / ".join(rerun.changed_environment(record))
    assert "commit ffffffffffff is not in this repository" in told and "torch was 0.1, is " in told
    assert "the machine was a PDP-11, is " in told


def test_the_store_is_found_by_its_checksum(data):
    checksum = json.loads((data / "info.json").read_text())["checksum"]
    assert rerun.find_store(checksum, [data.parents[1]]) == data
    with pytest.raises(FileNotFoundError, match="name them with --data"):
        rerun.find_store("0" * 64, [data.parents[1]])


def test_numbers_that_are_missing_or_not_a_number_are_judged():
    nan = float("nan")
    found = reproducibility.compare_numbers({"a": 1.0, "b": nan, "c": {"d": 2}}, {"a": 1.5, "b": nan, "e": 3})
    assert [(v.name, v.outcome) for v in found] == [("a", "DIFFERS"), ("b", "exact"), ("c.d", "DIFFERS"),
                                                   ("e", "DIFFERS")]
    assert "1 exact, 3 DIFFERS, of 4 numbers" in reproducibility.table(found)


def test_a_config_survives_its_record_and_dotted_names_reach_into_it(line):
    assert from_json(line.Config, as_json(line.LINE)) == line.LINE
    changed = with_fields(line.LINE, {"schedule.steps": 7, "weights.shrink": 0.5, "noise": 0.3})
    assert changed == replace(line.LINE, noise=0.3, weights={"error": 1.0, "shrink": 0.5},
                              schedule=replace(line.LINE.schedule, steps=7))
    with pytest.raises(ValueError, match="expected a field .*slope, noise.*got 'sloppe'"):
        with_fields(line.LINE, {"sloppe": 1.0})
    with pytest.raises(ValueError, match="Config has no field old"):
        from_json(line.Config, {"old": 1})


def test_unknown_names_are_answered_with_those_that_there_are():
    with pytest.raises(ValueError, match="line.*vocoder.*got 'nothing'"):
        find_run("nothing/line")
    with pytest.raises(ValueError, match=r"a run of line \(line, steep\), got 'flat'"):
        find_run("line/flat")
    with pytest.raises(ValueError, match="CHAPTER/RUN/seedK, got 'line'"):
        rerun.parts("line")


def test_the_recorded_source_gives_its_numbers_when_todays_does_not(recorded, data, tmp_path, line, monkeypatch):
    repository, package = tmp_path / "repository", Path(latentsampler.__file__).parent
    shutil.copytree(package, repository / "code" / "latentsampler", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(Path(line.__file__).parent, repository / "code" / "latentsampler" / "line")
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "code"], ["commit", "-q", "-m", "as it was"]):
        subprocess.run([*git, *words], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    record = read_record("line", "line", 0, recorded)
    record["provenance"]["commit"] = commit
    monkeypatch.setattr(rerun, "ROOT", repository)
    monkeypatch.setattr(line, "build", lambda config: torch.nn.Linear(1, 1))  # today it has a bias, too
    out = tmp_path / "again.pt"
    assert "DIFFERS" in {v.outcome for v in rerun.rerun(record, data, out)}
    outcomes = rerun.rerun(record, data, out, source="recorded")
    assert {v.outcome for v in outcomes} == {"exact"} and "weight" in {v.name for v in outcomes}
    first = rerun.rerun(record, data, out, steps=20, source="recorded")
    assert {v.outcome for v in first} == {"exact"} and {v.name.split(".")[0] for v in first} == {"step 20"}
