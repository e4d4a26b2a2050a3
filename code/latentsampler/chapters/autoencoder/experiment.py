"""What is trained here, by name, and how it is measured.

Contents
--------
Config, RUNS    everything that defines a run, but data and seed; name -> Config, of all files of runs
open_data       path -> notes
INPUTS, OUT     files of other chapters that a run takes: none; name of the file that it writes
ABLATIONS       base -> name of a change -> Config
BETTER, SEARCH  which metrics an ablation judges; which fields a search tries
build, run      Config -> module; Config + notes -> model.pt, metrics, history
measure         model.pt + notes -> figures
fit             Config + notes -> trained module and regulariser, for benchmarks
save_model      module + codes of its training notes -> model.pt
principal_axes  codes -> their principal axes
"""

from dataclasses import asdict

import numpy as np
import torch

from latentsampler.chapters.autoencoder import ablations, attributes, baselines, labels, runs
from latentsampler.chapters.autoencoder import config as configuration
from latentsampler.chapters.autoencoder.config import find
from latentsampler.chapters.autoencoder.model import AutoEncoder
from latentsampler.chapters.autoencoder.objective import Objective, pitch_index
from latentsampler.contract.export import created_from, load_scripted, save_scripted
from latentsampler.contract.playing import encode_notes
from latentsampler.data.opening import open_notes as open_data
from latentsampler.data.splits import split
from latentsampler.learning import divergences
from latentsampler.learning.training import train
from latentsampler.sound.metrics import log_spectral_distance

__all__ = ["ABLATIONS", "BETTER", "INPUTS", "OUT", "RUNS", "SEARCH", "Config", "build", "fit", "measure",
           "open_data", "principal_axes", "run", "save_model"]

QUANTILES = (0.005, 0.995)  # of training codes: the range of a latent control
Config = configuration.Config
RUNS = {**runs.RUNS, **labels.RUNS, **attributes.RUNS}
ABLATIONS = ablations.ABLATIONS
BETTER = {"lsd_db": "lower", "lsd_self_db": "lower", "pitch_accuracy": "higher"}
SEARCH = {"schedule.learning_rate": ("log", 1e-3, 1.6e-2), "reconstruction.l1": ("uniform", 0.0, 1.5),
          "encoder_noise": ("uniform", 0.0, 0.3), "width": ("choice", 32, 64, 96)}


INPUTS, OUT = {}, "model.pt"


def build(config):
    """Return the untrained module of a config."""
    return AutoEncoder(config, find(config.regulariser).random_encoder)


def run(config, seed, out, data, device="cpu", progress=True):
    """Train on a dataset's training notes and write ``model.pt``.

    Parameters
    ----------
    config : Config
        What to train.
    seed : int
        Fixes initial weights, order of notes and prior samples.
    out : str or pathlib.Path
        The ``model.pt`` to write; ``<out>.ckpt`` beside it lets a killed run go on.
    data : NoteDataset
        The notes; split by recording.
    device : str
        ``"cpu"`` or ``"cuda"``.
    progress : bool
        Show a bar.

    Returns
    -------
    metrics : dict
        On test notes: lsd_db (true pitch given), lsd_self_db (pitch estimated), pca_lsd_db, pitch_pca_lsd_db,
        pitch_accuracy, mmd, and counts.
    history : list of dict
        One row per validation.

    Raises
    ------
    ValueError
        If the notes' front-end is not the config's.
    """
    parts = split(data)
    fitted, history = fit(config, seed, data, parts, checkpoint=f"{out}.ckpt", device=device, progress=progress)
    save_model(fitted.module, out, config, data, parts.train, seed)
    return _measure(fitted.module, data, parts, config), history


def measure(model_file, data):
    """Judge a ``model.pt`` on notes: on the part of them that :func:`run` would hold out for the test.

    Parameters
    ----------
    model_file : str or pathlib.Path
        The file.
    data : NoteDataset
        Notes of any source, of the model's front-end.

    Returns
    -------
    dict
        lsd_db (true pitch given), lsd_self_db (pitch estimated), lsd_pca_db and lsd_pitch_pca_db (linear models of the
        same size, fitted on the notes' training part), latent_dim, notes.

    Raises
    ------
    ValueError
        If the notes' front-end is not the model's.
    """
    module, about = load_scripted(model_file, ("latent_dim", "mel"))
    if data.mel_config.to_dict() != about["mel"]:
        raise ValueError(f"expected notes with {about['mel']}, got {data.mel_config.to_dict()}")
    parts = split(data)
    mel, pitch = torch.from_numpy(np.array(data.mels[parts.test])), data.pitch[parts.test]
    with torch.inference_mode():
        known = log_spectral_distance(module.decode(module.encode(mel), pitch), mel)
        alone = log_spectral_distance(module(mel), mel)
    linear = _linear(data, parts, about["latent_dim"])
    return {"lsd_db": float(known.mean()), "lsd_self_db": float(alone.mean()), "lsd_pca_db": linear["pca_lsd_db"],
            "lsd_pitch_pca_db": linear["pitch_pca_lsd_db"], "latent_dim": about["latent_dim"],
            "notes": len(parts.test)}


