"""Claims about ablations."""


import main
import numpy as np
import pytest
from latentsampler.experiments import ablation
from latentsampler.runtime.records import read_record


def command(*words):
    return main.main([str(word) for word in words])


def synthetic(differences, metric="error", base=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)):
    """Config and metrics of a record in which a delta differs from the base by known amounts, seed by seed."""
    config = {"chapter": "line", "base": "line", "names": ["line", "delta"], "seeds": list(range(len(differences)))}
    metrics = {f"line/seed{k}": {metric: value} for k, value in enumerate(base[:len(differences)])}
    metrics |= {f"delta/seed{k}": {metric: base[k] + change} for k, change in enumerate(differences)}
    return config, metrics


def outcome(differences, better):
    return ablation.compare(*synthetic(differences), {"error": better})["delta"]["error"].outcome


def test_a_known_harm_is_found_and_a_change_of_nothing_is_not(data, tmp_path):
    what = ablation.plan("line/line", seeds=3)
    results = ablation.run_ablation(what, data, tmp_path, progress=False)
    config, metrics, _ = ablation.as_record(what, results)
    compared = ablation.compare(config, metrics, ablation.better_of(config))
    shrunk, renamed = compared["shrunk"], compared["renamed"]
    assert shrunk["error"].outcome == shrunk["weight"].outcome == "worse"
    assert shrunk["weight"].mean == pytest.approx(-1.5, abs=0.1)  # a penalty of the same size: half the slope
    assert renamed["error"] == (0.0, 0.0, 0.0, 3, "undecided")


def test_an_interval_that_holds_zero_decides_nothing_whatever_its_mean():
    assert outcome((1.0, 1.1, 0.9, 1.0), "lower") == "worse"
    assert outcome((1.0, 1.1, 0.9, 1.0), "higher") == "better"
    assert outcome((1.0, 1.1, 0.9, 1.0), None) == "higher"
    assert outcome((5.0, -1.0, 5.0, -1.0), "lower") == "undecided"


def test_the_scatter_that_seeds_share_drops_out():
    # unpaired, means of 1..4 and 1.1..4.1 are far from different
    found = ablation.compare(*synthetic((0.10, 0.11, 0.09, 0.10)), {"error": "lower"})["delta"]["error"]
    assert found.low > 0.05 and found.high < 0.15 and found.pairs == 4


def test_of_400_deltas_that_change_nothing_about_one_in_twenty_is_called_different():
    rng = np.random.default_rng(0)
    called = sum(outcome(rng.standard_normal(8), None) != "undecided" for _ in range(400))
    assert 0.01 <= called / 400 <= 0.10


def test_a_delta_whose_runs_failed_is_told_and_not_judged():
    config, metrics = synthetic((1.0, 1.0, 1.0, 1.0))
    metrics |= {f"delta/seed{k}": {} for k in (0, 1, 2)}
    assert ablation.compare(config, metrics, {"error": "lower"})["delta"]["error"] is None
    assert "1, 3 failed" in ablation.table(config, metrics, {"error": "lower"})


def test_a_budget_leaves_whole_pairs_and_the_same_command_goes_on(data, tmp_path):
    what = ablation.plan("line/line", seeds=3)
    assert ablation.run_ablation(what, data, tmp_path, seconds=-1.0, progress=False) == {}
    two = ablation.plan("line/line", ["shrunk"], seeds=2)
    ablation.run_ablation(two, data, tmp_path, progress=False)
    done = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("seed*.json")}
    assert len(done) == 4
    results = ablation.run_ablation(what, data, tmp_path, progress=False)
    assert list(results)[:4] == ["line/seed0", "shrunk/seed0", "renamed/seed0", "line/seed1"] and len(results) == 9
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())  # none of the four ran again


def test_the_command_writes_a_table_and_a_record_from_which_the_same_table_comes(data, tmp_path, capsys, monkeypatch):
    from latentsampler.runtime import records

    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")
    words = ("ablate", "line/line", "--data", data, "--deltas", "shrunk,steep", "--seeds", 2, "--folder", tmp_path)
    command(*words, "--steps", 30, "--record")
    told = capsys.readouterr().out.splitlines()
    record = read_record("ablation", "line-line", 0, tmp_path / "results")
    assert ablation.table(record["config"], record["metrics"]).splitlines() == told[:4]
    assert [row["step"] for row in record["history"] if row["run"] == 1 and row["seed"] == 1] == [20, 30]
    assert record["config"]["configs"]["steep"]["schedule"]["steps"] == 30
    assert records.provenance(0, "")["commit"] == record["provenance"]["commit"]
    assert command(*words, "--minutes", 1e-9, "--record", "--steps", 31) == 2
    assert "expected all runs for a record" in capsys.readouterr().err


def test_what_is_unknown_or_too_little_is_said():
    with pytest.raises(ValueError, match=r"deltas of line/line \(steep, shrunk, renamed\), got bent"):
        ablation.plan("line/line", ["bent"])
    with pytest.raises(ValueError, match="at least one delta and two seeds, got 2 and 1"):
        ablation.plan("line/line", seeds=1)
    with pytest.raises(ValueError, match="name deltas with --deltas, out of line"):
        ablation.plan("line/steep")
