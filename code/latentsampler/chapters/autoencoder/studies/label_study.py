"""What unlabelled notes are worth when few have labels, on held-out recordings.

Conventions
-----------
* A cell is one training: ``<model>/labels<per cent>/seed<k>``; the seed fixes weights and which notes have labels.
  Cells are kept in files, so a killed study goes on.
* *labelled only*: the same model and labels, trained on the labelled notes alone. *probe*: a model that was told
  nothing, and a linear probe of what its encoder computes. *marginalised*: all notes, unknown labels summed out.
  *spread*: the same, after labels were spread to close transposed notes. With all labels known the last two are one.
* Accuracies are shares of the test notes, in [0, 1]; distances in dB, at the pitch that the model itself hears.

Contents
--------
Setting, RECORDED, SMALL   what the cells share
cells, run_cell            name -> arguments; one training and its figures
STUDY                      the whole, for ``study autoencoder/labels``

The table is in ``figures_labels``.
"""

import copy
import math
import time
from dataclasses import dataclass, replace

import numpy as np
import torch

from latentsampler.chapters.autoencoder.config import Config
from latentsampler.chapters.autoencoder.experiment import fit
from latentsampler.chapters.autoencoder.labels import CLASSES, known_labels, true_labels
from latentsampler.chapters.autoencoder.studies.notes import CHAPTER, SOURCES, read_notes
from latentsampler.data.splits import split
from latentsampler.experiments.grid import Study
from latentsampler.learning.training import Schedule
from latentsampler.sound import metrics

LABELS = tuple(CLASSES)


@dataclass(frozen=True)
class Setting:
    """What all cells of the study share.

    Attributes
    ----------
    percents : tuple of int
        Notes with labels, per cent.
    seeds : int
        How many.
    pool : int
        Frames per pooled frame.
    width, depth : int
        Of the networks.
    schedule : Schedule
        Steps, batch and learning rate.
    """

    percents: tuple = (1, 10, 100)
    seeds: int = 3
    pool: int = 16
    width: int = 32
    depth: int = 3
    schedule: Schedule = Schedule(steps=300, batch_size=32, learning_rate=4e-3, valid_every=300)


RECORDED = Setting()
SMALL = replace(RECORDED, seeds=1, schedule=replace(RECORDED.schedule, steps=150, valid_every=150))


def cells(setting, sources):
    """Return the cells of a study, seed by seed.

    Parameters
    ----------
    setting : Setting
        Which.
    sources : dict
        ``soundfont``: the store.

    Returns
    -------
    dict
        Name -> arguments of :func:`run_cell`.
    """
    found, store = {}, str(sources["soundfont"])
    for seed in range(setting.seeds):
        found[f"probe/labels0/seed{seed}"] = ("probe", 0, seed, setting, store)
        for percent in setting.percents:
            for model in ("only", "known", "spread") if percent < 100 else ("known",):
                found[f"{model}/labels{percent}/seed{seed}"] = (model, percent, seed, setting, store)
    return found


def config_of(model, percent, setting, mel):
    """Return the ``Config`` of a cell: a run of ``labels`` in the setting's size."""
    labels = f"labels.{'spread' if model == 'spread' else 'known'}_{percent}" if percent else ""
    return Config(width=setting.width, depth=setting.depth, harmonic=False, mel=mel, schedule=setting.schedule,
                  labels=labels,  # the harmonic layer doubles the time of a step, and labels do not ask for it
                  regulariser="labels.LabelledPrior" if percent else "labels.Unlabelled",
                  weights={"reconstruction": 1.0, "pitch": 0.1, "labels": 0.1})


def run_cell(model, percent, seed, setting, store):
    """Train one model with one share of labels, and measure it.

    Parameters
    ----------
    model : str
        "only", "probe", "known" (marginalised) or "spread".
    percent, seed : int
        Notes with labels; seed.
    setting : Setting
        What all share.
    store : str
        The notes.

    Returns
    -------
    dict
        Name -> number; of the probe, accuracies for every share.
    """
    torch.set_num_threads(1)
    notes = copy.copy(read_notes((store,), setting.pool))
    notes.label_seed = seed
    parts = split(notes.datasets[0])
    config = config_of(model, percent, setting, notes.mel_config)
    begin = time.process_time()
    items = parts.train if model == "probe" else _items(notes, parts.train, percent, model == "only", setting)
    fitted, _ = fit(config, seed, notes, parts._replace(train=items), progress=False)
    found = {"seconds": round(time.process_time() - begin, 2), **_sound(fitted, notes, parts.test, seed)}
    if model == "probe":
        return found | _probe(fitted, notes, parts, setting)
    return found | _accuracies(fitted, notes, parts.test) | {"covered": _covered(notes, parts.train, percent)}


