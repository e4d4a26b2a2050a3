"""What is trained here, by name, and how it is measured.

Contents
--------
build, run   Config -> module; Config + notes -> vocoder.pt, metrics, history
open_data    path -> notes; INPUTS and OUT: a model.pt, and the file that a run writes
measure      vocoder.pt + notes -> figures
figures      a module's figures on some notes
baseline     Griffin-Lim's figures on the same
seconds_per_second   what a second of sound costs
"""

import time
from dataclasses import asdict
from functools import partial

import numpy as np
import torch

from latentsampler.chapters.vocoder import losses, networks
from latentsampler.chapters.vocoder.runs import ABLATIONS, BETTER, RUNS, Config
from latentsampler.contract.export import created_from, load_scripted, save_scripted
from latentsampler.data.opening import open_notes as open_data
from latentsampler.data.splits import split
from latentsampler.learning.training import train
from latentsampler.sound.audio import mel_spectrogram
from latentsampler.sound.griffin_lim import griffin_lim_from_mel
from latentsampler.sound.metrics import log_spectral_distance, spectral_convergence

__all__ = ["ABLATIONS", "BETTER", "INPUTS", "OUT", "RUNS", "Config", "baseline", "build", "figures", "measure",
           "open_data", "run", "seconds_per_second"]
OUT = "vocoder.pt"


def _module(path):
    return load_scripted(path)[0]


INPUTS = {"model": _module}


def build(config):
    """Return the untrained module of a config."""
    return getattr(networks, config.network)(config.mel, **config.sizes)


def run(config, seed, out, data, device="cpu", progress=True, model=None):
    """Train on the training notes of a dataset and write ``vocoder.pt``.

    Parameters
    ----------
    config : Config
        What to train.
    seed : int
        Fixes initial weights and order of notes.
    out : str or pathlib.Path
        The ``vocoder.pt`` to write; ``<out>.ckpt`` beside it lets a killed run go on.
    data : NoteDataset
        The notes; split by recording.
    device : str
        ``"cpu"`` or ``"cuda"``.
    progress : bool
        Show a bar.
    model : torch.nn.Module, optional
        A loaded ``model.pt``, whose decoded mels are trained on and measured, too.

    Returns
    -------
    metrics : dict
        On test notes: sc_db, lsd_db, counts; with a model, a second set whose names begin with ``decoded_``.
    history : list of dict
        One row per validation.

    Raises
    ------
    ValueError
        If the notes' front-end is not the config's, or a model is needed and not given.
    """
    if config.decoded and model is None:
        raise ValueError(f"expected a model.pt, because {config.decoded:.0%} of the mels are decoded ones; "
                         "give one with --model")
    if data.mel_config != config.mel:
        raise ValueError(f"expected notes with {config.mel}, got {data.mel_config}")
    torch.manual_seed(seed)
    module = build(config).to(device)
    parts = split(data)
    decoded = None if model is None else float(through(model, *notes(data, parts.train[:1])[1:]).double().sum())
    task = _Task(module, data, config, model, device)  # another model's mels make another run
    history = train(module, task.loss, parts.train, config.schedule, seed, config.weights,
                    lambda: task.convergence(parts.valid[:96]), checkpoint=f"{out}.ckpt",
                    identity=f"{config} {data.checksum} {decoded}", device=device, progress=progress)
    module = module.cpu().eval()
    save_vocoder(module, out, config, data.checksum, seed)
    metrics = {**figures(module, data, parts.test), "n_test": len(parts.test),
               "parameters": sum(p.numel() for p in module.parameters())}
    if model is not None:
        metrics |= {f"decoded_{name}": value for name, value in figures(module, data, parts.test, model).items()}
    return metrics, history


