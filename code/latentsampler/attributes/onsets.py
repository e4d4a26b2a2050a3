"""Where notes begin in a sound, and how they attack.

Conventions
-----------
* One sound at a time is ``(n_samples,)`` float64; positions are sample numbers from its first sample.
* Onset strength has one value per 512 samples: mean rise in dB over mel bands, from frame to frame.

Contents
--------
peak_envelope    sample, hold 10 ms, then fall in a straight line
onset_strength   spectral flux on a mel scale
find_onsets      positions of the notes' beginnings
rise             the part of an envelope from its lowest point to its peak
attack           where an envelope's attack starts and how long it lasts
"""

from functools import lru_cache

import numpy as np
from scipy import sparse

from latentsampler.attributes.spectra import STFT_HOP, STFT_SIZE, short_time_spectrum
from latentsampler.sound.audio import MelConfig, mel_filter_bank

HOLD_SECONDS = 0.01
MIN_STRENGTH_DB = 3.0  # a weaker flux between two onsets is not a new note
MIN_DISTANCE_SECONDS = 0.1
_STRIDE = 256  # samples searched at once while an envelope falls


def peak_envelope(waveform, sample_rate, decay_seconds):
    """Return the envelope that jumps to every new peak, holds it for 10 ms and then falls at a constant rate.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(n_samples,)``.
    sample_rate : int
        Hz.
    decay_seconds : float
        Time to fall by the sound's highest peak.

    Returns
    -------
    numpy.ndarray
        ``(n_samples,)``, never below the magnitude of the waveform.

    References
    ----------
    Pearce, Brookes and Mason, AudioCommons D5.8, 2019, section on hardness.
    """
    samples = np.abs(waveform)
    n, fall = len(samples), samples.max() / (decay_seconds * sample_rate)
    hold = int(np.ceil(HOLD_SECONDS * sample_rate))
    last = np.append(np.flatnonzero(np.diff(samples) < 0), n - 1)
    summit = np.repeat(last, np.diff(last, prepend=-1))  # where the climb that a sample is part of ends
    tilted = samples + fall * np.arange(n)  # under this tilt the falling line is level
    envelope, at = samples.copy(), summit[0]  # climbs are followed exactly; the rest is filled in
    # one step per hold and fall, not per sample: each is a search for the first sample that ends it
    while at < n - 1:
        higher = samples[at + 1:at + 1 + hold] >= samples[at]
        end = int(higher.argmax()) if higher.any() else hold
        envelope[at + 1:at + 1 + end] = samples[at]
        at += 1 + end
        if end == hold and at < n:
            at = _fall(envelope, samples, tilted, fall, at)
        at = summit[at] if at < n else n
    return envelope


def _fall(envelope, samples, tilted, fall, start):
    """Fill the envelope from ``start`` until a sample climbs over it; return that place, or the end."""
    line = envelope[start - 1] + fall * (start - 1)
    for begin in range(start, len(samples), _STRIDE):
        here = slice(begin, begin + _STRIDE)
        over = np.maximum.accumulate(np.append(line, tilted[here]))
        climbs = tilted[here] >= over[:-1] + fall
        count = int(climbs.argmax()) if climbs.any() else len(climbs)
        part, touched = slice(begin, begin + count), over[1:count + 1]
        falling = touched - fall * np.arange(begin, begin + count)
        envelope[part] = np.where(tilted[part] == touched, samples[part], falling)
        if count < len(climbs):
            return begin + count
        line = over[-1]
    return len(samples)


@lru_cache(maxsize=8)
def _mel_weights(sample_rate):
    config = MelConfig(sample_rate=sample_rate, n_fft=STFT_SIZE, n_mels=128, fmax=sample_rate / 2)
    return sparse.csr_array(mel_filter_bank(config).numpy().astype(float).T)  # (F, M), 1 % of it nonzero


