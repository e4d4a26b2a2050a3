"""Claims that README makes of every chapter, held by a test over every chapter.

A chapter's tests hold ``tiny.py``: ``make(folder, small_notes)`` gives a Config, a path of data and paths of inputs.
"""

import importlib
import json
import math
from dataclasses import is_dataclass, replace

import main
import pytest
from latentsampler.experiments import grid
from latentsampler.experiments.chapters import chapter_names, find_experiment, with_steps
from latentsampler.runtime import records

CHAPTERS = [name for name in chapter_names() if name != "line"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_keeps_the_contract(chapter):
    experiment = find_experiment(chapter)
    assert is_dataclass(experiment.Config) and all(type(run) is experiment.Config for run in experiment.RUNS.values())
    assert all(callable(getattr(experiment, name)) for name in ("open_data", "build", "run", "measure"))
    assert isinstance(experiment.INPUTS, dict) and experiment.OUT.endswith(".pt")
    assert all(reason and "\n" not in reason for reason in getattr(experiment, "WITHOUT", {}).values())
    package = importlib.import_module(f"latentsampler.chapters.{chapter}")
    assert "->" in package.__doc__.splitlines()[0]
    for run in experiment.RUNS.values():
        few = with_steps(run, 1)
        assert getattr(few, "schedule", few).steps == 1


@pytest.mark.parametrize("name", grid.study_names())
def test_a_study_has_a_line_of_help_and_a_place_for_its_record(name):
    study = grid.find_study(name)
    assert study.text and "\n" not in study.text and len(study.record) == 2
    assert callable(study.cells) and callable(study.run_cell) and callable(study.table) and callable(study.checksum)


@pytest.fixture(params=CHAPTERS)
def tiny(request, small_notes, tmp_path, monkeypatch):
    """A chapter with two tiny runs, its data and inputs, and a place for records; a function that runs a command."""
    chapter = request.param
    config, data, inputs = importlib.import_module(f"tests.chapters.{chapter}.tiny").make(tmp_path, small_notes)
    experiment = find_experiment(chapter)
    monkeypatch.setitem(experiment.RUNS, "tiny", config)
    monkeypatch.setitem(experiment.RUNS, "other", with_steps(config, 3))
    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")
    given = [word for name, path in inputs.items() for word in ("--input", f"{name}={path}")]

    def run(command, *words, about=f"{chapter}/tiny"):
        return main.main([command, about, *(() if data is None else ("--data", str(data))), *given, *map(str, words)])

    return chapter, experiment, run, tmp_path


@pytest.mark.long
def test_every_command_works_for_every_chapter_or_says_why_not(tiny, capsys):
    chapter, experiment, run, folder = tiny
    without, out = getattr(experiment, "WITHOUT", {}), folder / "out.pt"
    assert run("train", "--out", out, "--steps", 2) == 0 and out.is_file()
    assert run("train", "--out", out, "--record") == 0
    record = records.read_record(chapter, "tiny")
    assert record["metrics"] and not list(folder.glob("*.ckpt*"))
    if chapter == "projection":
        assert set(record["provenance"]["inputs"]) == {"model", "vocoder"}
    capsys.readouterr()
    assert run("measure", "--model", out, "--json", "-", about=chapter) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures and all(isinstance(value, int | float) for value in figures.values())
    assert not all(math.isnan(value) for value in figures.values())
    _check(run("train", "--out", folder / "b.pt", "--budget", 0.0001), without, "budget", capsys)
    _check(run("rerun", about=f"{chapter}/tiny/seed0"), without, "rerun", capsys)
    _check(run("ablate", "--deltas", "other", "--seeds", 2, "--folder", folder / "a"), without, "ablate", capsys)
    space = folder / "space.json"
    space.write_text(json.dumps({"schedule.learning_rate": ["log", 1e-4, 1e-2]}))
    code = run("search", "--space", space, "--trials", 2, "--steps", 2, "--folder", folder / "s")
    _check(code, without, "search", capsys)


def _check(code, without, command, capsys):
    error = capsys.readouterr().err
    if command in without:
        assert code == 2 and without[command] in error and len(error.strip().splitlines()) == 1
    else:
        assert code == 0, error


def test_a_budget_that_a_chapter_cannot_keep_is_refused_before_any_work(tmp_path, small_notes, capsys):
    out = tmp_path / "p.pt"
    words = ["train", "projection/knobs", "--data", str(small_notes.path), "--out", str(out), "--budget", "1"]
    assert main.main(words) == 2
    assert "projection has no budget: " in capsys.readouterr().err and not out.exists()
    assert replace(find_experiment("projection").RUNS["knobs"], steps=1).steps == 1
