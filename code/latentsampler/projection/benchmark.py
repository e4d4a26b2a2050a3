"""All ways from knobs to points, measured alike: ``benchmark projection``.

Contents
--------
benchmark   runs -> table
model_of    the model that a run needs, trained when it is missing
"""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from latentsampler import records
from latentsampler.dataset.store import NoteDataset
from latentsampler.projection.experiment import RUNS, run

CHOSEN = "knobs"
MODELS = {"regularised-axes": "attribute-regularised", "conditional": "conditional"}  # run -> the autoencoder's run
COLUMNS = ("spearman", "monotone", "crosstalk", "crosstalk_mean", "drift_cents")


def benchmark(data, model, vocoder, models, unheard, everything, small, record):
    """Fit and measure the chosen way, or all.

    Parameters
    ----------
    data, model, vocoder, models : pathlib.Path
        Store, ``model.pt``, ``vocoder.pt``, and the folder of models with axes of their own.
    unheard : pathlib.Path or None
        Store of instruments that nothing was trained on.
    everything, small, record : bool
        All runs; a tenth of the notes; write records.

    Returns
    -------
    str
        A table of the runs.
    """
    torch.set_num_threads(1)
    dataset, found = NoteDataset(data), {}
    for name in RUNS if everything else [CHOSEN]:
        config, begin = shrunk(RUNS[name]) if small else RUNS[name], time.perf_counter()
        own = model_of(name, model, models, data)
        metrics, history = run(config, 0, models / f"{name}.projection.pt", dataset, own, vocoder, unheard)
        found[name] = [{"metrics": metrics}]
        if record:
            origin = records.provenance(time.perf_counter() - begin, dataset.checksum, "cpu",
                                        {"model": own, "vocoder": vocoder})
            records.write_record("projection", name, 0, config, metrics, history, origin)
    return records.table(found, COLUMNS)


def shrunk(config):
    """Return a run with a tenth of its notes, for a first look."""
    return replace(config, first=config.first // 10, more=config.more // 10, rounds=min(config.rounds, 1), steps=300,
                   fit_steps=300, sweeps=24, drift_sweeps=4, note_sweeps=min(config.note_sweeps, 8), probes=False)


def model_of(name, model, models, data):
    """Return the path of the model that a run needs: the given one, or one with axes of its own."""
    if name not in MODELS:
        return model
    path = Path(models) / f"{MODELS[name]}.pt"
    if not path.is_file():
        main = Path(__file__).resolve().parents[2] / "main.py"
        subprocess.run([sys.executable, str(main), "train", MODELS[name], "--data", str(data), "--out", str(path)],
                       check=True)
    return path
