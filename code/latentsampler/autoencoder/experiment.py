"""What is trained here, by name, and how it is measured.

Contents
--------
Config         everything that defines a run, but data and seed
RUNS           name -> Config
build, run     Config -> module; Config + notes -> model.pt, metrics, history
save_model     module + codes of its training notes -> model.pt
encode_all     notes -> codes
principal_axes codes -> their principal axes
"""

from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
from torch.nn import functional

from latentsampler import divergences
from latentsampler.audio import MelConfig
from latentsampler.autoencoder.model import N_PITCHES, AutoEncoder
from latentsampler.dataset.splits import split
from latentsampler.export import save_scripted, source_hash
from latentsampler.metrics import log_spectral_distance, pca_reconstruct
from latentsampler.training import Schedule, train

QUANTILES = (0.005, 0.995)  # of training codes: the range of a latent control


@dataclass(frozen=True)
class Config:
    """Everything that defines a run.

    Parameters
    ----------
    latent_dim, width, depth : int
        Sizes of the networks.
    divergence : str
        Name of a function in ``latentsampler.divergences``.
    weights : dict
        Loss term -> weight: reconstruction (L1 on the log mel), divergence, pitch (cross-entropy).
    mel : MelConfig
        The front-end, with which the notes must agree.
    schedule : Schedule
        How long to train.
    """

    latent_dim: int = 4
    width: int = 128
    depth: int = 4
    divergence: str = "mmd_imq"
    weights: dict = field(default_factory=lambda: {"reconstruction": 1.0, "divergence": 0.3, "pitch": 0.1})
    mel: MelConfig = MelConfig()
    schedule: Schedule = Schedule(steps=1500, batch_size=48, learning_rate=1.5e-3, valid_every=250)


WAE = Config()
RUNS = {
    "wae": WAE,
    # what fits into the demo's ten minutes on two cores, everything included
    "demo": replace(WAE, schedule=replace(WAE.schedule, steps=800, valid_every=200)),
}


def build(config):
    """Return the untrained module of a config."""
    return AutoEncoder(config.latent_dim, config.mel.n_mels, config.mel.n_frames, config.width, config.depth)


def run(config, seed, out, dataset, device="cpu", progress=True):
    """Train on a dataset's training notes and write ``model.pt``.

    Parameters
    ----------
    config : Config
        What to train.
    seed : int
        Fixes initial weights, order of notes and prior samples.
    out : str or pathlib.Path
        The ``model.pt`` to write; ``<out>.ckpt`` beside it lets a killed run go on.
    dataset : NoteDataset
        The notes; split by recording.
    device : str
        ``"cpu"`` or ``"cuda"``.
    progress : bool
        Show a bar.

    Returns
    -------
    metrics : dict
        On test notes: lsd_db (true pitch given), lsd_self_db (pitch estimated), pca_lsd_db, pitch_accuracy,
        mmd, and counts.
    history : list of dict
        One row per validation.

    Raises
    ------
    ValueError
        If the notes' front-end is not the config's.
    """
    if dataset.mel_config != config.mel:
        raise ValueError(f"expected notes with {config.mel}, got {dataset.mel_config}")
    torch.manual_seed(seed)
    module = build(config).to(device)
    parts = split(dataset)
    task = _Task(module, dataset, config, device)
    history = train(module, task.loss, parts.train, config.schedule, seed, config.weights,
                    lambda: task.distance(parts.valid), checkpoint=f"{out}.ckpt",
                    identity=f"{config} {dataset.checksum}", device=device, progress=progress)
    module = module.cpu().eval()
    save_model(module, out, config, dataset, parts.train)
    return _measure(module, dataset, parts, config), history


class _Task:
    """Loss and validation of one run: joins module, notes and device."""

    def __init__(self, module, dataset, config, device):
        self.module, self.config, self.device = module, config, device
        self.mels = torch.from_numpy(np.array(dataset.mels))  # (N, M, T); notes of a course set fit in memory
        self.pitch = dataset.pitch
        self.divergence = getattr(divergences, config.divergence)

    def loss(self, indices):
        mel, pitch = self.mels[indices].to(self.device), self.pitch[indices].to(self.device)
        z, scores = self.module.analyse(mel)
        estimate = self.module.decoder(z, pitch)  # (B, M, T) log mel
        target = torch.where(torch.isnan(pitch), torch.full_like(pitch, N_PITCHES), pitch).round().long()
        return {
            "reconstruction": functional.l1_loss(estimate, self.module.scale(mel)),
            "divergence": self.divergence(z.float(), torch.randn_like(z, dtype=torch.float32)),
            "pitch": functional.cross_entropy(scores, target),
        }

    def distance(self, indices):
        mel, pitch = self.mels[indices].to(self.device), self.pitch[indices].to(self.device)
        return log_spectral_distance(self.module.decode(self.module.encode(mel), pitch), mel).mean()


def save_model(module, out, config, dataset, train_indices):
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
    """
    codes = encode_all(module, dataset, train_indices)  # (n, L)
    low, high = np.quantile(codes, QUANTILES, axis=0)
    pitch = dataset.pitch[train_indices]
    pitched = pitch[~torch.isnan(pitch)]
    save_scripted(module, out, {
        "latent_dim": config.latent_dim, "z_low": low.tolist(), "z_high": high.tolist(),
        "pitch_low": float(pitched.min()), "pitch_high": float(pitched.max()), "mel": asdict(config.mel),
        "axes": principal_axes(codes),
        "created_from": {"dataset": dataset.checksum, "source": source_hash()},
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


def encode_all(module, dataset, indices):
    """Return the points of many notes.

    Parameters
    ----------
    module : torch.nn.Module
        With ``encode``.
    dataset : NoteDataset
        The notes.
    indices : numpy.ndarray
        ``(n,)``.

    Returns
    -------
    numpy.ndarray
        ``(n, latent_dim)``.
    """
    with torch.inference_mode():
        return np.concatenate([module.encode(torch.from_numpy(np.array(dataset.mels[part]))).numpy()
                               for part in np.array_split(indices, max(1, len(indices) // 64))])


def _measure(module, dataset, parts, config):
    mel = torch.from_numpy(np.array(dataset.mels[parts.test]))  # (n, M, T)
    pitch = dataset.pitch[parts.test]
    with torch.inference_mode():
        z, scores = module.analyse(mel)
        known = log_spectral_distance(module.decode(z, pitch), mel)
        alone = log_spectral_distance(module(mel), mel)
        divergence = divergences.mmd_imq(z, torch.randn(z.shape, generator=torch.Generator().manual_seed(0)))
    right = scores.argmax(1) == torch.where(torch.isnan(pitch), torch.full_like(pitch, N_PITCHES), pitch).long()
    return {"lsd_db": float(known.mean()), "lsd_self_db": float(alone.mean()),
            "pca_lsd_db": _pca(module.scale, dataset, parts, config.latent_dim, mel),
            "pitch_accuracy": float(right.float().mean()), "mmd": float(divergence),
            "n_train": len(parts.train), "n_test": len(parts.test),
            "parameters": sum(p.numel() for p in module.parameters())}


def _pca(scale, dataset, parts, latent_dim, mel):
    """Log-spectral distance of PCA at the same latent size: of log mels, pitch not known."""
    train = scale(torch.from_numpy(np.array(dataset.mels[parts.train]))).flatten(1).numpy()  # (n, M T)
    estimate = torch.from_numpy(pca_reconstruct(train, scale(mel).flatten(1).numpy(), latent_dim)).view(mel.shape)
    return float(log_spectral_distance(scale.inverse(estimate), mel).mean())