def _known(notes, percent):
    """Return which notes have labels, ``(N,)`` bool."""
    return known_labels(notes, percent / 100)["pitch"].numpy() >= 0


def _covered(notes, train, percent):
    """Return the share of the unlabelled training notes of whose recording another note has labels."""
    recording, known = notes.column("Recording"), _known(notes, percent)
    others = train[~known[train]]
    return float(np.isin(recording[others], recording[known]).mean()) if len(others) else 1.0


def _items(notes, train, percent, only, setting):
    """Return the notes to train on: all, or the labelled alone; labelled ones repeated to a third of all at least."""
    labelled = np.flatnonzero(_known(notes, percent))
    others = np.setdiff1d(train, labelled)
    if only:
        return np.tile(labelled, math.ceil(setting.schedule.batch_size / len(labelled)))
    return np.concatenate([others, np.tile(labelled, max(1, math.ceil(0.5 * len(others) / len(labelled))))])


@torch.inference_mode()
def _sound(fitted, notes, test, seed):
    """Distance of test notes from their reconstructions, and of their codes from the prior."""
    from latentsampler.evaluation.two_sample import two_sample_tests

    mel = torch.from_numpy(notes.mels[test])
    log_mel = fitted.module.scale(mel)
    mean, log_variance, _ = fitted.module.posterior(log_mel)
    pitch = fitted.regulariser.conditioning_pitch(notes.pitch[test], log_mel, {})
    torch.manual_seed(seed)
    codes = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
    tests = two_sample_tests(codes.numpy(), fitted.regulariser.sample_prior, seed=seed)
    return {"lsd_db": float(metrics.log_spectral_distance(fitted.module.decode(mean, pitch), mel).mean()),
            "mmd2_effect": tests["mmd2_effect"], "sw2_effect": tests["sw2_effect"]}


@torch.inference_mode()
def _accuracies(fitted, notes, test):
    scores = fitted.regulariser.hear(fitted.module.scale(torch.from_numpy(notes.mels[test])))
    truth = true_labels(notes)
    found = {name: float((scores[name].argmax(1) == truth[name][test]).float().mean()) for name in LABELS}
    return found | {"mean": float(np.mean([*found.values()]))}


def _probe(fitted, notes, parts, setting):
    """Linear probes of what the encoder computes, one per share of labels."""
    from latentsampler.evaluation.probes import probe_accuracies

    with torch.inference_mode():
        features = fitted.module.encoder(fitted.module.scale(torch.from_numpy(notes.mels))).numpy()
    truth = {name: values.tolist() for name, values in true_labels(notes).items()}
    found = {}
    for percent in setting.percents:
        right = probe_accuracies(features, truth, np.flatnonzero(_known(notes, percent)), parts.test)
        accuracies = {name: right[f"linear_{name}"] for name in LABELS}
        accuracies["mean"] = float(np.mean([*accuracies.values()]))
        found |= {f"{name}_{percent}": value for name, value in accuracies.items()}
    return found


def checksum(setting, sources):
    """Return the identity of the study's notes: content and pooling."""
    return read_notes((str(sources["soundfont"]),), setting.pool).checksum


def figures(results):
    """Return the figures of each cell without its time."""
    return {cell: {name: value for name, value in result.items() if name != "seconds"}
            for cell, result in results.items()}


def extras(results):
    """Return the processor seconds of each cell, for the provenance."""
    return {"training_seconds": {name: result["seconds"] for name, result in results.items()}}


def table(record):
    """Return the table of a record and which goals it reaches, as text."""
    from latentsampler.chapters.autoencoder.studies import figures_labels

    return f"{figures_labels.table_labels(record)}\n\n{figures_labels.goals(record)}"


STUDY = Study("what unlabelled notes are worth when few have labels", RECORDED, cells, run_cell, table, checksum,
              {"soundfont": SOURCES["soundfont"]}, small=SMALL, record=(CHAPTER, "labels"), metrics=figures,
              extras=extras)
