"""Claims about independent tasks: once each, whatever is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from latentsampler.runtime.parallel import cluster, each, run_tasks

from tests.conftest import dask_cluster

RUN = """
import sys
from tests.runtime.test_parallel import noted
from latentsampler.runtime.parallel import run_tasks
run_tasks(noted, {f"t{k}": (sys.argv[1], k, 0.15) for k in range(8)}, sys.argv[1] + "/results", int(sys.argv[2]),
          progress=False)
"""

WITHOUT_DASK = """
import sys
sys.modules["distributed"] = None
from latentsampler.runtime.parallel import run_tasks
run_tasks(abs, {"one": (1,)}, scheduler="tcp://127.0.0.1:1")
"""


def noted(folder, number, seconds=0.0):
    """Note beginning and end of a task in files of its own, and give its square."""
    for moment in ("begin", "end"):
        (Path(folder) / f"{moment}-{number}-{time.time_ns()}-{os.getpid()}").touch()
        time.sleep(seconds if moment == "begin" else 0.0)
    return {"square": number ** 2, "pid": os.getpid()}


def count(folder, moment, number):
    return len(list(Path(folder).glob(f"{moment}-{number}-*")))


def threads():
    return torch.get_num_threads()


def run(folder, jobs):
    return subprocess.Popen([sys.executable, "-c", RUN, str(folder), str(jobs)], cwd=Path(__file__).parents[2],
                            start_new_session=True)


def test_results_come_in_the_order_of_the_tasks_and_a_second_call_runs_nothing(tmp_path):
    tasks = {name: (tmp_path, number) for name, number in (("b", 3), ("a", 2), ("c/d", 4))}
    first = run_tasks(noted, tasks, tmp_path / "results", progress=False)
    assert [(name, result["square"]) for name, result in first.items()] == [("b", 9), ("a", 4), ("c/d", 16)]
    assert run_tasks(noted, tasks, tmp_path / "results", progress=False) == first
    assert [count(tmp_path, "begin", number) for number in (2, 3, 4)] == [1, 1, 1]


def test_two_jobs_are_two_processes_of_one_thread(tmp_path):
    results = run_tasks(noted, {str(k): (tmp_path, k, 0.1) for k in range(6)}, n_jobs=2, progress=False)
    assert [result["square"] for result in results.values()] == [0, 1, 4, 9, 16, 25]
    assert len({result["pid"] for result in results.values()} - {os.getpid()}) == 2
    assert list(each(threads, [()] * 4, n_jobs=2)) == [1] * 4


def test_a_result_kept_for_other_tasks_is_refused(tmp_path):
    run_tasks(noted, {"a": (tmp_path, 1)}, tmp_path / "results", identity="data 1", progress=False)
    with pytest.raises(ValueError, match="belongs to other tasks: expected 'data 2', got 'data 1'"):
        run_tasks(noted, {"a": (tmp_path, 1)}, tmp_path / "results", identity="data 2", progress=False)


def test_no_task_begins_that_would_end_after_the_budget(tmp_path):
    tasks = {str(k): (tmp_path, k, 0.3) for k in range(10)}
    done = run_tasks(noted, tasks, tmp_path / "results", seconds=1.0, progress=False)
    assert 1 <= len(done) <= 3
    assert list(done) == [str(k) for k in range(len(done))]
    assert list(run_tasks(noted, tasks, tmp_path / "results", progress=False)) == list(tasks)
    assert all(count(tmp_path, "begin", k) == 1 for k in range(10))


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_killed_run_goes_on_and_does_no_finished_task_again(tmp_path, jobs):
    process = run(tmp_path, jobs)
    while len(list((tmp_path / "results").glob("*.json"))) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = sorted(path.stem for path in (tmp_path / "results").glob("*.json"))
    assert 3 <= len(done) < 8
    assert run(tmp_path, jobs).wait() == 0
    assert len(list((tmp_path / "results").glob("*.json"))) == 8
    assert all(count(tmp_path, moment, name[1:]) == 1 for name in done for moment in ("begin", "end"))
    # what the kill caught between its end and its result was not finished: it may end twice, but no more
    assert all(1 <= count(tmp_path, "end", k) <= 2 for k in range(8))


def test_two_processes_with_one_folder_do_every_task_once(tmp_path):
    assert [process.wait() for process in [run(tmp_path, 1), run(tmp_path, 1)]] == [0, 0]
    assert [count(tmp_path, "begin", k) for k in range(8)] == [1] * 8


def test_without_a_scheduler_work_stays_on_this_computer():
    with cluster(None):
        assert list(each(os.getpid, [()])) == [os.getpid()]


def test_a_missing_dask_is_answered_with_the_extra_that_brings_it():
    done = subprocess.run([sys.executable, "-c", WITHOUT_DASK], capture_output=True, text=True)
    assert "expected the library distributed of the extra 'cluster'" in done.stderr


@pytest.mark.long
def test_a_dask_cluster_that_loses_a_worker_does_every_task_and_keeps_one_result_each(tmp_path):
    before = dict(os.environ)
    with dask_cluster() as workers:
        victim = next(iter(workers.workers.values())).pid
        alive = []

        def kill_while_it_works():
            while not list(tmp_path.glob(f"begin-*-{victim}")) or len(list(tmp_path.glob("end-*"))) < 4:
                time.sleep(0.005)
            os.kill(victim, signal.SIGKILL)
            alive.append(len(list((tmp_path / "results").glob("*.json"))))

        watcher = threading.Thread(target=kill_while_it_works, daemon=True)
        watcher.start()
        results = run_tasks(noted, {f"t{k}": (tmp_path, k, 0.3) for k in range(16)}, tmp_path / "results",
                            scheduler=workers.scheduler_address, progress=False)
        watcher.join(10.0)
    assert alive and alive[0] < 12  # in the middle
    assert [results[f"t{k}"]["square"] for k in range(16)] == [k ** 2 for k in range(16)]
    ends = [count(tmp_path, "end", k) for k in range(16)]
    assert min(ends) == 1 and sum(ends) <= 17  # at most the one whose worker died between its end and its file
    begun = [count(tmp_path, "begin", k) for k in range(16)]
    assert sum(begun) <= 17  # the victim's task is begun again, no other
    assert dict(os.environ) == before  # later tests measure other programs in it
