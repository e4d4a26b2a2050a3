"""All ways from a mel to sound on the same notes, in one run: how close, how well in tune, how clean, how fast.

Conventions
-----------
* A vocoder is called with a mel ``(B, M, T)`` and a pitch ``(B,)`` and returns waveforms ``(B, N)``.
* Three sets of notes: ``recordings``, SoundFont recordings that no training saw; ``instruments``, all notes of
  instruments set apart, which the shipped vocoder *has* seen (and ``untrained``, the same network before training,
  has not); ``toy``, synthetic notes, which none has seen. ``decoded`` are the mels of the first set as an
  autoencoder puts them out, which is what the instrument plays; the original sound stays the reference.
* Figures are means over notes with 95 % intervals over recordings.

Contents
--------
Settings        what is measured
SETTINGS        by name
vocoders         name -> vocoder, number of parameters
run_benchmark   Settings + stores + files -> metrics, timings
note_figures    closeness, tune and level of some sounds, note by note
table           a benchmark as text
"""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from latentsampler.chapters.vocoder import experiment, probes
from latentsampler.contract.export import load_scripted
from latentsampler.data.splits import groups, split
from latentsampler.evaluation.statistics import bootstrap_interval, paired_difference
from latentsampler.runtime.progress import tracked
from latentsampler.sound.audio import magnitude, mel_spectrogram
from latentsampler.sound.griffin_lim import griffin_lim_from_mel
from latentsampler.sound.metrics import log_spectral_distance, spectral_convergence
from latentsampler.sound.pitch import cents, estimate_f0, midi_to_hz

FFT_SIZES = (512, 1024, 2048)
RIVAL = "griffin-lim-60"
RUN_OF = {"shipped": "harmonic", "mcnn-published": "mcnn-published"}  # row -> run that made its file


@dataclass(frozen=True)
class Settings:
    """What is measured.

    Parameters
    ----------
    recordings, instruments, toy : int
        Notes of each set.
    griffin_lim, fast_griffin_lim : tuple of int
        Numbers of iterations.
    tones : int
        Steady tones for stripes, steadiness and tail.
    timed : int
        Notes by which speed is measured.
    """

    recordings: int = 18
    instruments: int = 10
    toy: int = 10
    griffin_lim: tuple = (32, 60, 100)
    fast_griffin_lim: tuple = (60, 100)
    tones: int = 12
    timed: int = 30


SETTINGS = {"full": Settings(),
            "small": Settings(recordings=10, instruments=5, toy=5, tones=4, timed=12)}


def vocoders(settings, config, files):
    """Return the vocoders of a table.

    Parameters
    ----------
    settings : Settings
        Which Griffin-Lim.
    config : MelConfig
        The front-end.
    files : dict
        Name -> ``vocoder.pt``; a name without a file is left out.

    Returns
    -------
    dict
        Name -> vocoder.
    """
    found = {f"griffin-lim-{n}": partial(_griffin_lim, config, n, 0.0) for n in settings.griffin_lim}
    found |= {f"fast-griffin-lim-{n}": partial(_griffin_lim, config, n, 0.99) for n in settings.fast_griffin_lim}
    for name, path in files.items():
        if Path(path).is_file():
            module, about = load_scripted(path, ("mel", "needs_pitch"))
            if about["mel"] != config.to_dict():
                raise ValueError(f"expected a vocoder for mels {config.to_dict()}, got {path} for {about['mel']}")
            found[name] = experiment.Loaded(module, about["needs_pitch"])
        else:
            print(f"no {path}: the table has no row {name}")
    found["untrained"] = experiment.build(experiment.RUNS["harmonic"]).eval()
    return {name: vocoder if callable(vocoder) and not isinstance(vocoder, torch.nn.Module)
            else partial(experiment.apply, vocoder) for name, vocoder in found.items()}


def _griffin_lim(config, n_iterations, momentum, mel, _):
    return griffin_lim_from_mel(mel, config, n_iterations, momentum)


def note_sets(settings, dataset, toy, model):
    """Return name -> (dataset, indices, model or None), evenly spread over each set."""
    recordings = _spread(split(dataset).test, settings.recordings)
    found = {"recordings": (dataset, recordings, None), "decoded": (dataset, recordings, model),
             "instruments": (dataset, _spread(split(dataset, by="Instrument (abbr.)").test, settings.instruments),
                             None)}
    if toy is not None:
        pitched = np.flatnonzero(np.isfinite(toy.pitch.numpy()))
        found["toy"] = (toy, _spread(pitched, settings.toy), None)
    return found


