"""Claims about searches: what they find, and what a kill costs."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import main
import pytest
from latentsampler.experiments import search, study
from latentsampler.runtime.records import read_record

RUN = """
import sys, time
import tests.experiments.conftest
from latentsampler.experiments import search
from latentsampler.chapters.line import experiment
fit, calls = experiment.run, []
def slow(*arguments, **named):
    calls.append(named)
    print(len(calls), flush=True)
    time.sleep(600 if sys.argv[3:] == ["stays"] and len(calls) == 2 else 0.15)
    return fit(*arguments, **named)
experiment.run = slow
search.run_search(search.plan("line/line", {"weights.shrink": ("uniform", 0.0, 1.0)}, steps=8), sys.argv[1],
                  sys.argv[2], 14, progress=False)
"""

WITHOUT_OPTUNA = """
import sys
sys.modules["optuna"] = None
from latentsampler.experiments.study import open_study
open_study(None, 0)
"""


def run(data, folder, **how):
    what = search.plan("line/line", steps=how.pop("steps", 40), seed=how.pop("seed", 0))
    return what, search.run_search(what, data, folder, how.pop("trials", 12), progress=False, **how)


def test_the_shrinkage_that_does_harm_is_driven_towards_zero_and_hopeless_runs_are_pruned(data, tmp_path):
    what, found = run(data, tmp_path, trials=30)
    _, metrics, history = search.as_record(what, found)
    assert metrics["complete"] + metrics["pruned"] == len(metrics["trials"]) == 30 and metrics["pruned"] >= 3
    assert metrics["trials"]["0"]["params"]["weights.shrink"] > 0.0  # the run's name "" is not in the space
    assert metrics["best"]["weights.shrink"] < 0.3 and metrics["best"]["schedule.learning_rate"] > 0.02
    reports = {key: sum(row["trial"] == int(key) for row in history) for key in metrics["trials"]}
    assert all(reports[key] == 4 for key, trial in metrics["trials"].items() if trial["state"] == "COMPLETE")
    assert min(reports.values()) < 4
    assert not list(tmp_path.rglob("*.pt*"))


def test_a_study_that_stops_and_goes_on_proposes_what_a_whole_one_proposes(data, tmp_path):
    _, whole = run(data, tmp_path / "a", trials=9)
    run(data, tmp_path / "b", trials=4)
    _, parted = run(data, tmp_path / "b", trials=9)
    assert [t.params for t in parted.trials] == [t.params for t in whole.trials]
    assert [t.value for t in parted.trials] == [t.value for t in whole.trials]
    _, other = run(data, tmp_path / "c", trials=2, seed=1)
    assert other.trials[0].params != whole.trials[0].params


def test_the_first_trial_is_the_run_as_it_is_when_the_space_has_its_values(data, tmp_path):
    what = search.plan("line/line", {"weights.shrink": ("uniform", 0.0, 1.0), "noise": ("log", 0.1, 1.0)}, steps=8)
    found = search.run_search(what, data, tmp_path, 2, progress=False)
    assert found.trials[0].params == {"weights.shrink": 0.0, "noise": 0.1}


@pytest.mark.long
def test_two_processes_of_which_one_is_killed_lose_no_trial_and_count_none_twice(data, tmp_path):
    command = [sys.executable, "-c", RUN, str(data), str(tmp_path)]
    code = Path(__file__).parents[2]
    victim = subprocess.Popen([*command, "stays"], cwd=code, stdout=subprocess.PIPE, text=True)
    assert [victim.stdout.readline() for _ in range(2)] == ["1\n", "2\n"]
    other = subprocess.Popen(command, cwd=code, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "1\n"
    os.kill(victim.pid, signal.SIGKILL)  # in its second trial
    assert other.communicate() and other.returncode == 0 and victim.wait() == -signal.SIGKILL
    what = search.plan("line/line", {"weights.shrink": ("uniform", 0.0, 1.0)}, steps=8)
    found = search.run_search(what, data, tmp_path, 14, progress=False)
    _, metrics, _ = search.as_record(what, found)
    tried = [json.dumps(trial["params"]) for trial in metrics["trials"].values()]
    assert len(tried) == len(set(tried)) == 14 and metrics["failed"] == 0
    lost = [t for t in found.trials if t.state.name == "FAIL"]
    again = [t for t in found.trials if "repeats" in t.user_attrs]
    assert len(lost) == len(again) == 1 and again[0].user_attrs["repeats"] == lost[0].number
    assert again[0].params == lost[0].params and again[0].state.name in ("COMPLETE", "PRUNED")


def test_an_entry_that_a_kill_cut_short_is_taken_away(data, tmp_path):
    before = [trial.params for trial in run(data, tmp_path, trials=3)[1].trials]
    journal = next(tmp_path.rglob("journal.log"))
    with open(journal, "ab") as file:
        file.write(b'{"op_code":4,"worker_id":"dead","study_')
    _, after = run(data, tmp_path, trials=4)
    assert [t.params for t in after.trials[:3]] == before and len(after.trials) == 4
    assert all(json.loads(line) for line in journal.read_text().splitlines())


@pytest.mark.long
def test_no_moment_to_be_killed_at_loses_values_or_tries_them_twice(data, tmp_path):
    what = search.plan("line/line", {"weights.shrink": ("uniform", 0.0, 1.0), "noise": ("log", 0.1, 1.0)}, steps=8)

    search.run_search(what, data, tmp_path / "whole", 2, progress=False)
    journal = next((tmp_path / "whole").rglob("journal.log"))
    once = journal.read_text().splitlines(keepends=True)

    def go_on(entries):
        """Go on where a kill has left these entries of the journal; return those in the end."""
        journal.write_text("".join(entries))
        tried = [trial.params for trial in study.finished(search.run_search(what, data, tmp_path / "whole", 2,
                                                                            progress=False))]
        drawn = {(entry["param_name"], entry["param_value_internal"])
                 for entry in map(json.loads, entries) if entry["op_code"] == 5}
        assert tried.count({"weights.shrink": 0.0, "noise": 0.1}) == 1 and len(tried) == 2, entries
        assert drawn <= {value for trial in tried for value in trial.items()}, entries
        return journal.read_text().splitlines(keepends=True)

    twice = max((go_on(once[:k]) for k in range(len(once) + 1)), key=len)  # one was lost
    assert len(twice) > len(once)
    for k in range(len(once), len(twice) + 1):
        go_on(twice[:k])


def test_the_command_records_a_study_from_which_its_figure_comes(data, tmp_path, capsys, monkeypatch):
    from latentsampler.experiments import figures
    from latentsampler.runtime import records

    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")
    (tmp_path / "space.json").write_text('{"noise": ["log", 0.05, 5.0], "sizes": ["choice", 16]}')
    command = ["search", "line/line", "--data", str(data), "--space", str(tmp_path / "space.json"),
               "--trials", "5", "--steps", "8", "--folder", str(tmp_path), "--record"]
    with pytest.raises(TypeError):  # a size is a tuple, and the study says what was tried
        main.main(command)
    (tmp_path / "space.json").write_text('{"noise": ["log", 0.05, 5.0], "weights.error": ["int", 1, 3]}')
    assert main.main(command) == 0
    assert "best trial" in capsys.readouterr().out
    record = read_record("search", "line-line", 0, tmp_path / "results")
    figure = figures.figure_study(record)
    assert [axis.get_xlabel() for axis in figure.axes] == ["trial", "noise", "weights.error"]
    drawn = sum(len(line.get_xdata()) for line in figure.axes[1].lines if line.get_marker() in "ox")
    assert drawn == record["metrics"]["complete"] + record["metrics"]["pruned"] == 5


def test_a_budget_begins_no_trial_after_it(data, tmp_path):
    _, found = run(data, tmp_path, seconds=-1.0)
    assert study.finished(found) == []


@pytest.mark.parametrize("ranges", [("log", 0.0, 1.0), ("uniform", 2.0, 1.0), ("normal", 0.0, 1.0), ("choice",)])
def test_what_is_no_range_is_refused(ranges):
    with pytest.raises(ValueError, match="expected .log | uniform | int, low, high. or .choice.* for noise, got"):
        search.plan("line/line", {"noise": ranges})


def test_an_unknown_field_and_a_missing_space_are_named(line, monkeypatch):
    with pytest.raises(ValueError, match=r"a field of the config \(slope.*got 'nose'"):
        search.plan("line/line", {"nose": ("uniform", 0.0, 1.0)})
    monkeypatch.delattr(line, "SEARCH")
    with pytest.raises(ValueError, match="line.experiment has no SEARCH; give one with --space FILE"):
        search.plan("line/line")


def test_a_missing_optuna_is_answered_with_the_extra_that_brings_it():
    done = subprocess.run([sys.executable, "-c", WITHOUT_OPTUNA], capture_output=True, text=True)
    assert "expected the library optuna of the extra 'search'" in done.stderr
