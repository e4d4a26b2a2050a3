"""All ways from knobs to points, measured alike: ``study projection/methods``.

Contents
--------
STUDIES    the one study
cells      run -> arguments of run_cell
run_cell   one run, with the model that it needs
model_of   the model that a run needs, trained when it is missing
shrunk     a run with a tenth of its notes
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from latentsampler.chapters.projection.experiment import INPUTS, RUNS, open_data, run
from latentsampler.experiments.grid import Study
from latentsampler.runtime import records
from latentsampler.runtime.identity import as_json, path_hash

MODELS = {"regularised-axes": "attribute-regularised", "conditional": "conditional"}  # run -> the autoencoder's run
COLUMNS = ("spearman", "monotone", "crosstalk", "crosstalk_mean", "drift_cents")
SOURCES = {"data": "build/weights/notes", "model": "patch/model.pt", "vocoder": "patch/vocoder.pt",
           "models": "build/projection"}


@dataclass(frozen=True)
class Setting:
    """What is compared.

    Parameters
    ----------
    runs : tuple of str
        Entries of ``RUNS``.
    small : bool
        With a tenth of the notes.
    """

    runs: tuple = tuple(RUNS)
    small: bool = False


def cells(setting, sources):
    """Return run -> arguments of :func:`run_cell`."""
    return {name: (name, setting.small, {key: str(path) for key, path in sources.items()}) for name in setting.runs}


def run_cell(name, small, sources):
    """Fit and measure one way.

    Parameters
    ----------
    name : str
        Of ``RUNS``.
    small : bool
        With a tenth of its notes.
    sources : dict
        data (store), model, vocoder (files), models (folder of models with axes of their own).

    Returns
    -------
    dict
        Figures, as ``run`` gives them.
    """
    torch.set_num_threads(1)
    config = shrunk(RUNS[name]) if small else RUNS[name]
    paths = {"model": model_of(name, sources["model"], sources["models"], sources["data"], small),
             "vocoder": sources["vocoder"]}
    with tempfile.TemporaryDirectory() as folder:
        return run(config, 0, Path(folder) / "projection.pt", open_data(sources["data"]), progress=False,
                   **{key: INPUTS[key](path) for key, path in paths.items()})[0]


def identity(setting, sources, cell):
    """Return what a cell's name does not tell: config, notes, model and vocoder."""
    files = {key: path_hash(sources[key]) for key in ("model", "vocoder")}
    return f"{as_json(RUNS[cell])} small {setting.small} {checksum(setting, sources)} {files}"


def checksum(setting, sources):
    """Return the identity of the notes."""
    return open_data(sources["data"]).checksum


def table(record):
    """Return a row per way, as text."""
    return records.table({name: [{"metrics": figures}] for name, figures in record["metrics"].items()}, COLUMNS)


def shrunk(config):
    """Return a run with a tenth of its notes, for a first look."""
    return replace(config, first=config.first // 10, more=config.more // 10, turned=config.turned // 10,
                   rounds=min(config.rounds, 1), steps=config.steps // 10, fit_steps=10,
                   sweeps=24, drift_sweeps=4, note_sweeps=min(config.note_sweeps, 8), probes=False)


def model_of(name, model, models, data, small=False):
    """Return the path of the model that a run needs: the given one, or one with axes of its own."""
    if name not in MODELS:
        return model
    path = Path(models) / f"{MODELS[name]}{'-small' if small else ''}.pt"
    if not path.is_file():
        main = Path(__file__).resolve().parents[3] / "main.py"
        subprocess.run([sys.executable, str(main), "train", f"autoencoder/{MODELS[name]}", "--data", str(data), "--out",
                        str(path), *(["--steps", "10"] if small else [])], check=True)
    return path


STUDIES = {"methods": Study("all ways from knobs to points, measured on rendered notes (about 30 core-minutes)",
                            Setting(), cells, run_cell, table, checksum, SOURCES, small=Setting(small=True),
                            identity=identity, record=("projection-benchmark", "methods"))}
