"""Claims about a Dask cluster of two workers that loses one in the middle of the work."""

import os
import signal
import threading
import time

import pytest
from latentsampler.experiments import ablation, search
from latentsampler.runtime import records

from tests.conftest import dask_cluster

pytestmark = pytest.mark.long


@pytest.fixture
def workers():
    """A cluster of this computer whose workers know the chapter of the tests."""
    with dask_cluster(preload=["tests.experiments.conftest"]) as cluster:
        yield cluster


def kill_one(workers, begun):
    """Kill a worker as soon as ``begun()``, and say how far the work was then."""
    killed = []

    def wait():
        while not begun():
            time.sleep(0.01)
        os.kill(next(iter(workers.workers.values())).pid, signal.SIGKILL)
        killed.append(begun())

    threading.Thread(target=wait, daemon=True).start()
    return killed


def test_an_ablation_gives_the_record_that_one_process_gives(workers, data, tmp_path):
    what = ablation.plan("line/line", seeds=4, steps=200)
    killed = kill_one(workers, lambda: len(list((tmp_path / "cluster").rglob("seed*.json"))) // 3)
    there = ablation.run_ablation(what, data, tmp_path / "cluster", scheduler=workers.scheduler_address, progress=False)
    alone = ablation.run_ablation(what, data, tmp_path / "alone", progress=False)
    assert killed and 3 * killed[0] < 12  # in the middle
    for name, results in (("there", there), ("alone", alone)):
        ablation.record(what, results, data, 1.0, to=tmp_path / name)
    one, other = (records.read_record("ablation", "line-line", 0, tmp_path / name) for name in ("there", "alone"))
    assert len(one["metrics"]) == 12 and one["metrics"] == other["metrics"]
    assert one["history"] == other["history"] and len(one["history"]) == 12 * 10


def test_a_search_has_every_trial_once(workers, data, tmp_path):
    what = search.plan("line/line", {"weights.shrink": ("uniform", 0.0, 1.0)}, steps=200)
    killed = kill_one(workers, lambda: sum(path.read_text().count('"op_code":6') for path in tmp_path.rglob(
        "journal.log")) // 3)  # states told
    study = search.run_search(what, data, tmp_path, 12, scheduler=workers.scheduler_address, progress=False)
    _, metrics, _ = search.as_record(what, study)
    tried = [trial["params"]["weights.shrink"] for trial in metrics["trials"].values()]
    assert killed and 3 * killed[0] < 12 and len(tried) == len(set(tried)) == 12 and metrics["failed"] == 0
    lost = {trial.number for trial in study.trials  # with values, drawn or queued: the others left nothing to repeat
            if trial.state.name == "FAIL" and (trial.params or "fixed_params" in trial.system_attrs)}
    assert lost == {trial.user_attrs["repeats"] for trial in study.trials if "repeats" in trial.user_attrs}
