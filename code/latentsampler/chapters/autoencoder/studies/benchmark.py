"""Every way to tie codes to a prior, and their baselines, under one budget: which differences hold.

Conventions
-----------
* One setting for all: the same pooled notes of both stores, networks, steps, batch and learning rate. Only the
  regulariser differs, with the weight that its class names.
* A cell is one training: ``<method>/size<L>/seed<k>``. Its figures are kept in a file as soon as it ends, so a killed
  benchmark goes on, and nothing is trained twice.
* A row of PCA has no seed of its own; it is there to keep the others honest.

Contents
--------
Setting            what the cells share
RECORDED, SMALL    the two settings
cells              Setting -> name -> arguments of :func:`run_cell`
run_cell           one training and its figures
STUDY              the whole, for ``study autoencoder/divergences``
"""

import time
from dataclasses import dataclass, replace

import torch

from latentsampler.chapters.autoencoder import baselines
from latentsampler.chapters.autoencoder.config import Config
from latentsampler.chapters.autoencoder.experiment import fit
from latentsampler.chapters.autoencoder.studies import comparison, measures
from latentsampler.chapters.autoencoder.studies.notes import CHAPTER, SOURCES, checksum, divide, read_notes, stores_of
from latentsampler.experiments.grid import Study
from latentsampler.learning import regularisers
from latentsampler.learning.training import Schedule

BASE = "Plain"  # the method that the others are compared with
OWN = tuple(method.__name__ for method in regularisers.METHODS)
LINEAR, PYTHAE = tuple(baselines.LINEAR), tuple(baselines.PYTHAE)
AT_ALL_SIZES = ("Plain", "KullbackLeibler", "MMDGaussian", "SlicedWasserstein", *LINEAR)


@dataclass(frozen=True)
class Setting:
    """What all cells of a benchmark share.

    Parameters
    ----------
    methods : tuple of str
        Classes of ``regularisers``, and names of ``baselines``.
    sizes : tuple of int
        Latent sizes of the methods that run at several; all others run at the first.
    seeds : int
        How many.
    pool : int
        Frames per pooled frame.
    width, depth : int
        Of the networks.
    schedule : Schedule
        Steps, batch and learning rate.
    """

    methods: tuple = (*LINEAR, *OWN, *PYTHAE)
    sizes: tuple = (4, 2, 8, 16)
    seeds: int = 3
    pool: int = 4
    width: int = 48
    depth: int = 3
    schedule: Schedule = Schedule(steps=600, batch_size=32, learning_rate=4e-3, valid_every=600)


RECORDED = Setting()
SMALL = replace(RECORDED, sizes=(4,), seeds=1, schedule=replace(RECORDED.schedule, steps=100, valid_every=100))


def config_of(method, size, setting, mel):
    """Return the ``Config`` of a cell's network: the chapter's default in the setting's size."""
    regulariser = f"regularisers.{method}" if method in OWN else Config().regulariser
    return Config(latent_dim=size, width=setting.width, depth=setting.depth, regulariser=regulariser, mel=mel,
                  schedule=setting.schedule)


def weight_of(method):
    """Return the weight of a method's divergence."""
    return float(getattr(regularisers, method).weight) if method in OWN else 0.0


def cells(setting, sources):
    """Return the cells of a benchmark in the order in which they should run: seed by seed, so that rows stay whole.

    Parameters
    ----------
    setting : Setting
        Which.
    sources : dict
        ``soundfont`` and ``toy``: stores; the last one has true factors.

    Returns
    -------
    dict
        Name -> arguments of :func:`run_cell`.
    """
    found, stores = {}, stores_of(sources)
    for seed in range(setting.seeds):
        for method in setting.methods:
            if seed and method in LINEAR:
                continue
            for size in setting.sizes if method in AT_ALL_SIZES else setting.sizes[:1]:
                found[f"{method}/size{size}/seed{seed}"] = (method, size, seed, setting, stores)
    return found


def run_cell(method, size, seed, setting, stores):
    """Train one method at one size with one seed, and measure it.

    Parameters
    ----------
    method : str
        A name of ``setting.methods``.
    size, seed : int
        Latent size, and seed.
    setting : Setting
        What all share.
    stores : sequence of str
        The notes.

    Returns
    -------
    dict
        ``metrics`` (name -> number), ``seconds`` of training on one core, and ``weight`` of the divergence.
    """
    torch.set_num_threads(1)
    notes = read_notes(stores, setting.pool)
    parts, config = divide(notes), config_of(method, size, setting, notes.mel_config)
    begin = time.process_time()
    if method in LINEAR:
        model = baselines.LINEAR[method](notes, parts.train, size)
    elif method in OWN:
        model = measures.Trained(fit(config, seed, notes, parts, progress=False)[0])
    else:
        model = baselines.train_pythae(method, config, seed, notes, parts)
    seconds = time.process_time() - begin
    if method in PYTHAE:  # its epochs are whole
        seconds = model.seconds_before + model.seconds_per_step * setting.schedule.steps
    return {"metrics": measures.measure(model, notes, parts, seed), "seconds": round(seconds, 2),
            "weight": weight_of(method)}


def identity(setting, sources, cell):
    """Return what a cell's name does not tell: more rows leave those that are done as they are."""
    shared = replace(setting, methods=(), sizes=(), seeds=0)
    method = cell.split("/")[0]
    return (f"{shared} {config_of(method, 4, setting, None)} weight {weight_of(method)} "
            f"{checksum(setting, sources)}")


def extras(results):
    """Return what the provenance says of results: processor seconds of each cell, weight of each method."""
    return {"training_seconds": {name: result["seconds"] for name, result in results.items()},
            "weights": {name.split("/")[0]: result["weight"] for name, result in results.items()}}


def figures(results):
    """Return the figures of each cell."""
    return {name: result["metrics"] for name, result in results.items()}


def table(record):
    """Return the table of a record and what can be read from it, as text."""
    return f"{comparison.table_divergences(record)}\n\n{comparison.reading(record)}"


STUDY = Study(
    "every way to tie codes to a prior, under one budget", RECORDED, cells, run_cell, table, checksum, SOURCES,
    small=SMALL, record=(CHAPTER, "divergences"), identity=identity, metrics=figures, extras=extras)
