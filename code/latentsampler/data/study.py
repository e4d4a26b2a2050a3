"""The study that decides the mel front-end: what each choice costs, measured on the same notes.

Conventions
-----------
* Figures are spectral convergence in dB (see ``metrics``; lower is better), mean over notes.
* *Ceiling*: mel -> least-squares magnitude -> with the true phase to a waveform -> analysed again. No vocoder
  behind this front-end can do better. *Magnitude*: the same without phase and re-analysis. *Full band*: the
  ceiling against the note at 44.1 kHz (n_fft 2048, hop 512), which also counts what a lower rate cuts off.
* *Griffin-Lim*: 60 iterations from the least-squares magnitude: how much sound a mel gives without any model. It
  is the figure that punishes a window too short or a hop too long for the phase.
* The rule: among mels with a ceiling of at most -20 dB, and with at most 32,768 values and 32,768 samples a
  note (all that follows costs in proportion to one or the other), the one with the best Griffin-Lim figure.

Contents
--------
FRONT_ENDS, FLOORS   what is compared
Findings             what a study gives
study_notes          notes of a source at the full band
run_frontend_study   front-ends and log floors
choose               the rule
"""

import hashlib
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from latentsampler.data.extract import extract
from latentsampler.data.fields import RejectedError
from latentsampler.data.prepare import Preparation, prepare, to_float
from latentsampler.runtime.progress import tracked
from latentsampler.sound.audio import MelConfig, magnitude, mel_filter_bank, mel_inverse
from latentsampler.sound.griffin_lim import griffin_lim
from latentsampler.sound.metrics import spectral_convergence

BASE = MelConfig()
FULL_BAND = replace(BASE, sample_rate=44100, n_fft=2048, hop_length=512, fmax=22050.0)
FRONT_ENDS = {
    "default": BASE,
    "64 bands": replace(BASE, n_mels=64),  # most classifiers
    "80 bands": replace(BASE, n_mels=80),  # speech vocoders
    "128 bands": replace(BASE, n_mels=128),  # librosa's default
    "192 bands": replace(BASE, n_mels=192),
    "320 bands": replace(BASE, n_mels=320),
    "400 bands": replace(BASE, n_mels=400),
    "HTK": replace(BASE, htk=True),
    "unit peak": replace(BASE, norm="none"),
    "FFT 512": replace(BASE, n_fft=512),
    "FFT 2048": replace(BASE, n_fft=2048),
    "FFT 2048, 400 bands": replace(BASE, n_fft=2048, n_mels=400),
    "hop 128": replace(BASE, hop_length=128, n_frames=256),
    "hop 512": replace(BASE, hop_length=512, n_frames=64),
    "16 kHz": replace(BASE, sample_rate=16000, fmax=8000.0, n_frames=93),
    "44.1 kHz": FULL_BAND,
    "44.1 kHz, 400 bands": replace(FULL_BAND, n_mels=400),
}
FLOORS = (-40, -60, -80, -100, -120)  # dB re the largest value of each mel
BUDGET = 32768  # values of a mel, and samples of a note
GRIFFIN_LIM_NOTES, GRIFFIN_LIM_ITERATIONS = 24, 60


class Findings(NamedTuple):
    """What a study gives: what was run, nested numbers, checksum of the notes, and timings."""

    config: dict
    metrics: dict
    checksum: str
    timings: dict


def frontend_config(every=1):
    """Return the config of the front-end study, as it is recorded."""
    return {"every": every, "floors_db": list(FLOORS), "griffin_lim_notes": GRIFFIN_LIM_NOTES,
            "griffin_lim_iterations": GRIFFIN_LIM_ITERATIONS,
            "front_ends": {name: config.to_dict() for name, config in FRONT_ENDS.items()}}


def study_notes(source, every=1):
    """Return notes of a source at the full band, prepared as a build would.

    Parameters
    ----------
    source : object
        A note source (see ``build``).
    every : int
        Take one row of so many.

    Returns
    -------
    torch.Tensor
        ``(N, 65536)`` float32, 44.1 kHz.
    """
    kept = []
    for row in source.notes()[0][::every]:
        try:
            sound = source.read(row, FULL_BAND.sample_rate, FULL_BAND.seconds)
            kept.append(prepare(sound, FULL_BAND, Preparation())[0])
        except RejectedError:
            continue  # a study needs sounds; a build lists what is none
    return torch.from_numpy(to_float(np.stack(kept)))


