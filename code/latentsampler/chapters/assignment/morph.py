"""Two sounds -> sounds between them, whose partials glide from one's frequencies to the other's.

Conventions
-----------
* A sound is the sum of its strongest partials: a frequency each, and an amplitude envelope. Noise between them is lost.
* Partials are matched by the same layer as directions are, on distances in octaves and in level. What has no partner
  fades out, or in, where it is.
* All steps have equal loudness (ITU-R BS.1770): that of the first sound.

Contents
--------
Partials            frequencies and envelopes
analyse             waveform -> Partials
match               two sets of partials -> pairs, by a layer
morph               two sounds' partials + position -> waveform
crossfade           two sounds' partials + position -> waveform, nothing glides
morph_files         two files -> files, and what was measured
strongest           frequency of the strongest partial of each step
largest_jump        of a path, as a share of its whole way
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy import signal

from latentsampler.attributes.loudness import integrated_loudness

SAMPLE_RATE = 22050  # Hz
SECONDS = 1.5
MOST = 20  # partials: the layer's largest matrices
FLOOR_DB = -50.0  # below the strongest partial: not a partial
LEVEL_OCTAVES = 1.0 / 60.0  # what a decibel of level counts beside an octave of frequency
FRAME, HOP = 2048, 256


class Partials(NamedTuple):
    """Frequencies ``(K,)`` in Hz, ascending, and amplitudes ``(K, T)`` every ``HOP`` samples."""

    hz: np.ndarray
    amplitude: np.ndarray

    @property
    def level(self):
        """Level of each partial in dB, ``(K,)``."""
        return 10.0 * np.log10(np.square(self.amplitude).mean(1) + 1e-12)


def analyse(waveform, sample_rate=SAMPLE_RATE, most=MOST):
    """Return the strongest partials of a note.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(n_samples,)``.
    sample_rate : int
        Hz.
    most : int
        Partials.

    Returns
    -------
    Partials
        At least one.

    Raises
    ------
    ValueError
        If the sound is silent.
    """
    if not np.any(waveform):
        raise ValueError("expected a sound, got silence")
    size = 4 * 2 ** int(np.ceil(np.log2(len(waveform))))
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), size))
    decibels = 20.0 * np.log10(spectrum / spectrum.max() + 1e-9)
    apart = max(1, int(25.0 * size / sample_rate))  # nearer than 25 Hz: beats of one partial
    peaks = signal.find_peaks(decibels, height=FLOOR_DB, distance=apart, prominence=12.0)[0]
    peaks = peaks[np.argsort(-decibels[peaks])][:most] if len(peaks) else np.array([decibels.argmax()])
    hz = np.sort(_refined(decibels, peaks) * sample_rate / size)
    frames = signal.stft(waveform, sample_rate, nperseg=FRAME, noverlap=FRAME - HOP, padded=False)[2]  # (F, T)
    bins = np.clip(np.rint(hz * FRAME / sample_rate).astype(int), 1, FRAME // 2 - 1)
    near = np.square(np.abs(frames[bins + np.array([-1, 0, 1])[:, None]])).sum(0)  # (K, T)
    return Partials(hz, 2.0 * np.sqrt(near / 1.5))  # Hann's three bins have 1.5 of the peak's power


def _refined(decibels, peaks):
    """Return the tops of parabolas through peaks, in bins."""
    inner = np.clip(peaks, 1, len(decibels) - 2)
    low, top, high = (decibels[inner + k] for k in (-1, 0, 1))
    return inner + 0.5 * (low - high) / np.minimum(low - 2.0 * top + high, -1e-9)


def match(one, other, layer):
    """Return which partials belong together.

    Parameters
    ----------
    one, other : Partials
        ``K`` and ``L`` partials.
    layer : torch.nn.Module
        A network of any size or a solver of this chapter.

    Returns
    -------
    numpy.ndarray
        ``(K, L)`` bool, a valid assignment.
    """
    from latentsampler.chapters.assignment.solvers import rounded

    octaves = np.abs(np.log2(one.hz[:, None] / other.hz))
    levels = [sound.level - sound.level.max() for sound in (one, other)]
    cost = octaves + LEVEL_OCTAVES * np.abs(levels[0][:, None] - levels[1])
    distances = torch.tensor(cost, dtype=torch.float32)[None]
    rows, columns = (torch.ones(1, len(sound.hz), dtype=torch.bool) for sound in (one, other))
    with torch.inference_mode():
        return rounded(layer(distances, rows, columns), rows, columns)[0]


def morph(one, other, pairs, position, n_samples, sample_rate=SAMPLE_RATE):
    """Return a sound between two.

    Parameters
    ----------
    one, other : Partials
        The two.
    pairs : numpy.ndarray
        From :func:`match`.
    position : float
        0 = the first, 1 = the second.
    n_samples, sample_rate : int
        Length and rate.

    Returns
    -------
    numpy.ndarray
        ``(n_samples,)``.
    """
    first, second = np.nonzero(pairs)
    hz = one.hz[first] ** (1.0 - position) * other.hz[second] ** position
    low = 1e-6  # -120 dB: levels glide in decibels
    levels = [np.log(_long(sound.amplitude[index], n_samples) + low)
              for sound, index in ((one, first), (other, second))]
    sound = _sum(hz, np.exp((1.0 - position) * levels[0] + position * levels[1]) - low, sample_rate)
    for alone, weight, paired in ((one, 1.0 - position, first), (other, position, second)):
        rest = np.setdiff1d(np.arange(len(alone.hz)), paired)
        sound += weight * _sum(alone.hz[rest], _long(alone.amplitude[rest], n_samples), sample_rate)
    return sound


def crossfade(one, other, position, n_samples, sample_rate=SAMPLE_RATE):
    """Return the weighted sum of two sounds' partials; nothing glides."""
    return sum(weight * _sum(sound.hz, _long(sound.amplitude, n_samples), sample_rate)
               for sound, weight in ((one, 1.0 - position), (other, position)))


