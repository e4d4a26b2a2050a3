"""Trained on one set, tested on another: what carries over.

Three training sets (the toy set, SoundFont notes, both) by three test sets, over seeds. A model is tested on held-out
recordings only, also of the set that it was trained on.

Contents
--------
Setting             what the cells share
RECORDED, SMALL     the two settings
run_cell            one training, tested on all sets
cells               name -> arguments of run_cell
STUDY               the whole, for ``study autoencoder/transfer``
table_transfer      a record -> the table as text
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from latentsampler.chapters.autoencoder.config import Config
from latentsampler.chapters.autoencoder.experiment import fit
from latentsampler.chapters.autoencoder.studies.notes import CHAPTER, SOURCES, checksum, divide, read_notes, stores_of
from latentsampler.experiments.grid import Study
from latentsampler.learning.training import Schedule
from latentsampler.sound.metrics import log_spectral_distance

SETS = ("soundfont", "toy")  # the order of stores; "both" comes last


@dataclass(frozen=True)
class Setting:
    """What all cells share.

    Parameters
    ----------
    seeds : int
        How many.
    pool : int
        Frames per pooled frame.
    config : Config
        What is trained; its front-end is the notes'.
    """

    seeds: int = 3
    pool: int = 4
    config: Config = Config(width=48, depth=3, schedule=Schedule(steps=300, batch_size=32, learning_rate=4e-3,
                                                                 valid_every=300))


RECORDED = Setting()
SMALL = replace(RECORDED, seeds=1, config=replace(
    RECORDED.config, schedule=replace(RECORDED.config.schedule, steps=100, valid_every=100)))


def run_cell(trained_on, seed, setting, stores):
    """Train on one set and test on all.

    Parameters
    ----------
    trained_on : str
        One of ``SETS``, or "both".
    seed : int
        Seed.
    setting : Setting
        What all share.
    stores : sequence of str
        Stores, in the order of ``SETS``.

    Returns
    -------
    dict
        Test set -> log-spectral distance in dB on its held-out recordings.
    """
    torch.set_num_threads(1)
    notes = read_notes(stores, setting.pool)
    parts = divide(notes)
    if trained_on != "both":
        own = SETS.index(trained_on)
        parts = parts._replace(**{name: part[notes.source[part] == own] for name, part in parts._asdict().items()
                                  if name != "test"})
    module = fit(replace(setting.config, mel=notes.mel_config), seed, notes, parts, progress=False)[0].module
    mel = torch.from_numpy(notes.mels[parts.test])  # (n, M, T)
    with torch.inference_mode():
        estimate = module.decode(module.encode(mel), notes.pitch[parts.test])
    distance = log_spectral_distance(estimate, mel).numpy()  # (n,) dB
    means = {name: float(distance[notes.source[parts.test] == k].mean()) for k, name in enumerate(SETS)}
    return {**means, "both": float(np.mean(list(means.values())))}  # each set counts alike


def cells(setting, sources):
    """Return the cells: training set by seed."""
    return {f"{name}/seed{seed}": (name, seed, setting, stores_of(sources))
            for seed in range(setting.seeds) for name in (*SETS, "both")}


def table_transfer(record):
    """Return the table of a record: rows are training sets, columns test sets.

    Parameters
    ----------
    record : dict
        From ``records.read_record``.

    Returns
    -------
    str
        Log-spectral distance in dB on held-out recordings, mean over seeds and deviation.
    """
    columns = (*SETS, "both")
    lines = [f"{'trained on':14s}" + "".join(f"{'on ' + name:>16s}" for name in columns)]
    for row in columns:
        cells = [cell for name, cell in record["metrics"].items() if name.startswith(f"{row}/")]
        figures = [np.array([cell[column] for cell in cells]) for column in columns]
        lines.append(f"{row:14s}" + "".join(
            f"{values.mean():9.2f}" + (f" +- {values.std(ddof=1):3.2f}" if len(values) > 1 else " " * 7)
            for values in figures))
    return "\n".join(lines)


STUDY = Study("trained on one set of notes, tested on another", RECORDED, cells, run_cell, table_transfer, checksum,
              SOURCES, small=SMALL, record=(CHAPTER, "transfer"))
