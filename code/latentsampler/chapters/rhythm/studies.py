"""What is compared here: ``study rhythm/variants``.

All runs of the chapter but the long ones, trained for as many steps and measured on the same held-out windows: three
ways to control, sizes of the latent space, weights of the divergence and its warm-up.

Contents
--------
STUDIES   name -> Study
run_cell  one variant, one seed
table     record -> text
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from latentsampler.chapters.rhythm import experiment
from latentsampler.chapters.rhythm.data import Patterns
from latentsampler.experiments.grid import Study

KEYS = ("onset_f1", "onset_mcc", "velocity_mae", "timing_mae_steps", "timing_of_flat", "knob_spearman_min",
        "knob_monotone_min", "cross_talk_max", "train_onset_f1")


@dataclass(frozen=True)
class Setting:
    """What all cells share.

    Parameters
    ----------
    steps : int
        Of every run.
    seeds : int
        Runs of each variant.
    every : int
        Of the held-out windows, one in so many is measured.
    variants : tuple of str
        Names in ``RUNS``.
    """

    steps: int = 1500
    every: int = 4
    seeds: int = 1
    variants: tuple = tuple(name for name in experiment.RUNS if name not in ("shipped", "long"))


def run_cell(name, seed, setting, path):
    """Train and measure one variant.

    Parameters
    ----------
    name : str
        In ``RUNS``.
    seed : int
        Of the run.
    setting : Setting
        How long.
    path : str
        Of the patterns.

    Returns
    -------
    dict
        Figures on held-out windows, and ``kl_ratio``, ``new`` of samples from the prior.
    """
    torch.set_num_threads(1)
    config = experiment.RUNS[name]
    config = replace(config, schedule=replace(config.schedule, steps=setting.steps))
    with tempfile.TemporaryDirectory() as folder:
        metrics, history = experiment.run(config, seed, Path(folder) / "rhythm.pt",
                                          _fewer(experiment.open_data(path), setting.every), progress=False)
    return {**{key: metrics[key] for key in KEYS}, "kl_nats": history[-1]["kl"] / max(config.beta, 1e-9),
            "prior_kl_ratio": metrics["prior"]["kl_ratio"], "prior_new": metrics["prior"]["new"]}


def _fewer(data, every):
    """Return patterns with fewer held-out windows; the training windows stay."""
    held_out = set(data.held_out()[::every].tolist())
    kept = [index for index, row in enumerate(data.table) if row["split"] == "train" or index in held_out]
    return Patterns(data.patterns[kept], [data.table[index] for index in kept])


def table(record):
    """Return the table of all variants."""
    columns = ("onset_f1", "velocity_mae", "timing_of_flat", "knob_spearman_min", "cross_talk_max", "kl_nats")
    lines = [f"{'':24s}" + "".join(f"{name:>18s}" for name in columns)]
    for cell, figures in record["metrics"].items():
        lines.append(f"{cell:24s}" + "".join(f"{figures[name]:18.3f}" for name in columns))
    return "\n".join(lines)


def _cells(setting, sources):
    return {f"{name}/seed{seed}": (name, seed, setting, str(sources["data"])) for seed in range(setting.seeds)
            for name in setting.variants}


STUDIES = {"variants": Study(
    "three ways to control, sizes, and weights of the divergence, at equal steps", Setting(), _cells, run_cell, table,
    lambda setting, sources: experiment.open_data(sources["data"]).checksum, {"data": "build/rhythm"},
    small=Setting(steps=20, variants=("short", "axis")), record=("rhythm-study", "variants"))}
