"""Drum one-shots -> ``drums.pt``: four controls, one hit, by the contract of generative.pt.

Conventions
-----------
* A hit has no pitch control: whoever plays it at another pitch resamples it around MIDI 60.
* Training learns from four fifths of each class; the figures are of the rest.
* Classes that none of the nine voices plays (tabla, cowbell, ...) are left out.

Contents
--------
Config, RUNS     one run, by name
read_hits        folder of one-shots -> waveforms, voices
Drums            envelopes <-> four controls, and to waveforms
run              Config + hits -> drums.pt, metrics, history
command          what ``main.py rhythm drums`` does
"""

import csv
import hashlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from latentsampler.chapters.rhythm.grid import VOICES
from latentsampler.chapters.rhythm.hits import FLOOR, N_BANDS, N_SAMPLES, N_TIMES, SAMPLE_RATE, Synthesis, analyse
from latentsampler.contract.export import save_scripted, source_hash
from latentsampler.learning.divergences import kl
from latentsampler.learning.training import Schedule, train
from latentsampler.runtime.extras import optional
from latentsampler.sound.audio import MelConfig, mel_spectrogram
from latentsampler.sound.metrics import log_spectral_distance

N_CONTROLS, N_ENVELOPES = 4, N_BANDS + 2
MEL = MelConfig(sample_rate=SAMPLE_RATE, n_mels=64, n_frames=N_SAMPLES // 256, fmax=20_000.0)
ALIASES = {"pedal_hat": "closed_hat"}


@dataclass(frozen=True)
class Config:
    """One run.

    Parameters
    ----------
    width : int
        Hidden units.
    beta : float
        Weight of the KL divergence, in dB^2 per nat.
    voice : float
        Weight of the cross-entropy of a linear guess of the voice from the point, which keeps voices apart.
    schedule : Schedule
        How long and how fast.
    """

    width: int = 128
    beta: float = 1.0
    voice: float = 5.0
    schedule: Schedule = Schedule(steps=2500, batch_size=48, learning_rate=2e-3, valid_every=500)


RUNS = {"drums": Config()}


@dataclass(frozen=True)
class Hits:
    """One-shots with their voices: ``(n, 65536)`` waveforms, ``(n,)`` voices, masks of what trains; checksum."""

    waveforms: np.ndarray
    voices: np.ndarray
    train: np.ndarray
    checksum: str


def read_hits(folder):
    """Return the one-shots of a folder.

    Parameters
    ----------
    folder : str or pathlib.Path
        With ``drums.csv`` (path, class) and ``audio/``.

    Returns
    -------
    Hits
        Every fifth of a voice, in order of names, is held out.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    """
    folder = Path(folder)
    if not (folder / "drums.csv").is_file():
        raise FileNotFoundError(f"expected drums.csv and audio/ in {folder}, found no drums.csv")
    soundfile = optional("soundfile", "test")
    with open(folder / "drums.csv", newline="", encoding="utf-8") as file:
        rows = [(row["path"], ALIASES.get(row["class"], row["class"])) for row in csv.DictReader(file)]
    rows = sorted((voice, path) for path, voice in rows if voice in VOICES)
    waveforms, digest, place, train_mask = np.zeros((len(rows), N_SAMPLES), np.float32), hashlib.sha256(), {}, []
    for index, (voice, path) in enumerate(rows):
        data = (folder / "audio" / path).read_bytes()
        digest.update(path.encode() + data)
        samples, rate = soundfile.read(folder / "audio" / path, dtype="float32")
        if rate != SAMPLE_RATE or samples.ndim != 1:
            raise ValueError(f"expected mono at {SAMPLE_RATE} Hz, got {samples.ndim} axes at {rate} Hz in {path}")
        waveforms[index, :min(len(samples), N_SAMPLES)] = samples[:N_SAMPLES]
        place[voice] = place.get(voice, -1) + 1
        train_mask.append(place[voice] % 5 != 4)
    voices = np.array([VOICES.index(voice) for voice, _ in rows])
    return Hits(waveforms, voices, np.array(train_mask), digest.hexdigest())


class Drums(nn.Module):
    """Controls ``(B, 4)`` -> waveforms ``(B, 65536)``; envelopes <-> controls.

    Parameters
    ----------
    width : int
        Hidden units.
    """

    def __init__(self, width):
        super().__init__()
        size = N_ENVELOPES * N_TIMES
        self.encoder = nn.Sequential(nn.Linear(size, width), nn.GELU(), nn.Linear(width, 2 * N_CONTROLS))
        self.decoder = nn.Sequential(nn.Linear(N_CONTROLS, width), nn.GELU(), nn.Linear(width, width), nn.GELU(),
                                     nn.Linear(width, size))
        self.voice = nn.Linear(N_CONTROLS, len(VOICES))
        self.synthesis = Synthesis()
        self.register_buffer("centre", torch.zeros(N_ENVELOPES, N_TIMES))
        self.register_buffer("scale", torch.ones(N_ENVELOPES, 1))
        self.n_envelopes, self.n_times, self.n_bands, self.floor = N_ENVELOPES, N_TIMES, N_BANDS, FLOOR

    def forward(self, controls):
        """Return the hits at points."""
        return self.synthesis(self.envelopes(controls))

    @torch.jit.export
    def envelopes(self, controls):
        """Return the envelopes ``(B, 26, 40)`` at points; levels are between the floor and 6 dB."""
        x = self.decoder(controls).reshape(-1, self.n_envelopes, self.n_times) * self.scale + self.centre
        return torch.cat([x[:, :self.n_bands + 1].clamp(self.floor, 6.0), x[:, self.n_bands + 1:].clamp(-2.0, 2.0)], 1)

    def posterior(self, envelopes):
        """Return mean and log-variance of envelopes."""
        mean, log_variance = self.encoder(((envelopes - self.centre) / self.scale).flatten(1)).chunk(2, 1)
        return mean, log_variance.clamp(-8.0, 2.0)


def run(config, seed, out, hits, progress=True):
    """Train on the hits that are not held out and write ``drums.pt``.

    Parameters
    ----------
    config : Config
        What to train.
    seed : int
        Fixes weights, order and draws.
    out : str or pathlib.Path
        The file; ``<out>.ckpt`` beside it lets a killed run go on.
    hits : Hits
        From :func:`read_hits`.
    progress : bool
        Show a bar.

    Returns
    -------
    metrics : dict
        Of `evaluate`, with ``points`` (voice -> controls).
    history : list of dict
        One row per validation.
    """
    envelopes = torch.from_numpy(analyse(hits.waveforms))
    voices, known, rest = torch.from_numpy(hits.voices), np.flatnonzero(hits.train), np.flatnonzero(~hits.train)
    torch.manual_seed(seed)
    module = Drums(config.width)
    module.centre.copy_(envelopes[known].mean(0))
    module.scale.copy_((envelopes[known] - module.centre).pow(2).mean((0, 2)).sqrt()[:, None])
    balanced = np.concatenate([np.resize(known[hits.voices[known] == voice], 32) for voice in range(len(VOICES))])

    def distance(indices):
        mean, log_variance = module.posterior(envelopes[indices])
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp() * module.training
        error = (module.envelopes(z) - envelopes[indices]).pow(2)  # dB^2, octaves^2
        heard = (envelopes[indices][:, N_BANDS] - FLOOR).clamp(0.0, 60.0) / 60.0  # a silent sine has any frequency
        return {"bands": error[:, :N_BANDS].mean(), "sine": error[:, N_BANDS].mean(),
                "frequency": 100.0 * (heard * error[:, N_BANDS + 1]).mean(), "kl": config.beta * kl(mean, log_variance),
                "voice": config.voice * nn.functional.cross_entropy(module.voice(z), voices[indices])}

    history = train(module, distance, balanced, config.schedule, seed, validate=lambda: distance(rest)["bands"],
                    checkpoint=f"{out}.ckpt", identity=f"{config} {hits.checksum}", progress=progress)
    module.eval()
    with torch.inference_mode():
        codes = module.posterior(envelopes)[0]
    metrics = evaluate(module, codes.clone(), envelopes, hits)
    save(module, codes[known].numpy(), out, hits.checksum, metrics["points"])
    return metrics, history


def save(module, codes, out, checksum, points):
    """Write ``drums.pt``: each control reaches over the middle 98 % of the training codes."""
    low, high = np.quantile(codes, (0.01, 0.99), axis=0)
    save_scripted(module, out, {
        "sample_rate": SAMPLE_RATE, "n_samples": N_SAMPLES, "chunk": 0,
        "controls": [{"name": f"z{k + 1}", "unit": "sd", "min": float(low[k]), "max": float(high[k]),
                      "default": float(np.clip(points["kick"][k], low[k], high[k]))} for k in range(N_CONTROLS)],
        "points": points, "created_from": {"dataset": checksum, "source": source_hash()}},
        keep=("forward", "envelopes"))


def evaluate(module, codes, envelopes, hits):
    """Return the figures of a model on the hits held out, with those of what needs no training beside them.

    Parameters
    ----------
    module : Drums
        Trained.
    codes, envelopes : torch.Tensor
        ``(n, 4)`` and ``(n, 26, 40)``.
    hits : Hits
        The originals.

    Returns
    -------
    dict
        points; lsd_db of decoded hits, of analysis and synthesis alone (lsd_analysis_db), of the voice's mean
        envelopes (lsd_mean_db) and of the nearest training hit (lsd_nearest_db), on 64 mel bands; voice_accuracy:
        share of decoded hits that a nearest-centroid classifier of originals takes for their voice, beside that of
        the originals themselves and of the nine points.
    """
    known, rest = np.flatnonzero(hits.train), np.flatnonzero(~hits.train)
    mels = mel_spectrogram(torch.from_numpy(hits.waveforms), MEL)
    points = {name: codes[known][hits.voices[known] == k].median(0).values for k, name in enumerate(VOICES)}
    with torch.inference_mode():
        decoded, resynthesised, played = (mel_spectrogram(waveforms, MEL) for waveforms in (
            module(codes[rest]), module.synthesis(envelopes[rest]), module(torch.stack(list(points.values())))))
        middle = torch.stack([envelopes[known][hits.voices[known] == k].mean(0) for k in range(len(VOICES))])
        means = mel_spectrogram(module.synthesis(middle[hits.voices[rest]]), MEL)
    nearest = torch.cdist(envelopes[rest].flatten(1), envelopes[known].flatten(1)).argmin(1)
    wanted, judge = mels[rest], _Judge(mels[known], hits.voices[known])
    distances = {"lsd_db": decoded, "lsd_analysis_db": resynthesised, "lsd_mean_db": means,
                 "lsd_nearest_db": mels[known][nearest]}
    return {**{name: float(log_spectral_distance(mel, wanted).mean()) for name, mel in distances.items()},
            "voice_accuracy": judge.accuracy(decoded, hits.voices[rest]),
            "voice_accuracy_originals": judge.accuracy(wanted, hits.voices[rest]),
            "voice_accuracy_points": judge.accuracy(played, np.arange(len(VOICES))),
            "n_train": len(known), "n_held_out": len(rest), "parameters": sum(p.numel() for p in module.parameters()),
            "points": {name: [float(v) for v in point] for name, point in points.items()}}


class _Judge:
    """Nearest centroid of log-mels averaged over eight stretches of time: knows nothing of envelopes or points."""

    def __init__(self, mels, voices):
        features = self.features(mels)
        self.centroids = torch.stack([features[voices == k].mean(0) for k in range(len(VOICES))])

    def features(self, mels):
        levels = 20.0 * torch.log10(mels + 1e-4)  # (B, 64, T)
        edges = [0, 2, 4, 8, 16, 32, 64, 128, levels.shape[2]]
        return torch.stack([levels[:, :, a:b].mean(2) for a, b in zip(edges, edges[1:], strict=False)], 2).flatten(1)

    def accuracy(self, mels, voices):
        found = torch.cdist(self.features(mels), self.centroids).argmin(1)
        return float((found == torch.as_tensor(voices)).float().mean())


def command(options):
    """Train ``drums.pt``, write its points into a ``rhythm.pt`` where one is given, and record."""
    from latentsampler.contract.events import with_points
    from latentsampler.runtime import records

    torch.set_num_threads(1)
    begin, hits = time.perf_counter(), read_hits(options.source)
    metrics, history = run(RUNS["drums"], 0, options.out, hits, progress=sys.stderr.isatty())
    for name, value in metrics.items():
        if name != "points":
            print(f"{name:26s} {value:.4g}")
    if options.rhythm:
        with_points(options.rhythm, metrics["points"])
    if options.record:
        origin = records.provenance(time.perf_counter() - begin, hits.checksum)
        print(f"recorded {records.write_record('rhythm-drums', 'drums', 0, RUNS['drums'], metrics, history, origin)}")
