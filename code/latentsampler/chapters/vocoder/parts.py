"""What each part of the harmonic vocoder is worth before any training, on the same notes.

Contents
--------
Settings      how many notes
SETTINGS      by name
PARTS         name -> what is changed in the network
run_parts     Settings + notes + autoencoder -> differences to the whole
table         the same as text
"""

from dataclasses import dataclass

import numpy as np
import torch

from latentsampler.chapters.vocoder import experiment
from latentsampler.chapters.vocoder.harmonic import HarmonicVocoder
from latentsampler.data.splits import groups, split
from latentsampler.evaluation.statistics import bootstrap_interval, paired_difference
from latentsampler.sound.audio import mel_spectrogram
from latentsampler.sound.metrics import log_spectral_distance, spectral_convergence

PARTS = {
    "whole": {},
    "no-bend": {"bend": False},  # the asked pitch, exactly, in all frames
    "no-noise": {"noise": False},  # a harmonic's phase also between harmonics
    "iterations-0": {"iterations": 0}, "iterations-1": {"iterations": 1}, "iterations-2": {"iterations": 2},
    "iterations-5": {"iterations": 5}, "iterations-8": {"iterations": 8},
}


@dataclass(frozen=True)
class Settings:
    """How many notes are measured."""

    notes: int = 60


SETTINGS = {"parts": Settings()}


def run_parts(settings, dataset, model):
    """Measure the untrained vocoder with one part changed at a time.

    Parameters
    ----------
    settings : Settings
        How many notes, evenly spread over those that no training saw.
    dataset : NoteDataset
        The notes.
    model : torch.nn.Module
        A loaded ``model.pt``: the mels that it puts out are measured, too.

    Returns
    -------
    dict
        "clean" and "decoded" -> part -> sc_db, mel_db -> [mean or, but for the whole, mean difference to the whole,
        low, high], 95 % over recordings; "clean" also has attack_db, the peak of the first 16 samples over the note's.
    """
    test = split(dataset).test
    indices = test[np.unique(np.linspace(0, len(test) - 1, settings.notes).round().astype(int))]
    waveform, mel, pitch = experiment.notes(dataset, indices)
    recording = groups(dataset.column("Recording"))[indices] if "Recording" in dataset.rows.columns else indices
    found = {}
    for name, heard in (("clean", mel), ("decoded", experiment.through(model, mel, pitch))):
        rows = {part: _figures(changes, heard, pitch, waveform, dataset.mel_config) for part, changes in PARTS.items()}
        found[name] = {part: {figure: _interval(part, values, rows["whole"][figure], recording)
                              for figure, values in row.items()} for part, row in rows.items()}
    return found


def _figures(changes, mel, pitch, waveform, config):
    module = HarmonicVocoder(config, 8, 0, **changes).eval()
    with torch.inference_mode():
        sound = torch.cat([module(mel[k:k + 8], pitch[k:k + 8]) for k in range(0, len(mel), 8)])
    attack = sound[:, :16].abs().amax(1) / sound.abs().amax(1).clamp(min=1e-9)
    return {"sc_db": spectral_convergence(sound, waveform).numpy(),
            "mel_db": log_spectral_distance(mel_spectrogram(sound, config), mel_spectrogram(waveform, config)).numpy(),
            "attack_db": 20.0 * np.log10(attack.numpy() + 1e-6)}


def _interval(part, values, whole, recording):
    interval = (bootstrap_interval(values, groups=recording) if part == "whole"
                else paired_difference(values, whole, groups=recording))
    return [round(float(x), 4) for x in interval]


def table(metrics):
    """Return the measurement as text: the whole, then what each change adds (positive is worse).

    Parameters
    ----------
    metrics : dict
        From :func:`run_parts`.

    Returns
    -------
    str
        A row per part.
    """
    columns = [(name, figure) for name in ("clean", "decoded") for figure in ("sc_db", "mel_db")]
    columns.append(("clean", "attack_db"))
    lines = [f"{'part':14s}" + "".join(f"{name + ' ' + figure:>26s}" for name, figure in columns)]
    for part in metrics["clean"]:
        cells = [metrics[name][part][figure] for name, figure in columns]
        lines.append(f"{part:14s}" + "".join(f"{f'{a:+.2f} ({low:+.2f}, {high:+.2f})':>26s}" for a, low, high in cells))
    return "\n".join(lines)
