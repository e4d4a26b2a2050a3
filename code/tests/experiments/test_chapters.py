"""Claims about what chapters say to the shared experiments, and about committed records of them."""

from pathlib import Path

import latentsampler
import pytest
from latentsampler.experiments import ablation, figures, search
from latentsampler.experiments.chapters import find_experiment
from latentsampler.runtime import records
from latentsampler.runtime.identity import as_json

CHAPTERS = sorted(p.parent.name for p in Path(latentsampler.__file__).parent.glob("chapters/*/experiment.py"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_ablations_of_a_chapter_change_something_of_one_of_its_runs(chapter):
    experiment = find_experiment(chapter)
    for base, deltas in getattr(experiment, "ABLATIONS", {}).items():
        own = as_json(experiment.RUNS[base])
        assert all(as_json(config) != own and config.schedule.steps == experiment.RUNS[base].schedule.steps
                   for config in deltas.values())
        assert not set(deltas) & set(experiment.RUNS)
        assert list(ablation.plan(f"{chapter}/{base}").configs) == [base, *deltas]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_a_chapter_searches_are_fields_of_every_run_and_what_it_judges_has_a_direction(chapter):
    experiment = find_experiment(chapter)
    assert set(getattr(experiment, "BETTER", {}).values()) <= {"lower", "higher"}
    for run in experiment.RUNS if hasattr(experiment, "SEARCH") else ():
        assert search.plan(f"{chapter}/{run}").space.keys() == experiment.SEARCH.keys()


def test_every_recorded_search_tells_its_best_trial_and_draws_every_trial_that_reported():
    for found in records.read_records("search").values():
        for record in found:
            metrics = record["metrics"]
            complete = [trial["valid"] for trial in metrics["trials"].values() if "valid" in trial]
            assert metrics["best_valid"] == min(complete) and len(complete) == metrics["complete"]
            axis = figures.figure_study(record).axes[0]
            drawn = sum(len(line.get_xdata()) for line in axis.lines if line.get_marker() in "ox" and line.get_marker())
            assert drawn == metrics["complete"] + metrics["pruned"]
            best = next(line for line in axis.lines if line.get_label() == "best so far")
            assert list(best.get_xdata()) == sorted(best.get_xdata())
            assert list(best.get_ydata()) == sorted(best.get_ydata(), reverse=True)


def test_every_recorded_ablation_has_all_its_runs():
    for found in records.read_records("ablation").values():
        for record in found:
            config = record["config"]
            assert set(record["metrics"]) == {f"{name}/seed{k}" for name in config["names"] for k in config["seeds"]}
            assert set(ablation.compare(config, record["metrics"])) == set(config["names"]) - {config["base"]}