def fit(config, seed, dataset, parts, checkpoint=None, device="cpu", progress=True):
    """Train on a split of a dataset.

    Parameters
    ----------
    config : Config
        What to train.
    seed : int
        Fixes initial weights, order of notes and every random draw.
    dataset : NoteDataset
        The notes.
    parts : Split
        Those to train on and those to validate with.
    checkpoint : str or pathlib.Path, optional
        Lets a killed run go on.
    device : str
        ``"cpu"`` or ``"cuda"``.
    progress : bool
        Show a bar.

    Returns
    -------
    Objective
        With the trained ``module`` and ``regulariser``, on the CPU, in evaluation mode.
    list of dict
        One row per validation.

    Raises
    ------
    ValueError
        If the notes' front-end is not the config's.
    """
    if dataset.mel_config != config.mel:
        raise ValueError(f"expected notes with {config.mel}, got {dataset.mel_config}")
    torch.manual_seed(seed)
    module = build(config)
    module.decoder.fit(module.scale(torch.from_numpy(np.array(dataset.mels[parts.train]))), dataset.pitch[parts.train])
    regulariser = find(config.regulariser)(config.latent_dim, config.mel.n_mels, config.mel.n_frames, **config.options)
    objective = Objective(module, regulariser, dataset, config, device).to(device)
    history = train(objective, objective.loss, parts.train, config.schedule, seed,
                    {"divergence": regulariser.weight, **config.weights},
                    lambda: objective.distance(parts.valid), checkpoint=checkpoint,
                    identity=f"{config} {dataset.checksum}", device=device, progress=progress)
    return objective.cpu().eval(), history


def save_model(module, out, config, dataset, train_indices, seed):
    """Write ``model.pt`` by the contract: quantiles of the training codes are its latent range.

    Parameters
    ----------
    module : AutoEncoder
        On the CPU.
    out : str or pathlib.Path
        The file.
    config : Config
        What was trained.
    dataset : NoteDataset
        The notes.
    train_indices : numpy.ndarray
        Which of them it was trained on.
    seed : int
        Of the run.
    """
    codes = encode_notes(module, dataset, train_indices).numpy()  # (n, L)
    low, high = np.quantile(codes, QUANTILES, axis=0)
    pitch = dataset.pitch[train_indices]
    pitched = pitch[~torch.isnan(pitch)]
    save_scripted(module, out, {
        "latent_dim": config.latent_dim, "z_low": low.tolist(), "z_high": high.tolist(),
        "pitch_low": float(pitched.min()), "pitch_high": float(pitched.max()), "mel": asdict(config.mel),
        "axes": principal_axes(codes),
        "created_from": created_from(config, seed, dataset.checksum, module),
    }, keep=("forward", "encode", "decode"))


def principal_axes(codes):
    """Return the principal axes of a cloud of codes, for hosts that play fewer controls than dimensions.

    Parameters
    ----------
    codes : numpy.ndarray
        ``(n, latent_dim)``.

    Returns
    -------
    dict
        mean ``(L,)``, directions ``(L, L)`` (rows, by falling variance), low and high ``(L,)``: lists of float.
    """
    mean = codes.mean(axis=0)
    directions = np.linalg.svd(codes - mean, full_matrices=False)[2]  # (L, L)
    low, high = np.quantile((codes - mean) @ directions.T, QUANTILES, axis=0)
    return {"mean": mean.tolist(), "directions": directions.tolist(), "low": low.tolist(), "high": high.tolist()}


def _measure(module, dataset, parts, config):
    mel = torch.from_numpy(np.array(dataset.mels[parts.test]))  # (n, M, T)
    pitch = dataset.pitch[parts.test]
    with torch.inference_mode():
        z, scores = module.analyse(mel)
        known = log_spectral_distance(module.decode(z, pitch), mel)
        alone = log_spectral_distance(module(mel), mel)
        divergence = divergences.mmd_imq(z, torch.randn(z.shape, generator=torch.Generator().manual_seed(0)))
    right = scores.argmax(1) == pitch_index(pitch)
    return {"lsd_db": float(known.mean()), "lsd_self_db": float(alone.mean()),
            **_linear(dataset, parts, config.latent_dim),
            "pitch_accuracy": float(right.float().mean()), "mmd": float(divergence),
            "n_train": len(parts.train), "n_test": len(parts.test),
            "parameters": sum(p.numel() for p in module.parameters())}


def _linear(dataset, parts, latent_dim):
    """Log-spectral distances of the linear baselines of the same size."""
    mel, pitch, found = torch.from_numpy(np.array(dataset.mels[parts.test])), dataset.pitch[parts.test], {}
    for name, baseline in (("pca", baselines.LINEAR["PCA"]), ("pitch_pca", baselines.LINEAR["PitchPCA"])):
        model = baseline(dataset, parts.train, latent_dim)
        estimate = model.decode(model.encode(mel, pitch), pitch)
        found[f"{name}_lsd_db"] = float(log_spectral_distance(estimate, mel).mean())
    return found