def _spread(indices, count):
    return indices[np.unique(np.linspace(0, len(indices) - 1, count).round().astype(int))]


def note_figures(sound, waveform, pitch, true_hz, config):
    """Return the figures of some sounds, note by note.

    Parameters
    ----------
    sound, waveform : torch.Tensor
        ``(B, N)``: what was made, and the original.
    pitch : torch.Tensor
        ``(B,)`` MIDI note numbers that were asked for.
    true_hz : numpy.ndarray
        ``(B,)``: the original's pitch by the same estimator, NaN where it hears none.
    config : MelConfig
        The front-end.

    Returns
    -------
    dict
        Name -> ``(B,)`` array: sc_db and lsd_db at several FFT sizes, mel_db, level_db, cents (off the original's
        pitch) and asked_cents (off the asked one), both NaN where the original has no pitch that can be estimated
        and infinite where only the sound has none.
    """
    figures = {}
    for n in FFT_SIZES:
        pair = magnitude(sound, n, n // 4), magnitude(waveform, n, n // 4)
        figures[f"sc_{n}_db"] = spectral_convergence(sound, waveform, n, n // 4).numpy()
        figures[f"lsd_{n}_db"] = log_spectral_distance(*pair, floor=1e-2 * n / 1024).numpy()
    figures["mel_db"] = log_spectral_distance(mel_spectrogram(sound, config), mel_spectrogram(waveform, config)).numpy()
    figures["level_db"] = (20.0 * torch.log10(_rms(sound) / _rms(waveform))).abs().numpy()
    heard = heard_hz(sound, config)
    for name, reference in (("cents", true_hz), ("asked_cents", midi_to_hz(pitch.numpy()))):
        off = np.abs(cents(heard, reference))
        figures[name] = np.where(np.isnan(true_hz), np.nan, np.where(np.isnan(off), np.inf, off))
    return figures


def heard_hz(sound, config):
    """Return the pitch in Hz of each of some sounds ``(B, N)`` by an estimator that knows no vocoder."""
    return np.array([estimate_f0(x.numpy(), config.sample_rate) for x in sound])


def _rms(x):
    return x.square().mean(dim=1).sqrt().clamp(min=1e-9)


def run_benchmark(settings, dataset, model, files, toy=None):
    """Measure all vocoders.

    Parameters
    ----------
    settings : Settings
        How much.
    dataset : NoteDataset
        SoundFont notes.
    model : torch.nn.Module
        A loaded ``model.pt``.
    files : dict
        As for :func:`vocoders`.
    toy : NoteDataset, optional
        Toy notes.

    Returns
    -------
    metrics : dict
        set -> vocoder -> figure -> [mean, low, high]; "pairs": set -> vocoder -> figure -> [difference to
        Griffin-Lim-60, low, high]; "tones": vocoder -> figure; "parameters" and "notes".
    timings : dict
        vocoder -> ms_per_second, times_griffin_lim_60, load_ms.
    """
    all_vocoders, config = vocoders(settings, dataset.mel_config, files), dataset.mel_config
    metrics = {"sets": {}, "pairs": {}, "tones": {}, "notes": {}, "parameters": _parameters(files)}
    for name, (notes, indices, through) in note_sets(settings, dataset, toy, model).items():
        waveform, mel, pitch = experiment.notes(notes, indices)
        mel = mel if through is None else experiment.through(through, mel, pitch)
        recording = groups(notes.column("Recording")) if "Recording" in notes.rows.columns else np.arange(len(notes))
        true_hz, found = heard_hz(waveform, config), {}
        for vocoder, play in tracked(all_vocoders.items(), desc=name):
            with torch.inference_mode():
                sound = torch.cat([play(mel[k:k + 8], pitch[k:k + 8]) for k in range(0, len(mel), 8)])
            found[vocoder] = note_figures(sound, waveform, pitch, true_hz, config)
        metrics["notes"][name] = len(indices)
        metrics["sets"][name] = {vocoder: _means(figures, recording[indices]) for vocoder, figures in found.items()}
        metrics["pairs"][name] = {vocoder: _pairs(figures, found[RIVAL], recording[indices])
                                  for vocoder, figures in found.items() if vocoder != RIVAL}
    for vocoder, play in tracked(all_vocoders.items(), desc="tones"):
        metrics["tones"][vocoder] = probes.tone_figures(play, config, settings.tones)
    return metrics, _timings(all_vocoders, dataset, settings.timed, files)


def _means(figures, recording):
    """Return figure -> [mean, low, high]; of cents, the share of notes within 10 of those that have a pitch."""
    found = {}
    for name, values in figures.items():
        kept = ~np.isnan(values)
        values, label = (values[kept] <= 10.0, name + "_within_10") if "cents" in name else (values[kept], name)
        found[label] = _interval(bootstrap_interval, values.astype(float), groups=recording[kept])
        if "cents" in name:
            found[name + "_median"] = round(float(np.median(figures[name][kept])), 3) if kept.any() else np.nan
    return found


def _pairs(figures, others, recording):
    return {name: _interval(paired_difference, figures[name], others[name], groups=recording)
            for name in figures if "cents" not in name}


def _interval(method, values, *others, groups):
    """Return [value, low, high]; of fewer than two notes or recordings there is no interval."""
    if len(np.unique(groups)) < 2:
        return [round(float(np.mean(values - others[0] if others else values)), 4), np.nan, np.nan]
    return [round(float(x), 4) for x in method(values, *others, groups=groups)]


def _parameters(files):
    """Return the number of weights of each vocoder that is there."""
    return {name: sum(p.numel() for p in experiment.build(experiment.RUNS[RUN_OF[name]]).parameters())
            for name, path in files.items() if Path(path).is_file()}


def _timings(all_vocoders, dataset, count, files):
    """Return the cost of each vocoder, note after note in turn: other work on the machine disturbs all alike."""
    times = {name: [] for name in all_vocoders}
    config = dataset.mel_config
    for k in range(count + 2):
        _, mel, pitch = experiment.notes(dataset, [k * 37 % len(dataset)])
        for name, play in all_vocoders.items():
            with torch.inference_mode():
                begin = time.thread_time()
                play(mel, pitch)
                times[name].append(time.thread_time() - begin)
    median = {name: float(np.median(values[2:])) for name, values in times.items()}
    found = {name: {"ms_per_second": round(1000.0 * value / config.seconds, 3),
                    "times_griffin_lim_60": round(median[RIVAL] / value, 2)} for name, value in median.items()}
    for name, path in files.items():
        if name in found:
            found[name]["load_ms"] = round(1000.0 * float(np.median([_load(path) for _ in range(5)])), 1)
    return found


def _load(path):
    begin = time.perf_counter()
    load_scripted(path)
    return time.perf_counter() - begin


def table(metrics, timings):
    """Return a benchmark as text: a row per vocoder; from clean mels, from decoded ones, speed.

    Parameters
    ----------
    metrics, timings : dict
        From :func:`run_benchmark`, or ``metrics`` and ``provenance["timings"]`` of its record.

    Returns
    -------
    str
        Lines of equal width.
    """
    columns = [("recordings", "sc_1024_db"), ("recordings", "mel_db"), ("recordings", "cents_within_10"),
               ("decoded", "sc_1024_db"), ("decoded", "mel_db"), ("decoded", "asked_cents_within_10"),
               ("toy", "sc_1024_db"), ("toy", "mel_db")]
    columns = [pair for pair in columns if pair[0] in metrics["sets"]]
    lines = [f"{'':20s}" + "".join(f"{name[:10]:>12s}" for name, _ in columns) + f"{'':>12s}{'':>10s}",
             f"{'vocoder':20s}" + "".join(f"{figure.replace('asked_', '')[:11]:>12s}" for _, figure in columns)
             + f"{'ms per s':>12s}{'x GL-60':>10s}"]
    for vocoder, timing in timings.items():
        cells = "".join(f"{metrics['sets'][name][vocoder][figure][0]:12.3g}" for name, figure in columns)
        lines.append(f"{vocoder:20s}{cells}{timing['ms_per_second']:12.3g}{timing['times_griffin_lim_60']:10.3g}")
    return "\n".join(lines)