def _long(amplitude, n_samples):
    """Return envelopes ``(K, T)`` at each sample, ``(K, n)``."""
    place = np.arange(n_samples) / HOP
    return np.array([np.interp(place, np.arange(amplitude.shape[1]), row) for row in amplitude]).reshape(-1, n_samples)


def _sum(hz, amplitude, sample_rate):
    phase = 2.0 * np.pi * hz[:, None] * np.arange(amplitude.shape[1]) / sample_rate
    return (amplitude * np.cos(phase)).sum(0)


def equally_loud(waveforms, sample_rate=SAMPLE_RATE):
    """Return sounds ``(n, n_samples)`` at the loudness of the first, within -1 to 1 together."""
    waveforms = np.asarray(waveforms)
    loudness = integrated_loudness(waveforms, sample_rate)
    levelled = waveforms * 10.0 ** ((loudness[0] - loudness) / 20.0)[:, None]
    return levelled / max(1.0, np.abs(levelled).max())


def strongest(waveforms, sample_rate=SAMPLE_RATE):
    """Return the frequency of the strongest partial of each sound, Hz ``(n,)``."""
    found = [analyse(waveform, sample_rate) for waveform in waveforms]
    return np.array([sound.hz[sound.level.argmax()] for sound in found])


def largest_jump(path):
    """Return the largest step of a path of frequencies, in octaves, as a share of the way between its ends."""
    octaves = np.log2(path)
    return float(np.abs(np.diff(octaves)).max() / max(abs(octaves[-1] - octaves[0]), 1e-9))


def read(path):
    """Return the first seconds of a sound file, mono, at the chapter's rate."""
    from latentsampler.data.files import read_sound
    from latentsampler.data.prepare import RejectedError

    if not Path(path).is_file():
        raise FileNotFoundError(f"expected a sound file, found none at {path}")
    try:
        return np.asarray(read_sound(path, SAMPLE_RATE, SECONDS), dtype=float)
    except RejectedError as error:
        raise ValueError(f"expected a sound file, got {path}: {error}") from error


def between(one, other, layer, steps):
    """Return ``steps`` morphs and ``steps`` cross-fades of two waveforms, equally loud, and the number of pairs."""
    count = min(len(one), len(other))
    sounds = analyse(one[:count]), analyse(other[:count])
    pairs = match(*sounds, layer)
    places = np.linspace(0.0, 1.0, steps)
    glides = equally_loud([morph(*sounds, pairs, place, count) for place in places])
    fades = equally_loud([crossfade(*sounds, place, count) for place in places])
    return glides, fades, int(pairs.sum())


def morph_files(first, second, out, layer, steps=8, line=None):
    """Write the sounds between two files, and return what was measured.

    Parameters
    ----------
    first, second : str or pathlib.Path
        Sound files.
    out : str or pathlib.Path
        Folder: ``morph-1.wav`` ... and ``crossfade-1.wav`` ...
    layer : torch.nn.Module
        What matches.
    steps : int
        Sounds, the two ends included.
    line : callable, optional
        ``(waveform, waveform, steps) -> (steps, n)`` sounds along a line of a latent space, written as ``latent-*``.

    Returns
    -------
    dict
        pairs; for each kind: the strongest partial's frequency at each step (Hz) and its largest jump.
    """
    import soundfile

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    sounds = read(first), read(second)
    glides, fades, pairs = between(*sounds, layer, steps)
    kinds = {"morph": glides, "crossfade": fades}
    if line is not None:
        kinds["latent"] = equally_loud(line(*sounds, steps))
    report = {"pairs": pairs}
    for name, waveforms in kinds.items():
        path = strongest(waveforms)
        report[name] = {"strongest_hz": path.tolist(), "largest_jump": largest_jump(path)}
        for k, waveform in enumerate(waveforms, 1):
            soundfile.write(out / f"{name}-{k}.wav", waveform, SAMPLE_RATE, subtype="FLOAT")
    return report


def latent_line(model, vocoder):
    """Return the way through a latent space between two sounds.

    Parameters
    ----------
    model, vocoder : str or pathlib.Path
        ``model.pt`` and ``vocoder.pt``.

    Returns
    -------
    callable
        ``(waveform, waveform, steps) -> (steps, n)``; code and pitch move in straight lines.
    """
    from latentsampler.contract.export import load_scripted
    from latentsampler.sound.audio import MelConfig, fit_length, mel_spectrogram

    coder, about = load_scripted(model)
    renderer, rendering = load_scripted(vocoder)
    config = MelConfig(**about["mel"])

    def line(one, other, steps):
        both = np.stack([fit_length(sound, config.n_samples) for sound in (one, other)]).astype(np.float32)
        pitch = torch.tensor(69.0 + 12.0 * np.log2([analyse(sound).hz[0] / 440.0 for sound in (one, other)])).float()
        with torch.inference_mode():
            codes = coder.encode(mel_spectrogram(torch.from_numpy(both), config))  # (2, L)
            place = torch.linspace(0.0, 1.0, steps)[:, None]
            height = (pitch[0] + place[:, 0] * (pitch[1] - pitch[0]))
            mel = coder.decode(codes[0] + place * (codes[1] - codes[0]), height)
            return (renderer(mel, height) if rendering["needs_pitch"] else renderer(mel)).numpy().astype(float)

    return line
