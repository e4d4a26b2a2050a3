"""Claims about the one training loop."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from latentsampler.learning.training import Schedule, limited, train

SCHEDULE = Schedule(steps=60, batch_size=4, learning_rate=0.05, warmup=5, valid_every=20, checkpoint_seconds=0.0)

KILLED = """
import sys, time, torch
from latentsampler.learning.training import Schedule, train
torch.manual_seed(3)
module = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
data = torch.randn(32, 2, generator=torch.Generator().manual_seed(0))
def loss(indices):
    time.sleep(float(sys.argv[2]))
    return {"error": (module(data[indices])[:, 0] - data[indices].sum(1)).square().mean()}
train(module, loss, range(32), Schedule(steps=60, batch_size=4, valid_every=20, checkpoint_seconds=0.0), 5,
      checkpoint=sys.argv[1] + ".ckpt", progress=False)
torch.save(module.state_dict(), sys.argv[1])
"""


def line_fit():
    """A line through the origin of slope 3: module, loss and the number of items."""
    torch.manual_seed(0)
    module = torch.nn.Linear(1, 1, bias=False)
    x = torch.linspace(-1, 1, 16)[:, None]
    return module, lambda indices: {"error": (module(x[indices]) - 3.0 * x[indices]).square().mean()}, np.arange(16)


def test_a_line_of_slope_3_is_found_within_1e_3():
    module, loss, items = line_fit()
    train(module, loss, items, replace(SCHEDULE, steps=400), 0, progress=False)
    assert abs(float(module.weight.detach()) - 3.0) < 1e-3


def test_history_has_a_row_per_validation_with_weighted_total():
    module, loss, items = line_fit()
    history = train(module, loss, items, SCHEDULE, 0, {"error": 2.0}, lambda: 7.0, progress=False)
    assert [row["step"] for row in history] == [20, 40, 60]
    assert all(row["valid"] == 7.0 and row["total"] == pytest.approx(2.0 * row["error"]) for row in history)


def test_every_epoch_uses_every_item_once():
    module, loss, _ = line_fit()
    seen = []
    train(module, lambda i: seen.append(i) or loss(i), np.arange(16), replace(SCHEDULE, steps=8), 0, progress=False)
    first, second = (sorted(torch.cat(seen[k:k + 4]).tolist()) for k in (0, 4))
    assert first == second == list(range(16))


def test_early_stop_keeps_the_best_weights():
    module, loss, items = line_fit()
    values = iter([3.0, 1.0, 2.0, 2.0, 2.0])
    kept = []

    def validate():
        kept.append(module.weight.detach().clone())
        return next(values)

    history = train(module, loss, items, replace(SCHEDULE, steps=100, patience=2), 0, validate=validate, progress=False)
    assert [row["step"] for row in history] == [20, 40, 60, 80]
    assert torch.equal(module.weight.detach(), kept[1])


def test_a_loss_that_is_not_finite_stops_with_its_terms():
    module, _, items = line_fit()
    with pytest.raises(FloatingPointError, match="step 0.*'error': nan"):
        train(module, lambda i: {"error": module.weight.sum() * float("nan")}, items, SCHEDULE, 0, progress=False)


def test_a_run_paused_by_its_budget_goes_on_to_the_same_weights(tmp_path):
    whole, loss, items = line_fit()
    history = train(whole, loss, items, SCHEDULE, 0, validate=lambda: 1.0, progress=False)
    reached = []
    while not reached or reached[-1]:
        module, loss, items = line_fit()
        with limited(0.01 / 60 if len(reached) else 1e-9) as limit:
            found = train(module, lambda i, loss=loss: time.sleep(1e-3) or loss(i), items, SCHEDULE, 0,
                          validate=lambda: 1.0, checkpoint=tmp_path / "line.ckpt", progress=False)
        reached.append(limit.paused)
        assert (tmp_path / "line.ckpt").is_file() == bool(limit.paused)
    assert reached[0] == (1, 60)  # a step at least, however short the time is
    assert len(reached) > 3
    assert torch.equal(module.weight, whole.weight) and found == history


def test_a_run_killed_three_times_ends_with_the_same_weights(tmp_path):
    whole, killed = tmp_path / "whole.pt", tmp_path / "killed.pt"
    command = [sys.executable, "-c", KILLED]
    subprocess.run([*command, str(whole), "0"], check=True)
    for _ in range(3):
        run = subprocess.Popen([*command, str(killed), "0.05"])
        checkpoint = tmp_path / "killed.pt.ckpt"
        before = checkpoint.stat().st_mtime_ns if checkpoint.is_file() else 0
        while not checkpoint.is_file() or checkpoint.stat().st_mtime_ns == before:
            assert run.poll() is None
            time.sleep(0.02)
        time.sleep(0.3)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    assert not killed.exists()
    subprocess.run([*command, str(killed), "0"], check=True)
    one, other = torch.load(whole, weights_only=True), torch.load(killed, weights_only=True)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    module, loss, items = line_fit()
    stop = iter([None] * 10)

    def stopping(indices):
        next(stop)  # StopIteration ends the run as a crash would
        return loss(indices)

    with pytest.raises(StopIteration):
        train(module, stopping, items, SCHEDULE, 0, checkpoint=tmp_path / "c", progress=False)
    with pytest.raises(ValueError, match="belongs to another run"):
        train(module, loss, items, SCHEDULE, 1, checkpoint=tmp_path / "c", progress=False)
