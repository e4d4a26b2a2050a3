"""Claims about runs: each trains, exports, reloads equal; anyone can measure a file."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from latentsampler.chapters.assignment import experiment, scoring
from latentsampler.chapters.assignment.generate import Recipe
from latentsampler.chapters.assignment.solvers import SOLVERS
from latentsampler.contract.export import load_scripted
from latentsampler.experiments import ablation
from latentsampler.experiments.chapters import from_json
from latentsampler.runtime import records
from latentsampler.runtime.identity import as_json

NAMES = ("f1_positive", "exact", "exact_full", "valid", "equivariance_error", "cost_gap", "microseconds")
CONFIGS = {**experiment.RUNS, **experiment.ABLATIONS["ablation"]}


def tiny(config, steps=2):
    """Return a run that takes a moment."""
    sizes = (2, 20) if len(config.matrix_sizes) > 1 else config.matrix_sizes
    schedule = replace(config.schedule, steps=steps, batch_size=8, valid_every=1)
    return replace(config, matrix_sizes=sizes, examples=40, seconds=0.02 if config.seconds else 0.0, schedule=schedule)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_run_takes_a_step_exports_and_reloads_equal(name, tmp_path):
    config = tiny(CONFIGS[name])
    assert from_json(experiment.Config, as_json(config)) == config
    data = experiment.open_data(f"generated:size={config.matrix_sizes[0]},count=60,seed=1")
    metrics, history = experiment.run(config, 0, tmp_path / "assignment.pt", data, progress=False)
    assert all(math.isfinite(row["valid"]) and row["step"] for row in history)
    module, size = experiment.load(tmp_path / "assignment.pt")
    figures = metrics if size or len(config.matrix_sizes) == 1 else metrics["size20"]
    test = data.at(20 if len(config.matrix_sizes) > 1 else 0).matrices.take(slice(6, None))
    again = scoring.judge(module, test, timed=False)
    assert {name: figures[name] for name in again} == pytest.approx(again, abs=1e-5)
    assert not (tmp_path / "assignment.pt.ckpt").exists()


def test_the_same_seed_gives_the_same_numbers(tmp_path):
    data = experiment.open_data("generated:size=2,count=200,seed=1")
    config = tiny(experiment.RUNS["messages-2"], steps=5)
    one, other = (experiment.run(config, 3, tmp_path / f"{k}.pt", data, progress=False) for k in range(2))
    assert one == other


def test_training_improves_an_exchangeable_network(tmp_path):
    config = replace(tiny(experiment.RUNS["exchangeable-10"], steps=120), matrix_sizes=(2,), examples=4000,
                     sizes={"width": 16, "depth": 2})
    config = replace(config, schedule=replace(config.schedule, batch_size=64, valid_every=120, learning_rate=5e-3))
    data = experiment.open_data("generated:size=2,count=1000,seed=1")
    metrics, _ = experiment.run(config, 0, tmp_path / "a.pt", data, progress=False)
    assert metrics["exact"] > 0.9 > metrics["all_zero_exact"]


@pytest.mark.parametrize("loss", ["weighted", "focal"])
def test_losses_are_zero_for_perfect_answers_and_focal_is_below_plain(loss, tmp_path):
    config = replace(tiny(experiment.RUNS["messages-2"]), loss=loss)
    data = experiment.open_data("generated:size=2,count=60,seed=1")
    task, plain = (experiment._Task(experiment.build(config), replace(config, loss=kind), 0, data, "cpu")
                   for kind in (loss, "plain"))
    truth = torch.from_numpy(data.matrices.assignment[:30]).float()
    assert all(float(term) < 1e-6 for term in task.terms(60.0 * truth - 30.0, truth).values())
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    if loss == "focal":
        assert float(task.terms(noise, truth)["pairs"]) < float(plain.terms(noise, truth)["pairs"])
    else:  # of a constant answer, ones and zeros of the pool cost the same
        ones = task.ones[2]
        assert 0.5 / ones * ones == pytest.approx(0.5 / (1.0 - ones) * (1.0 - ones))


def test_measure_has_the_names_and_the_trivial_answers_beside_them(tmp_path):
    data = experiment.open_data("generated:count=300,seed=2")
    experiment.run(tiny(experiment.RUNS["messages"]), 0, tmp_path / "m.pt", data, progress=False)
    figures = experiment.measure(tmp_path / "m.pt", data, size=5)
    assert set(NAMES) | {f"scipy_{name}" for name in ("exact", "microseconds")} | {"all_zero_exact"} <= set(figures)
    assert all(isinstance(value, float) and math.isfinite(value) for value in figures.values())
    assert figures["scipy_exact"] == 1.0 and figures["all_zero_f1_positive"] == 0.0
    assert json.loads(json.dumps(figures)) == figures
    drawn = experiment.measure(tmp_path / "m.pt", None, size=3)  # without data: drawn
    assert drawn["exact"] > 0.9 > drawn["all_zero_exact"]


def test_the_published_arrays_can_be_measured_at_their_size_only(shared):
    path = shared / "data" / "hungarian" / "hnet_2doa_weights.npz"
    figures = experiment.measure(path, experiment.open_data("generated:recipe=published,count=3000,seed=2"))
    assert figures["exact"] > 0.985
    with pytest.raises(ValueError, match="matrices of size 2"):
        experiment.measure(path, experiment.open_data("generated:size=3"))


def test_committed_records_are_those_of_the_runs():
    assert not records.outdated("assignment", experiment.RUNS)


def test_a_file_tells_what_it_needs(tmp_path):
    data = experiment.open_data("generated:size=3,count=60,seed=1")
    experiment.run(tiny(experiment.RUNS["hungarian-3"]), 0, tmp_path / "h.pt", data, progress=False)
    about = load_scripted(tmp_path / "h.pt")[1]
    assert about["size"] == 3 and about["reads_padding"] and about["created_from"]["seed"] == 0


def test_judge_times_scipy_and_rounding_never_hurts_scipy():
    matrices = experiment.open_data("generated:size=4,count=300,seed=3").matrices
    figures = scoring.judge(SOLVERS["scipy"], matrices)
    assert figures["exact_rounded"] == 1.0 and figures["microseconds"] > 0.1
    assert np.isclose(figures["equivariance_error"], 0.0)


def test_sizes_of_one_source_are_drawn_alike():
    source = experiment.open_data("generated:count=20,seed=3")
    assert source.at(6).recipe == Recipe(6) and source.at(0) is source and source.at(6).count == 20


def test_a_small_ablation_runs_on_the_engine_and_a_row_of_it_again_agrees(tmp_path):
    pytest.importorskip("latentsampler.experiments.grid")  # the engine that opens any chapter's data
    what = ablation.plan("assignment/ablation", ["MessageNet", "1 head"], seeds=2, steps=2)
    what = what._replace(configs={name: replace(config, examples=200) for name, config in what.configs.items()})
    one, again = (ablation.run_ablation(what, "generated:size=3,count=60", tmp_path / name, progress=False)
                  for name in ("one", "again"))
    assert one == again and len(one) == 6
    config, metrics, _ = ablation.as_record(what, one)
    assert {"MessageNet", "1 head"} == set(ablation.compare(config, metrics))
    assert "MessageNet" in ablation.table(config, metrics)
