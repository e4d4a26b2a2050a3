"""Claims about MLflow: what is logged, and models by name."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from latentsampler.experiments import registry, tracking
from latentsampler.runtime import records

WITHOUT_MLFLOW = """
import sys
sys.modules["mlflow"] = None
from latentsampler.experiments.tracking import connect, log_new_record
log_new_record("nowhere/line/line/seed0")
print("silent so far", file=sys.stderr)
connect()
"""


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of MLflow's own use of SQLAlchemy


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """Path of a store that MLflow has just made, which takes it seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(tracking, "HOME", folder)
        tracking.connect().search_experiments()
    return folder / "mlflow.db"


@pytest.fixture
def client(empty_store, tmp_path, monkeypatch):
    """Client of an empty store."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(tracking, "HOME", tmp_path / "mlflow")
    (tmp_path / "mlflow").mkdir()
    shutil.copy(empty_store, tmp_path / "mlflow")
    return tracking.connect()


def run_of(client, name, results):
    return client.get_run(tracking.log_record(client, name, results)[0])


def test_a_record_is_a_run_with_its_config_curves_metrics_files_and_figure(client, recorded):
    record = records.read_record("line", "line", 0, recorded)
    run = run_of(client, "line/line/seed0", recorded)
    assert run.data.params["schedule.learning_rate"] == "0.1" and run.data.params["weights.shrink"] == "0.0"
    assert run.data.metrics["weight"] == record["metrics"]["weight"]
    curve = client.get_metric_history(run.info.run_id, "history/valid")
    assert [(m.step, m.value) for m in curve] == [(row["step"], row["valid"]) for row in record["history"]]
    assert run.data.tags["record"] == "line/line/seed0" and run.info.run_name == "line/seed0"
    assert run.data.tags["mlflow.source.git.commit"] == record["provenance"]["commit"]
    assert {f.path for f in client.list_artifacts(run.info.run_id, "record")} == {
        f"record/{name}" for name in ("config.json", "metrics.json", "provenance.json", "history.csv")}
    assert [f.path for f in client.list_artifacts(run.info.run_id, "figures")] == ["figures/history.png"]
    assert run.info.end_time - run.info.start_time == 1000 * record["provenance"]["seconds"]


def test_the_runs_of_an_ablation_a_search_and_a_benchmark_are_runs_beside_their_record(client, line, tmp_path):
    config = {"chapter": "line", "base": "line", "names": ["line", "bent one"], "seeds": [0], "configs": {
        "line": {"slope": 3.0}, "bent one": {"slope": 4.0}}}
    rows = [{"run": k, "seed": 0, "step": 5, "valid": 1.0 + k} for k in (0, 1)]
    metrics = {"line/seed0": {"error": 1.0}, "bent one/seed0": {"error": 2.0}}
    records.write_record("ablation", "a", 0, config, metrics, rows, {"commit": "abc"}, tmp_path)
    trials = {"0": {"state": "COMPLETE", "params": {"slope": 2.0}, "valid": 0.5}, "1": {
        "state": "PRUNED", "params": {"slope": 3.0}}}
    steps = [{"trial": 1, "step": 5, "valid": 9.0}]
    records.write_record("search", "a", 0, {"space": {"slope": ["uniform", 1, 4]}}, {"trials": trials}, steps,
                         {"commit": "abc"}, tmp_path)
    records.write_record("bench", "a", 0, {}, {"Way/size16/seed2": {"error": 3.0}}, [], {"commit": "abc"}, tmp_path)
    beside = {}
    for name in ("ablation", "search", "bench"):
        top = run_of(client, f"{name}/a/seed0", tmp_path)
        assert top.data.metrics == {}  # said by the runs beside it
        runs = client.search_runs([top.info.experiment_id], f"tags.part_of = '{name}/a/seed0'")
        beside |= {run.info.run_name: run for run in runs}
    assert sorted(beside) == ["Way/size16/seed2", "bent one/seed0", "line/seed0", "trial0", "trial1"]
    bent, way, pruned = beside["bent one/seed0"], beside["Way/size16/seed2"], beside["trial1"]
    assert bent.data.params == {"slope": "4.0", "name": "bent one", "seed": "0"}
    assert bent.data.metrics == {"error": 2.0, "history/valid": 2.0}
    assert way.data.params == {"name": "Way", "size": "16", "seed": "2"} and way.data.metrics == {"error": 3.0}
    assert pruned.data.params == {"slope": "3.0", "state": "PRUNED"} and pruned.data.metrics == {"history/valid": 9.0}


def test_a_record_is_logged_once_and_one_made_again_is_another_run(client, recorded):
    assert tracking.log_all(client, recorded) == {"line/line/seed0": True}
    assert tracking.log_all(client, recorded) == {"line/line/seed0": False}
    path = recorded / "line" / "line" / "seed0" / "metrics.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "weight": 1.0}))
    assert tracking.log_all(client, recorded) == {"line/line/seed0": True}
    assert len(client.search_runs([client.get_experiment_by_name("line").experiment_id])) == 2


@pytest.mark.long
def test_all_committed_records_can_be_logged(client):
    told = tracking.log_all(client)
    assert all(told.values()) and len(told) >= 5


def test_a_new_record_of_the_project_is_logged_and_one_elsewhere_is_not(client, line, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "RESULTS", tmp_path / "own")
    with tracking.logging_new():
        for place, seed in ((tmp_path / "own", 0), (tmp_path / "other", 1)):
            records.write_record("line", "line", seed, line.LINE, {"weight": 3.0}, [], {"commit": "abc"}, place)
    runs = client.search_runs([client.get_experiment_by_name("line").experiment_id])
    assert [run.info.run_name for run in runs] == ["line/seed0"]


def test_a_server_that_is_down_costs_one_line_and_no_record(recorded, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    tracking.log_new_record(recorded / "line" / "line" / "seed0")
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and told[0].startswith("MLflow has not got the record")


def test_without_mlflow_a_record_is_written_in_silence_and_the_command_names_the_extra():
    done = subprocess.run([sys.executable, "-c", WITHOUT_MLFLOW], capture_output=True, text=True)
    assert done.stderr.splitlines()[0] == "silent so far"
    assert "expected the library mlflow of the extra 'tracking'" in done.stderr


def test_the_champion_is_the_registered_file_until_the_alias_moves(client, recorded, tmp_path):
    for number, content in ((1, b"first"), (2, b"second")):
        (tmp_path / "model.pt").write_bytes(content)
        alias = "champion" if number == 1 else None
        assert registry.register(client, tmp_path / "model.pt", "decoder", "line/line/seed0", alias, recorded) == number
    assert registry.model_file("models:/decoder@champion").read_bytes() == b"first"
    assert registry.model_file(Path("models:/decoder/2")).read_bytes() == b"second"
    client.set_registered_model_alias("decoder", "champion", 2)
    assert registry.model_file("models:/decoder@champion").read_bytes() == b"second"
    assert registry.versions(client)["decoder"][2]["aliases"] == ["champion"]
    assert registry.versions(client)["decoder"][1]["record"] == "line/line/seed0"
    assert registry.model_file("some/model.pt") == Path("some/model.pt")


def test_a_registered_file_that_changed_and_a_name_that_is_none_are_refused(client, recorded, tmp_path):
    (tmp_path / "model.pt").write_bytes(b"first")
    registry.register(client, tmp_path / "model.pt", "decoder", "line/line/seed0", "champion", recorded)
    kept = next((tmp_path / "mlflow" / "artifacts").rglob("model.pt"))
    kept.write_bytes(b"other")
    with pytest.raises(ValueError, match="has changed since it was registered: expected SHA-256 a7937b64b8ca..., got"):
        registry.model_file("models:/decoder@champion")
    with pytest.raises(FileNotFoundError, match=r"models:/coder@champion; there are: decoder \[1\]"):
        registry.model_file("models:/coder@champion")
    with pytest.raises(ValueError, match="models:/NAME@ALIAS or models:/NAME/VERSION, got 'models:/decoder'"):
        registry.model_file("models:/decoder")
