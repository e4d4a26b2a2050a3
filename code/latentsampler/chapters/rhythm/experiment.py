"""What is trained here, by name, and how it is measured.

Contents
--------
Config, RUNS   everything that defines a run, but data and seed; name -> Config
open_data      store or folder of MIDI files -> patterns
build, run     Config -> module; Config + patterns -> rhythm.pt, metrics, history
measure        rhythm.pt + patterns -> figures
evaluate       model + patterns -> figures
"""

import time

import numpy as np
import torch

from latentsampler.chapters.rhythm import attributes, baselines, knobs, pattern, prior
from latentsampler.chapters.rhythm.data import open_data
from latentsampler.chapters.rhythm.measures import copy_scores
from latentsampler.chapters.rhythm.model import RhythmVAE
from latentsampler.chapters.rhythm.objective import Objective
from latentsampler.chapters.rhythm.runs import RUNS, Config
from latentsampler.contract.events import load_events
from latentsampler.learning.training import train

__all__ = ["BETTER", "INPUTS", "OUT", "RUNS", "WITHOUT", "Config", "build", "evaluate", "measure", "open_data", "run"]

OUT = "rhythm.pt"
INPUTS = {}
BETTER = {"onset_f1": "higher", "knob_spearman_min": "higher", "cross_talk_max": "lower"}
SEARCH = {"schedule.learning_rate": ("log", 1e-3, 1e-2), "beta": ("log", 0.01, 1.0), "attribute": ("log", 0.5, 8.0)}
WITHOUT = {}
KEYS = ("deviations", "latent_dim")
N_VALID = 1000  # windows, for the curve


def build(config):
    """Return the untrained module of a config."""
    return RhythmVAE(config.latent_dim, config.conditioned, config.exact, config.width, config.blocks, config.dropout)


def run(config, seed, out, data, device="cpu", progress=True):
    """Train on the training windows and write ``rhythm.pt``.

    Parameters
    ----------
    config : Config
        What to train.
    seed : int
        Fixes initial weights, order of windows and every random draw.
    out : str or pathlib.Path
        The file; ``<out>.ckpt`` beside it lets a killed run go on.
    data : Patterns
        With windows of the splits train and validation.
    device : str
        ``"cpu"``; patterns are too small for another.
    progress : bool
        Show a bar.

    Returns
    -------
    metrics : dict
        Of :func:`evaluate` on the windows held out, ``train_onset_f1``, and counts; ``baselines`` and ``prior``.
    history : list of dict
        One row per validation; ``valid`` is 1 - F1.

    Raises
    ------
    ValueError
        If no window is in the training split.
    """
    indices, valid = data.indices("train", bars=False), data.indices("validation")
    if not len(indices):
        raise ValueError("expected windows of the split 'train', found none")
    torch.manual_seed(seed)
    objective = Objective(build(config), data.patterns, config).to(device)
    measured = attributes.measure(objective.batch(indices[::5]))
    for module in (objective.module, objective.averaged):
        module.fit(measured)
    history = train(objective, objective.loss, indices, config.schedule, seed,
                    validate=lambda: objective.validate(valid[::max(1, len(valid) // N_VALID)]),
                    checkpoint=f"{out}.ckpt", identity=f"{config} {data.checksum}", device=device, progress=progress)
    module = objective.averaged.cpu().eval()
    bars = data.indices("train")
    with torch.inference_mode():
        codes = module.encode(objective.batch(bars))
    model = pattern.export(module, codes.clone(), out, data.checksum, config.refine)
    held_out = data.held_out()
    metrics = evaluate(model, data, held_out, torch.tensor(module.scale.tolist()))
    sample = bars[::max(1, len(bars) // len(held_out))]
    metrics |= {"train_onset_f1": copies(model, data, sample)["onset_f1"], "n_train": len(indices),
                "n_held_out": len(held_out), "parameters": sum(p.numel() for p in module.parameters())}
    metrics["baselines"] = baselines.compare(data, bars, held_out, config.latent_dim)
    metrics["prior"] = prior.compare(model, codes, data, bars, held_out, seed)
    return metrics, history


def copies(model, data, indices):
    """Return the figures of a model's copies of some windows."""
    patterns = torch.from_numpy(data.patterns[indices].astype(np.float32))
    with torch.inference_mode():
        return copy_scores(model.decode(model.encode(patterns)), patterns, data.step_ms(indices))


def evaluate(model, data, indices, deviations):
    """Return the figures of a model on some windows.

    Parameters
    ----------
    model : torch.nn.Module
        With encode, decode, turn and knobs.
    data : Patterns
        The windows.
    indices : numpy.ndarray
        Which of them.
    deviations : torch.Tensor
        ``(6,)``, of the attributes in training.

    Returns
    -------
    dict
        onset_f1, onset_mcc, velocity_mae, timing_mae_steps, timing_mae_ms, timing_of_flat (share of a flat grid's
        error on the same onsets), and what `knobs.figures` gives.
    """
    patterns = torch.from_numpy(data.patterns[indices].astype(np.float32))
    with torch.inference_mode():
        z = model.encode(patterns)
        decoded = model.decode(z)
    scores = copy_scores(decoded, patterns, data.step_ms(indices))
    both = (decoded[:, 0] > 0.5) & (patterns[:, 0] > 0.5)
    scores["timing_of_flat"] = scores["timing_mae_steps"] / float(patterns[:, 2][both].abs().mean())
    return {**scores, **knobs.figures(*knobs.effects(model, z, deviations))}


def measure(model_file, data):
    """Return the figures of a ``rhythm.pt`` on patterns: of their test split, else validation, else on all.

    Parameters
    ----------
    model_file : str or pathlib.Path
        The file.
    data : Patterns
        From :func:`open_data`.

    Returns
    -------
    dict
        onset_f1, onset_mcc, velocity_mae, timing_mae_ms, timing_mae_steps, timing_of_flat, knob_spearman_min,
        knob_monotone_min, cross_talk_max, those per knob, n_windows and decode_ms (median, one pattern).

    Raises
    ------
    ValueError
        If the file is a pattern model of another kind.
    """
    model, about = load_events(model_file)
    missing = [key for key in KEYS if key not in about]
    if missing or not hasattr(model, "encode"):
        raise ValueError(f"expected a rhythm model with encode, decode and {', '.join(KEYS)}, got {model_file}")
    held_out = data.held_out()
    figures = evaluate(model, data, held_out, torch.tensor(about["deviations"]))
    return {**figures, "n_windows": len(held_out), "decode_ms": decode_ms(model, about["latent_dim"])}


def decode_ms(model, size, repeats=50):
    """Return the median time of decoding one point, in milliseconds of this thread."""
    z, times = torch.zeros(1, size), []
    with torch.inference_mode():
        for _ in range(repeats + 5):
            begin = time.thread_time()
            model.decode(z)
            times.append(time.thread_time() - begin)
    return 1000.0 * float(np.median(times[5:]))