def measure(model_file, data, model=None):
    """Judge a ``vocoder.pt`` on notes: on the part of them that :func:`run` would hold out for the test.

    Parameters
    ----------
    model_file : str or pathlib.Path
        The file.
    data : NoteDataset
        Notes of any source, of the vocoder's front-end.
    model : torch.nn.Module, optional
        A loaded ``model.pt``, whose decoded mels are measured, too.

    Returns
    -------
    dict
        sc_db and lsd_db from clean mels; griffin_lim_sc_db and griffin_lim_lsd_db of Griffin-Lim-60; ms_per_second of
        one core; crest_excess_db, by how much the crest factor exceeds the original's (median); with a model also
        decoded_sc_db and decoded_lsd_db.

    Raises
    ------
    ValueError
        If the notes' front-end is not the vocoder's.
    """
    module, about = load_scripted(model_file, ("mel", "needs_pitch"))
    if data.mel_config.to_dict() != about["mel"]:
        raise ValueError(f"expected notes with {about['mel']}, got {data.mel_config.to_dict()}")
    vocoder, test = Loaded(module, about["needs_pitch"]), split(data).test
    rival = baseline(data, test)
    found = {**figures(vocoder, data, test), "griffin_lim_sc_db": rival["sc_db"], "griffin_lim_lsd_db": rival["lsd_db"],
             "ms_per_second": 1000.0 * seconds_per_second(vocoder, data),
             "crest_excess_db": _crest_excess(vocoder, data, test), "notes": len(test)}
    if model is not None:
        found |= {f"decoded_{name}": value for name, value in figures(vocoder, data, test, model).items()}
    return found


