"""All ways from knobs to points, measured alike: ``benchmark projection``.

Contents
--------
benchmark   runs -> table
kept        the record of a run, where there is one of the same config and files
model_of    the model that a run needs, trained when it is missing
"""

import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch

from latentsampler.chapters.projection.experiment import RUNS, run
from latentsampler.data.store import NoteDataset
from latentsampler.runtime import records

MODELS = {"regularised-axes": "attribute-regularised", "conditional": "conditional"}  # run -> the autoencoder's run
COLUMNS = ("spearman", "monotone", "crosstalk", "crosstalk_mean", "drift_cents")


def benchmark(data, model, vocoder, models, unheard, names, small, record):
    """Fit and measure some ways.

    With records a run that was cut off goes on: what is recorded already is not run again.

    Parameters
    ----------
    data, model, vocoder, models : pathlib.Path
        Store, ``model.pt``, ``vocoder.pt``, and the folder of models with axes of their own.
    unheard : pathlib.Path or None
        Store of instruments that nothing was trained on.
    names : sequence of str
        Which runs.
    small, record : bool
        A tenth of the notes; write records.

    Returns
    -------
    str
        A table of the runs.
    """
    torch.set_num_threads(1)
    dataset, found = NoteDataset(data), {}
    for name in names:
        config, begin = shrunk(RUNS[name]) if small else RUNS[name], time.perf_counter()
        found[name] = [kept(name, config, dataset, model, vocoder)] if record else [None]
        if found[name][0] is not None:
            continue
        own = model_of(name, model, models, data, small)
        metrics, history = run(config, 0, models / f"{name}.projection.pt", dataset, own, vocoder, unheard)
        found[name] = [{"metrics": metrics}]
        if record:
            origin = records.provenance(time.perf_counter() - begin, dataset.checksum, "cpu",
                                        {"model": own, "vocoder": vocoder})
            records.write_record("projection", name, 0, config, metrics, history, origin)
        print(records.table(found, COLUMNS), flush=True)
    return records.table(found, COLUMNS)


def kept(name, config, dataset, model, vocoder):
    """Return the record of a run with a config on a dataset, of a model and a vocoder; None where there is none.

    A run that trains a model of its own is known by the rest.
    """
    try:
        record = records.read_record("projection", name, 0)
    except FileNotFoundError:
        return None
    inputs = {"vocoder": vocoder, **({} if name in MODELS else {"model": model})}
    origin = record["provenance"]
    same = (record["config"] == asdict(config) and origin["dataset"] == dataset.checksum
            and all(origin["inputs"][key] == records.file_hash(path) for key, path in inputs.items()))
    return record if same else None


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
        subprocess.run([sys.executable, str(main), "train", MODELS[name], "--data", str(data), "--out", str(path),
                        *(["--steps", "10"] if small else [])], check=True)
    return path
