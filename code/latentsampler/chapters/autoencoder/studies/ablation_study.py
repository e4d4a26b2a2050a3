"""What each choice of the default is worth, on pooled notes of both stores: small enough for all changes and seeds.

The changes are those of ``ablations``; ``code/main.py ablate autoencoder/wae-reduced`` runs the same on whole mels.

Contents
--------
Setting            what the cells share
RECORDED, SMALL    the two settings
run_cell           one training
cells              name -> arguments of run_cell
STUDY              the whole, for ``study autoencoder/ablation``
table_ablations    a record -> differences to the base, with intervals, as text
"""

import math
from dataclasses import dataclass, replace

import torch

from latentsampler.chapters.autoencoder.ablations import ABLATIONS
from latentsampler.chapters.autoencoder.experiment import fit
from latentsampler.chapters.autoencoder.runs import REDUCED
from latentsampler.chapters.autoencoder.studies.notes import CHAPTER, SOURCES, checksum, divide, read_notes, stores_of
from latentsampler.evaluation.statistics import paired_difference
from latentsampler.experiments.grid import Study
from latentsampler.learning.training import Schedule
from latentsampler.sound.metrics import log_spectral_distance

BASE = "default"
COLUMNS = {"lsd_db": "held-out recordings", "known_lsd_db": "known recordings", "factors_lsd_db": "toy notes"}


@dataclass(frozen=True)
class Setting:
    """What all cells share.

    Parameters
    ----------
    configs : dict
        Name -> Config on whole mels; the base first.
    seeds : int
        How many.
    pool : int
        Frames per pooled frame, a power of four; a layer less for each.
    schedule : Schedule
        Steps, batch and learning rate.
    """

    configs: dict
    seeds: int = 3
    pool: int = 4
    schedule: Schedule = Schedule(steps=300, batch_size=32, learning_rate=4e-3, valid_every=300)


RECORDED = Setting({BASE: REDUCED, **ABLATIONS["wae-reduced"]})
SMALL = replace(RECORDED, seeds=2, schedule=replace(RECORDED.schedule, steps=60, valid_every=60))


def pooled(config, setting, mel):
    """Return a config for pooled notes: a layer less for every pooling by four.

    Parameters
    ----------
    config : Config
        On whole mels.
    setting : Setting
        With the pooling.
    mel : MelConfig
        Of the pooled notes.

    Returns
    -------
    Config
        The config of a cell.
    """
    return replace(config, depth=config.depth - int(math.log2(setting.pool) / 2), mel=mel, schedule=setting.schedule)


def run_cell(name, seed, setting, stores):
    """Train one config with one seed, and measure it.

    Parameters
    ----------
    name : str
        One of ``setting.configs``.
    seed : int
        Seed.
    setting : Setting
        What all share.
    stores : sequence of str
        The notes; the last ones are the toy set's.

    Returns
    -------
    dict
        Name of ``COLUMNS`` -> log-spectral distance in dB.
    """
    torch.set_num_threads(1)
    notes = read_notes(stores, setting.pool)
    parts = divide(notes)
    module = fit(pooled(setting.configs[name], setting, notes.mel_config), seed, notes, parts, progress=False)[0].module
    first, last = notes.source[parts.test] == 0, notes.source[parts.test] == notes.source.max()
    chosen = (parts.test[first], parts.known[notes.source[parts.known] == 0], parts.test[last])
    found = {}
    for column, part in zip(COLUMNS, chosen, strict=True):
        mel = torch.from_numpy(notes.mels[part])  # (n, M, T)
        with torch.inference_mode():
            estimate = module.decode(module.encode(mel), notes.pitch[part])
        found[column] = float(log_spectral_distance(estimate, mel).mean())
    return found


def cells(setting, sources):
    """Return the cells: config by seed."""
    return {f"{name}/seed{seed}": (name, seed, setting, stores_of(sources))
            for seed in range(setting.seeds) for name in setting.configs}


def identity(setting, sources, cell):
    """Return what a cell's name does not tell; the number of seeds is none of it."""
    return f"{replace(setting, seeds=0)} {checksum(setting, sources)}"


def table_ablations(record):
    """Return the table of a record: the base's distances, and what each change adds to them.

    Parameters
    ----------
    record : dict
        From ``records.read_record``.

    Returns
    -------
    str
        Mean difference in dB over seeds with its 95 % interval; "better" and "worse" where that excludes zero.
    """
    seeds, cells = range(record["config"]["seeds"]), record["metrics"]
    names = list(dict.fromkeys(name.rpartition("/")[0] for name in cells))
    base = {column: [cells[f"{BASE}/seed{k}"][column] for k in seeds] for column in COLUMNS}
    lines = [f"{'dB':22s}" + "".join(f"{text:>34s}" for text in COLUMNS.values()),
             f"{BASE:22s}" + "".join(f"{sum(values) / len(values):34.2f}" for values in base.values())]
    for name in names:
        if name != BASE:
            pairs = {column: [cells[f"{name}/seed{k}"][column] for k in seeds] for column in COLUMNS}
            lines.append(f"{name:22s}" + "".join(
                f"{_difference(values, base[column]):>34s}" for column, values in pairs.items()))
    return "\n".join(lines)


def _difference(values, base):
    if len(values) < 2:
        return f"{values[0] - base[0]:+.2f}"
    found = paired_difference(values, base)
    word = "better" if found.high < 0 else "worse" if found.low > 0 else ""
    return f"{found.value:+.2f} [{found.low:+.2f}, {found.high:+.2f}] {word:6s}"


STUDY = Study("the default with one thing changed at a time", RECORDED, cells, run_cell, table_ablations, checksum,
              SOURCES, small=SMALL, record=(CHAPTER, "ablation"), identity=identity)