def _crest_excess(vocoder, data, indices):
    """Return the median over notes of the crest factor's excess over the original's, in dB."""
    def crest(x):
        return 20.0 * torch.log10(x.abs().amax(1) / x.square().mean(1).sqrt().clamp(min=1e-9))

    excess = []
    with torch.inference_mode():
        for part in np.array_split(indices, max(1, len(indices) // 16)):
            waveform, mel, pitch = notes(data, part)
            excess.append(crest(apply(vocoder, mel, pitch)) - crest(waveform))
    return float(torch.cat(excess).median())


class _Task:
    """Loss and validation of one run: joins module, notes and device."""

    def __init__(self, module, dataset, config, model, device):
        self.module, self.dataset, self.config, self.device = module, dataset, config, device
        self.model = model.to(device) if model is not None else None
        self.terms = getattr(losses, config.terms)

    def loss(self, indices):
        waveform, mel, pitch = (x.to(self.device) for x in notes(self.dataset, indices))
        n = round(self.config.decoded * len(mel))
        if n:
            mel = torch.cat([through(self.model, mel[:n], pitch[:n]), mel[n:]])
        if not self.config.piece:
            return self.terms(apply(self.module, mel, pitch), waveform, self.config.mel)
        estimate, first = self.piece(mel, pitch)
        return self.terms(estimate, waveform[:, first:first + estimate.shape[1]], self.config.mel)

    def piece(self, mel, pitch):
        """Return a piece ``(B, n)`` of some notes, and the sample at which it begins."""
        hop, count = self.config.mel.hop_length, self.config.piece
        first = int(torch.randint(self.config.mel.n_frames - count + 1, ()))
        if self.module.needs_pitch:
            state = self.module.start(mel, pitch)
            return self.module.render(state, first * hop, count * hop), first * hop
        return self.module(mel[:, :, first:first + count]), first * hop

    def convergence(self, indices):
        waveform, mel, pitch = (x.to(self.device) for x in notes(self.dataset, indices))
        return spectral_convergence(apply(self.module, mel, pitch), waveform).mean()


def notes(dataset, indices):
    """Return waveforms ``(B, N)``, mels ``(B, M, T)`` and pitches ``(B,)`` of some notes."""
    waveform = torch.from_numpy(dataset.waveforms[np.asarray(indices)].astype(np.float32)) / 32768.0
    return waveform, torch.from_numpy(np.array(dataset.mels[np.asarray(indices)])), dataset.pitch[indices]


def through(model, mel, pitch):
    """Return the mels ``(B, M, T)`` that an autoencoder makes of mels, at their true pitch."""
    with torch.no_grad():
        return model.decode(model.encode(mel), pitch)


class Loaded(torch.nn.Module):
    """A ``vocoder.pt`` called like an eager vocoder."""

    def __init__(self, module, needs_pitch):
        super().__init__()
        self.module, self.needs_pitch = module, needs_pitch

    def forward(self, *inputs):
        """Return the waveform ``(B, N)`` of a mel, and a pitch where it is needed."""
        return self.module(*inputs)


def apply(module, mel, pitch):
    """Return the waveform of a mel by a vocoder that may or may not need the pitch."""
    return module(mel, pitch) if module.needs_pitch else module(mel)


def save_vocoder(module, out, config, checksum, seed):
    """Write ``vocoder.pt`` by the contract.

    Parameters
    ----------
    module : torch.nn.Module
        On the CPU.
    out : str or pathlib.Path
        The file.
    config : Config
        What was trained.
    checksum : str
        Of the notes.
    seed : int
        Of the run.
    """
    keep = ("forward", "start", "render") if hasattr(module, "render") else ("forward",)
    if hasattr(module, "forget"):
        module.forget()
    save_scripted(module, out, {
        "mel": asdict(config.mel), "needs_pitch": module.needs_pitch, "network": config.network,
        "created_from": created_from(config, seed, checksum, module),
    }, keep=keep)


def figures(module, dataset, indices, model=None):
    """Return the figures of a vocoder on some notes.

    Parameters
    ----------
    module : torch.nn.Module
        Eager; says ``needs_pitch``.
    dataset : NoteDataset
        The notes.
    indices : numpy.ndarray
        ``(n,)``.
    model : torch.nn.Module, optional
        An autoencoder through which the mels go first.

    Returns
    -------
    dict
        sc_db, lsd_db: means over notes.
    """
    return _measure(partial(apply, module), dataset, indices, model)


def baseline(dataset, indices, n_iterations=60, model=None):
    """Return the figures of Griffin-Lim from the least-squares magnitudes of some notes' mels.

    Parameters
    ----------
    dataset : NoteDataset
        The notes.
    indices : numpy.ndarray
        ``(n,)``.
    n_iterations : int
        Of Griffin-Lim.
    model : torch.nn.Module, optional
        An autoencoder through which the mels go first.

    Returns
    -------
    dict
        sc_db, lsd_db: means over notes.
    """
    return _measure(lambda mel, _: griffin_lim_from_mel(mel, dataset.mel_config, n_iterations), dataset, indices, model)


def _measure(play, dataset, indices, model):
    convergence, distance = [], []
    with torch.inference_mode():
        for part in np.array_split(indices, max(1, len(indices) // 16)):
            waveform, target, pitch = notes(dataset, part)
            estimate = play(target if model is None else through(model, target, pitch), pitch)
            convergence.append(spectral_convergence(estimate, waveform))
            distance.append(log_spectral_distance(mel_spectrogram(estimate, dataset.mel_config), target))
    return {"sc_db": float(torch.cat(convergence).mean()), "lsd_db": float(torch.cat(distance).mean())}


def seconds_per_second(module, dataset, repeats=20):
    """Return the median time per second of sound on one note: a timing, so it goes to provenance, not to metrics.

    Parameters
    ----------
    module : torch.nn.Module or None
        A vocoder; None for Griffin-Lim-60.
    dataset : NoteDataset
        The notes.
    repeats : int
        Timed notes, after three that are not.

    Returns
    -------
    float
        Seconds of this thread per second of sound.
    """
    config = dataset.mel_config
    play = (lambda mel, _: griffin_lim_from_mel(mel, config)) if module is None else partial(apply, module)
    _, mel, pitch = notes(dataset, [0])
    times = []
    with torch.inference_mode():
        for _ in range(repeats + 3):
            begin = time.thread_time()
            play(mel, pitch)
            times.append(time.thread_time() - begin)
    return float(np.median(times[3:])) / config.seconds