def onset_strength(waveform, sample_rate, spectrum=None):
    """Return the spectral flux of each sound.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``.
    sample_rate : int
        Hz.
    spectrum : numpy.ndarray, optional
        The waveform's `short_time_spectrum`, where it is known already.

    Returns
    -------
    numpy.ndarray
        ``(batch, 1 + n_samples // 512)`` dB, >= 0, shifted by three frames as librosa does.

    References
    ----------
    Boeck and Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013; `librosa.onset`.
    """
    spectrum = short_time_spectrum(waveform) if spectrum is None else spectrum
    power = (spectrum.real ** 2 + spectrum.imag ** 2).reshape(-1, spectrum.shape[-1])
    mel = (power @ _mel_weights(sample_rate)).reshape(*spectrum.shape[:2], -1)  # (B, T, M)
    level = 10 * np.log10(np.maximum(mel, 1e-10))
    level = np.maximum(level, level.max(axis=(1, 2), keepdims=True) - 80.0)
    flux = np.maximum(np.diff(level, axis=1), 0.0).mean(axis=-1)  # (B, T - 1)
    lag = 1 + STFT_SIZE // (2 * STFT_HOP)
    return np.pad(flux, ((0, 0), (lag, 0)))[:, :spectrum.shape[1]]


def _flux_onsets(strength, sample_rate):
    """Frames where the flux peaks, each moved back to the last local minimum before it."""
    if not strength.max() > strength.min():
        return np.zeros(0, int)
    strength = (strength - strength.min()) / (strength.max() - strength.min())
    per_frame = sample_rate / STFT_HOP
    reach, around = int(np.ceil(0.03 * sample_rate // STFT_HOP)), int(0.1 * sample_rate // STFT_HOP)
    total, frame = np.pad(np.cumsum(strength), (1, 0)), np.arange(len(strength))
    low, high = np.maximum(frame - around, 0), np.minimum(frame + around + 1, len(strength))
    loud = strength >= (total[high] - total[low]) / (high - low) + 0.07
    highest = np.lib.stride_tricks.sliding_window_view(np.pad(strength, (reach, 0)), reach + 1).max(axis=1)
    peaks, free = [], 0
    for peak in np.flatnonzero(loud & (strength == highest)):
        if peak >= free:
            peaks.append(peak)
            free = peak + int(0.03 * per_frame) + 1
    inner = strength[1:-1]
    minima = 1 + np.flatnonzero((inner <= strength[:-2]) & (inner < strength[2:]))
    minima = np.concatenate([[0], minima])
    return minima[np.searchsorted(minima, peaks, side="right") - 1]


def _look_back(onset, envelope, near, far, ripple, earliest):
    """Move an onset back to the foot of its rise, over ripples; 0 where that is near the beginning."""
    while True:
        start = onset - near - 1 if onset > near else 0
        window = envelope[start:onset] if onset > near else envelope[:onset - 1]
        lowest = int(window.argmin())
        if window[lowest] <= envelope[onset]:
            # walk on from the lowest point; an onset within the first window jumps to the start, as published
            onset += lowest - near - 1
            if onset <= earliest:
                return 0
            continue
        window = envelope[max(onset - far - 1, 0) if onset > far + 1 else 0:onset]
        lower = np.flatnonzero(window < envelope[onset])
        if not len(lower) or np.ptp(window[lower[-1]:]) >= ripple:
            return onset
        onset += int(lower[-1]) - len(window)
        if onset < earliest:
            return 0


def _rises_enough(envelope, onsets, threshold):
    """Keep the onsets whose note rises by ``threshold`` before its peak; the others join the note before."""
    onsets = list(onsets)
    for k in reversed(range(len(onsets))):
        segment = envelope[onsets[k]:onsets[k + 1] if k + 1 < len(onsets) else None]
        peak = int(segment.argmax()) if len(segment) > 1 else 0
        if peak == 0 or segment[peak] - segment[:peak].min() < threshold:
            del onsets[k]
    return onsets


def _apart(onsets, distance):
    """Drop every onset closer than ``distance`` to the one before it, until none is."""
    onsets = np.asarray(onsets)
    while len(onsets) > 1 and (close := np.diff(onsets) < distance).any():
        onsets = onsets[np.concatenate([[True], ~close])]
    return onsets


def find_onsets(strength, envelope, sample_rate, earliest=512):
    """Return where the notes of one sound begin.

    Parameters
    ----------
    strength : numpy.ndarray
        ``(n_frames,)``, from `onset_strength`.
    envelope : numpy.ndarray
        ``(n_samples,)``, from `peak_envelope`.
    sample_rate : int
        Hz.
    earliest : int
        Samples; an onset traced back to before this one is put at 0.

    Returns
    -------
    list of int
        Ascending samples; ``[0]`` where no onset is found.

    References
    ----------
    Pearce, Brookes and Mason, AudioCommons D5.8, 2019: flux peaks, traced back along the envelope (in windows
    of 20 ms, of 300 ms over ripples below 10 % of its range), weak and crowded ones removed.
    """
    span = np.ptp(envelope)
    near, far = int(0.02 * sample_rate), int(300 * sample_rate * 0.001)
    found = []
    for onset in STFT_HOP * _flux_onsets(strength, sample_rate):
        # an onset in the last frame counts only when it is the sole one
        if onset == 0 or not found or onset + STFT_HOP - 1 < len(envelope):
            found.append(_look_back(int(onset), envelope, near, far, 0.1 * span, earliest) if onset else 0)
    found = [onset for k, onset in enumerate(found) if (onset or k == 0) and onset not in found[:k]]
    if len(found) > 1:
        found = _apart(_rises_enough(envelope, found, 0.1 * span), MIN_DISTANCE_SECONDS * sample_rate)
    return _flux_between(strength, found) or [0]


def _flux_between(strength, onsets):
    """Keep the onsets followed, before the next kept one, by a flux of at least 3 dB."""
    kept, end = [], None
    for onset in reversed(list(onsets)):
        frame = int(onset) // STFT_HOP
        if strength[frame:end].max(initial=0.0) >= MIN_STRENGTH_DB:
            kept.append(int(onset))
            end = frame
    return kept[::-1]


def rise(envelope):
    """Return the rise of an envelope, from the last lowest place before its peak.

    Parameters
    ----------
    envelope : numpy.ndarray
        ``(n_samples,)``, peak above 0.

    Returns
    -------
    tuple
        That place, and the envelope from there to the peak, scaled to 1.
    """
    peak = int(envelope.argmax())
    before = envelope[:peak]
    foot = len(before) - 1 - int(before[::-1].argmin()) if peak else 0
    return foot, envelope[foot:peak + 1] / envelope[peak]


def attack(envelope, sample_rate, longest=0.1):
    """Return the attack of one note by the method of least effort.

    Parameters
    ----------
    envelope : numpy.ndarray
        ``(n_samples,)`` of one note, peak above 0 and not in its first sample.
    sample_rate : int
        Hz.
    longest : float
        Seconds, upper limit.

    Returns
    -------
    tuple
        First sample of the attack, and its length in seconds.

    References
    ----------
    Peeters, "A large set of audio features for sound description in the CUIDADO project", IRCAM, 2004, on the
    attack: nine levels of the rise; the attack is the run of levels that take less than three times the mean.
    """
    foot, curve = rise(envelope)
    low = curve.min()
    levels = np.linspace(0.1, 0.9, 9) * (curve.max() - low) + low
    crossed = np.argmax(curve >= levels[:, None], axis=1)
    effort = np.diff(crossed)
    limit = 3.0 * effort.mean()
    first = int(np.argmax(effort <= limit))
    last = int(np.argmax(effort[first:] >= limit)) or len(effort) - first - 1
    start, end = crossed[first], crossed[first + last]
    if start == end:
        start, end = crossed[0], crossed[-1]
    seconds = 1.0 / sample_rate if start == end else (end - start + 1.0) / sample_rate
    if seconds > longest:
        seconds = (int(sample_rate * longest) + 1.0) / sample_rate
    return foot + int(start), seconds