def run_frontend_study(source, every=1, front_ends=None):
    """Measure front-ends and log floors on a source's notes.

    Parameters
    ----------
    source : object
        A note source.
    every : int
        Take one row of so many.
    front_ends : dict of str to MelConfig, optional
        What to compare; ``FRONT_ENDS`` by default. "default" must be among them.

    Returns
    -------
    Findings
        ``metrics``: "front_ends" and "floors" (name -> figures), "notes", "griffin_lim_from_linear_db";
        ``timings``: "extraction_ms" per front-end, for one note on one core.
    """
    front_ends = front_ends or FRONT_ENDS
    full = study_notes(source, every)  # (N, 65536)
    table, milliseconds = {}, {}
    for name, config in tracked(front_ends.items(), desc="front-ends"):
        note = _at_rate(full, FULL_BAND.sample_rate, config.sample_rate, config.n_samples)  # (N, n_samples)
        table[name] = {**_quality(full, note, config), **_size(config),
                       "griffin_lim_db": _griffin_lim_db(note, config, through_mel=True)}
        milliseconds[name] = _extraction_ms(note, config)
    config = front_ends["default"]
    note = _at_rate(full, FULL_BAND.sample_rate, config.sample_rate, config.n_samples)
    metrics = {"notes": len(full), "front_ends": table,
               "floors": {str(floor): _quality(full, note, config, floor) for floor in FLOORS},
               "griffin_lim_from_linear_db": _griffin_lim_db(note, config, through_mel=False)}
    checksum = hashlib.sha256(full.numpy().tobytes()).hexdigest()
    return Findings(frontend_config(every), metrics, checksum, {"extraction_ms": milliseconds})


def choose(front_ends):
    """Return the name of the front-end that the rule of this module chooses.

    Parameters
    ----------
    front_ends : dict
        Name -> figures, the entry "front_ends" of a front-end study's metrics.

    Returns
    -------
    str
        One of the names.

    Raises
    ------
    ValueError
        If none has a ceiling of -20 dB within the budget.
    """
    allowed = [name for name, figures in front_ends.items()
               if figures["ceiling_db"] <= -20.0 and max(figures["values"], figures["samples"]) <= BUDGET]
    if not allowed:
        raise ValueError("expected a front-end with a ceiling of -20 dB within the budget, found none")
    return min(allowed, key=lambda name: front_ends[name]["griffin_lim_db"])


def _at_rate(notes, from_rate, to_rate, n_samples):
    import soxr

    if from_rate != to_rate:
        notes = torch.from_numpy(soxr.resample(notes.numpy().T, from_rate, to_rate, quality="HQ").T.copy())
    return torch.nn.functional.pad(notes, (0, max(0, n_samples - notes.shape[1])))[:, :n_samples]


def _quality(full, note, config, floor_db=None):
    window = torch.hann_window(config.n_fft)
    spectrum = torch.stft(note, config.n_fft, config.hop_length, window=window, pad_mode="constant",
                          return_complex=True)  # (N, F, 1 + T)
    mel = mel_filter_bank(config) @ spectrum.abs()  # (N, M, 1 + T)
    if floor_db is not None:
        mel = torch.maximum(mel, mel.amax(dim=(1, 2), keepdim=True) * 10.0 ** (floor_db / 20.0))
    inverse = (mel_inverse(config) @ mel).clamp(min=0.0)  # (N, F, 1 + T)
    sound = torch.istft(torch.polar(inverse, spectrum.angle()), config.n_fft, config.hop_length,
                        window=window, length=note.shape[1])  # (N, n_samples)
    error = (spectrum.abs() - inverse).flatten(1).norm(dim=1) / spectrum.abs().flatten(1).norm(dim=1)  # (N,)
    back = _at_rate(sound, config.sample_rate, FULL_BAND.sample_rate, full.shape[1])  # (N, 65536)
    return {"ceiling_db": _mean(spectral_convergence(sound, note)),
            "magnitude_db": _mean(20.0 * torch.log10(error)),
            "full_band_db": _mean(spectral_convergence(back, full, FULL_BAND.n_fft, FULL_BAND.hop_length))}


def _mean(values):
    return round(float(values.mean()), 2)


def _size(config):
    return {"values": config.n_mels * config.n_frames, "samples": config.n_samples,
            "empty_bands": int((mel_filter_bank(config).sum(dim=1) == 0).sum())}


def _extraction_ms(note, config):
    notes = (note[:20] * 32767.0).to(torch.int16).numpy()
    extract(notes, config)  # the first call prepares the filter bank
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        extract(notes, config)
        seconds.append(time.perf_counter() - start)
    return round(1000.0 * min(seconds) / len(notes), 3)  # the least disturbed


def _griffin_lim_db(note, config, through_mel):
    """Spectral convergence of Griffin-Lim (momentum 0.99) from the mel, or from the whole linear magnitude."""
    note = note[::max(1, len(note) // GRIFFIN_LIM_NOTES)]
    target = magnitude(note, config.n_fft, config.hop_length)  # (N, F, 1 + T)
    if through_mel:
        target = (mel_inverse(config) @ (mel_filter_bank(config) @ target)).clamp(min=0.0)
    sound = griffin_lim(target, GRIFFIN_LIM_ITERATIONS, 0.99, config.n_fft, config.hop_length, note.shape[1], seed=0)
    return _mean(spectral_convergence(sound, note))
