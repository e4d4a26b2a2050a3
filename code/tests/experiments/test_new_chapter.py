"""A new chapter is new files only: one on sequences is added to a copy of the repository, and everything finds it."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from tools.weights import chapters

from tests.conftest import ROOT

INIT = '"""Series -> what comes next.\n\nIn: steps ``(T,)``, of any length. Out: the next step ``(1,)``.\n"""\n'
EXPERIMENT = '''"""What is trained here.

Contents
--------
Config, RUNS, open_data, build, run, measure
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from latentsampler.contract.export import created_from, load_scripted, save_scripted
from latentsampler.data.arrays import Store as open_data
from latentsampler.learning.training import Schedule, train

__all__ = ["INPUTS", "OUT", "RUNS", "Config", "build", "measure", "open_data", "run"]
INPUTS, OUT = {}, "series.pt"


@dataclass(frozen=True)
class Config:
    """Everything that defines a run."""

    schedule: Schedule = Schedule(steps=60, batch_size=4, learning_rate=0.1, valid_every=20)


RUNS = {"short": Config(), "longer": replace(Config(), schedule=replace(Config().schedule, steps=80))}


def build(config):
    """Return the untrained module."""
    return nn.Linear(1, 1, bias=False)


def _pairs(data):
    rows = [np.asarray(item) for item in data["steps"]]
    x, y = (np.concatenate([row[part] for row in rows]) for part in (slice(None, -1), slice(1, None)))
    return torch.from_numpy(x)[:, None], torch.from_numpy(y)[:, None]  # (n, 1) each


def run(config, seed, out, data, device="cpu", progress=True):
    """Fit what comes next."""
    torch.manual_seed(seed)
    module, (x, y) = build(config), _pairs(data)

    def loss(indices):
        return {"error": (module(x[indices]) - y[indices]).square().mean()}

    history = train(module, loss, range(len(x)), config.schedule, seed, validate=lambda: loss(slice(None))["error"],
                    checkpoint=f"{out}.ckpt", identity=f"{config} {data.checksum}", progress=progress)
    save_scripted(module, out, {"created_from": created_from(config, seed, data.checksum, module)})
    return measure(out, data), history


def measure(model_file, data):
    """Return the error and the factor."""
    module, _ = load_scripted(model_file)
    x, y = _pairs(data)
    with torch.inference_mode():
        return {"error": float((module(x) - y).square().mean()), "factor": float(module(torch.ones(1, 1)))}
'''
CLI = '''"""The command ``series build``."""

from pathlib import Path


def add_parser(commands):
    """Add the command."""
    series = commands.add_parser("series", help="series").add_subparsers(metavar="COMMAND", required=True)
    build = series.add_parser("build", help="halving series -> store")
    build.add_argument("--out", type=Path, required=True)
    build.set_defaults(run=_build)


def _build(options):
    import numpy as np

    from latentsampler.data.fields import Field
    from latentsampler.data.writing import write_store

    items = [{"steps": (start * 0.5 ** np.arange(length)).astype(np.float32)}
             for start, length in ((8.0, 4), (4.0, 7), (1.0, 3))]
    write_store(options.out, [Field("steps", (None,), "float32", "")], items, [{"Path": str(k)} for k in range(3)])
'''
REPORT = '''"""The chapter in the report of the studies."""

TABLES, FIGURES = {}, {}
DERIVED = {"series error in thousandths": lambda records: 1000.0 * records.mean("series/short/error")}
'''
PAGE = (r"\section{Series} The factor is \result[2]{series/short/factor}, the error "
        r"\derived[3]{series error in thousandths}.")
WEIGHTS = '''"""What the chapter ships."""


def make(run, build):
    """Train it; return the files."""
    run("train", "series/short", "--data", build / "series", "--out", build / "series.pt")
    return [build / "series.pt"]
'''
TEST = "def test_a_half_of_a_half_is_a_quarter():\n    assert 0.5 * 0.5 == 0.25\n"
NEW = {"code/latentsampler/chapters/series/__init__.py": INIT,
       "code/latentsampler/chapters/series/experiment.py": EXPERIMENT,
       "code/latentsampler/chapters/series/cli.py": CLI, "code/latentsampler/chapters/series/report.py": REPORT,
       "code/latentsampler/chapters/series/weights.py": WEIGHTS, "report/chapters/studies/series.tex": PAGE,
       "code/tests/chapters/series/__init__.py": "", "code/tests/chapters/series/test_series.py": TEST}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the repository with the new chapter's files."""
    folder = tmp_path_factory.mktemp("house")
    kept = ("code", "report", "notebooks", "book", "toy", "pyproject.toml", "README.md", "conftest.py",
            "constraints.txt", "environment.yml")
    for name in kept:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(
                "__pycache__", "*.egg-info", "*.flac", "build"))
        else:
            shutil.copy(ROOT / name, folder / name)
    notebook = json.loads((ROOT / "notebooks" / "01_dataset.ipynb").read_text())
    cells = [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# 90. Series\n"]}]
    metadata = {name: value for name, value in notebook["metadata"].items() if name != "flow"}
    for name, text in {**NEW, "notebooks/90_series.ipynb": json.dumps({**notebook, "metadata": metadata,
                                                                       "cells": cells})}.items():
        assert not (folder / name).exists()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(house, *command):
    """Run Python in the copy; return what it printed."""
    path = f"{house / 'code'}:{house / 'book'}"
    done = subprocess.run([sys.executable, *map(str, command)], cwd=house, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_commands_record_report_weights_guards_and_picture_find_it_and_no_file_was_edited(house):
    run(house, "code/main.py", "series", "build", "--out", "data/series")
    given = ("--data", "data/series")
    run(house, "code/main.py", "train", "series/short", *given, "--out", "series.pt", "--record")
    figures = json.loads(run(house, "code/main.py", "measure", "series", "--model", "series.pt", *given, "--json", "-"))
    assert abs(figures["factor"] - 0.5) < 0.05
    assert "exact" in run(house, "code/main.py", "rerun", "series/short/seed0", *given)
    table = run(house, "code/main.py", "ablate", "series/short", *given, "--deltas", "longer", "--seeds", 2, "--steps",
                5, "--folder", "build/a")
    assert "longer" in table
    numbers = run(house, "-c", "from tools.report import make\n"
                  "from tools.report.records import Records, find_parts\n"
                  "text = open('report/chapters/studies/series.tex').read()\n"
                  "print(make.numbers(text, Records(), find_parts().derived))")
    assert "series error in thousandths" in numbers and "series/short/factor" in numbers
    assert "series" in run(house, "-c", "from tools.weights import chapters; print(list(chapters()))")
    boxes = run(house, "-c", "import flow; print([box.page for box in flow.boxes_of()])")
    assert "notebooks/90_series.html" in boxes
    guards = run(house, "-m", "pytest", "-q", "-p", "no:cacheprovider", "code/tests/test_layout.py", "--chapter",
                 "series")
    assert "failed" not in guards and "passed" in guards
    for path in sorted((ROOT / "code" / "latentsampler").rglob("*.py")):
        assert (house / path.relative_to(ROOT)).read_bytes() == path.read_bytes()


def test_a_chapter_that_ships_a_file_says_how_it_is_made():
    assert all(callable(module.make) for module in chapters().values())
