"""Depth, brightness, roughness, sharpness and booming: the attributes that are measured over a whole sound.

Conventions
-----------
* Functions take a `descriptors.Sound` and return ``(batch,)`` points on the listeners' scale of
  0 to 100 (a regression: values outside occur).
* D5.8 is Pearce, Brookes and Mason, "Release of timbral characterisation tools for semantically annotating
  non-musical content", AudioCommons deliverable D5.8, 2019.

Contents
--------
depth       low centroid, much energy below 500 Hz, a low first peak, long notes
brightness  much energy above 2 kHz, high centroid
roughness   partials that beat with each other
sharpness   loudness at the top of the Bark scale
booming     loudness below 280 Hz
"""

import numpy as np
from scipy import fft

from latentsampler.attributes.onsets import find_onsets, onset_strength, peak_envelope
from latentsampler.attributes.spectra import (
    butterworth,
    frame_power,
    power_spectrogram,
    root_mean_squares,
    spectral_peaks,
    windowed_frames,
)

_FRAME, _BRIGHT_FRAME = 4096, 2048
_BARK = np.arange(1, 241) / 10.0
# Fastl's sharpness weight, a fourth-degree polynomial above 14 Bark
_SHARP = _BARK * np.where(_BARK > 14.0, np.polyval([0.00012, -0.0056, 0.1, -0.81, 3.5], _BARK), 1.0)
_BARK_HZ = 600.0 * np.sinh(_BARK / 6.0)
# Hatano and Hashimoto's booming weight over third-octave numbers from 25 Hz; the first four values roll off
_BOOM = np.concatenate([[0.8, 1.05, 1.10, 1.18],
                        2.13 * np.exp(-0.151 * (np.log10(_BARK_HZ[4:] / 25.0) / np.log10(31.5 / 25.0) + 1))])


def depth(sound):
    """Return how deep each sound is.

    Parameters
    ----------
    sound : Sound
        ``batch`` levelled sounds.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` points.

    References
    ----------
    D5.8, depth: linear in the centroid below 2 kHz, the share of energy below 500 Hz, the log of the notes'
    duration to -40 dB and of the lowest spectral peak, and two products of share and duration.
    """
    wave = sound.rumble_free
    frames = windowed_frames(wave, _FRAME)
    spectra, total = power_spectrogram(frames), frame_power(frames)  # (B, T, F), (B, T)
    hz = np.arange(_FRAME // 2 + 1) * sound.rate / _FRAME
    weight = np.where(total > 1e-3, total, 0.0) / total.sum(axis=1, keepdims=True)  # -60 dB in amplitude
    low = power_spectrogram(windowed_frames(butterworth(wave, 2000.0, "low", sound.rate), _FRAME))
    centroid = np.minimum(np.sum(_ratio(low @ hz, low.sum(axis=2)) * weight, axis=1), 2000.0)
    lower = frame_power(windowed_frames(butterworth(wave, 500.0, "low", sound.rate), _FRAME))
    ratio = np.sum(_ratio(lower, total) * weight, axis=1)
    duration = np.array([_log_duration(row, sound.rate) for row in wave])
    pitch = _lowest_peak(spectra.sum(axis=1), hz[1])
    return (-0.0043703565847874465 * centroid + 32.83743202462131 * ratio + 4.750862716905235 * duration
            - 14.217438690256062 * pitch + 3.8782339862813924 * ratio * duration
            - 0.8544826091735516 * ratio ** 10 / (ratio ** 10 + 0.2) * duration + 66.69534393444391)


def _ratio(top, bottom):
    """Quotient in float64, 0 where the bottom is 0 (a silent frame)."""
    return np.divide(top, bottom, out=np.zeros(np.shape(top)), where=bottom > 0)


def _log_duration(waveform, rate):
    """Log10 of the mean time in seconds from each note's loudest moment to -40 dB (or to the next note)."""
    envelope = peak_envelope(waveform, rate, 0.2)
    onsets = find_onsets(onset_strength(waveform[None], rate)[0], envelope, rate)
    level = root_mean_squares(waveform[None], 256, 256)[0]
    level = level / level.max()
    seconds = []
    for start, end in zip(onsets, onsets[1:] + [None], strict=True):
        note = level[start // 256:end // 256 if end else None]
        note = note[note.argmax():]
        quiet = note < 0.01
        seconds.append((quiet.argmax() if quiet.any() else len(note)) * 256 / rate)
    return np.log10(np.mean(seconds))


def _lowest_peak(spectra, hz_per_bin):
    """Log10 of the lowest peak's frequency in Hz; 0 where the highest peak is at 0 Hz, as published."""
    low = spectra.min(axis=1, keepdims=True)
    scaled = (spectra - low) / (spectra.max(axis=1, keepdims=True) - low)
    row, _, position, _ = spectral_peaks(scaled, 0.01)
    lowest = np.full(len(spectra), np.inf)
    np.minimum.at(lowest, row[position > 0], position[position > 0])
    usable = np.isfinite(lowest) & (scaled.argmax(axis=1) > 0)
    return np.where(usable, np.log10(np.where(usable, lowest, 1.0) * hz_per_bin), 0.0)


def brightness(sound):
    """Return how bright each sound is.

    Parameters
    ----------
    sound : Sound
        ``batch`` levelled sounds.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` points.

    References
    ----------
    D5.8, brightness: linear in the logarithms of the share of energy above 2 kHz and of the spectral centroid
    above 100 Hz.
    """
    wave = sound.rumble_free
    total = frame_power(windowed_frames(wave, _BRIGHT_FRAME)).sum(axis=1)
    treble = butterworth(wave, 2000.0, "high", sound.rate)
    high = frame_power(windowed_frames(treble, _BRIGHT_FRAME)).sum(axis=1)
    # weighting each frame's ratio and centroid by its power leaves the ratio and centroid of the sums
    body = windowed_frames(butterworth(wave, 100.0, "high", sound.rate), _BRIGHT_FRAME)
    spectrum = power_spectrogram(body).sum(axis=1)  # (B, F)
    centroid = spectrum @ (np.arange(spectrum.shape[1]) * sound.rate / _BRIGHT_FRAME) / spectrum.sum(axis=1)
    share, centroid = np.log10(high / total), np.log10(centroid)
    return 4.613128018020465 * share + 17.378889309312974 * centroid + 17.434733750553022


def roughness(sound):
    """Return how rough each sound is; 0 where it hardly beats at all.

    Parameters
    ----------
    sound : Sound
        ``batch`` levelled sounds.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` points.

    References
    ----------
    Vassilakis, "SRA: a web-based research tool for spectral and roughness analysis of sound signals", SMC
    2007, equations 1 to 6, on frames of 50 ms; its logarithm onto ratings, D5.8.
    """
    spectra = _beat_spectra(sound.waveform, sound.rate)  # (B, T, F)
    low, top = spectra.min(axis=(1, 2), keepdims=True), spectra.max(axis=(1, 2), keepdims=True)
    batch, count, bins = spectra.shape
    values = spectra.reshape(-1, bins)
    scaled = ((spectra - low) / (top - low)).reshape(-1, bins)
    row, place, position, height = spectral_peaks(scaled, 0.01, values)
    beating = _beating(row, position * sound.rate / (2 * bins - 2), height, values[row, place])
    mean = np.bincount(row // count, weights=beating, minlength=batch) / count
    return np.where(mean < 0.01, 0.0, 13.98779569 * np.log10(np.maximum(mean, 0.01)) + 48.97606571545886)


def _beat_spectra(waveform, rate):
    """Magnitudes of Hamming frames of 50 ms, half overlapping, after 512 zeros; silence fills the count."""
    wave = np.pad(waveform, ((0, 0), (512, 0)))
    size, n = int(rate * 0.05), wave.shape[1]
    frames = np.zeros((len(wave), max(int(n / (size / 2)), 1), 2 ** int(np.log2(size) + 1)))
    if n <= size:
        frames[:, 0, :n] = wave
    else:
        starts = (np.arange(frames.shape[1]) * size / 2).astype(int)
        starts = starts[starts + size <= n]
        inside = np.lib.stride_tricks.sliding_window_view(wave, size, axis=-1)[:, starts]
        frames[:, :len(starts), :size] = inside * np.hamming(size + 2)[1:-1]
    return np.abs(fft.rfft(frames, axis=-1))


def _beating(row, hz, height, order):
    """Roughness of each peak with the peaks above it in its frame; peaks come by frame and frequency."""
    result, lower, step = np.zeros(len(row)), np.arange(len(row)), 1
    narrow = 0.24 / (0.0207 * hz + 18.96)  # Plomp and Levelt's curve, scaled to the lower frequency
    while True:
        lower = lower[lower + step < len(row)]
        upper = lower + step
        distance = narrow[lower] * (hz[upper] - hz[lower])
        near = (row[upper] == row[lower]) & (distance < 6.0)  # beyond, exp(-3.51 * 6) is nothing
        if not near.any():
            return result
        lower, upper, distance = lower[near], upper[near], distance[near]
        louder = np.where(order[upper] > order[lower], height[upper], height[lower])
        product, total = height[lower] * height[upper], height[lower] + height[upper]
        result[lower] += (product ** 0.1 * 0.5 * (2 * louder / total) ** 3.11
                          * (np.exp(-3.51 * distance) - np.exp(-5.75 * distance)))
        step += 1


def sharpness(sound):
    """Return how sharp each sound is.

    Parameters
    ----------
    sound : Sound
        ``batch`` levelled sounds.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` points.

    References
    ----------
    Fastl and Zwicker, *Psychoacoustics*, equation 9.1; D5.8, sharpness.
    """
    specific, total = sound.loudness
    acum = np.where(total > 0, 0.11 * _ratio(specific @ _SHARP, specific.sum(axis=-1)), 0.0)  # (B, T)
    return 102.50508921364404 * np.log10(sound.weighted(acum, 2)) + 34.432655185001735


def booming(sound):
    """Return how booming each sound is.

    Parameters
    ----------
    sound : Sound
        ``batch`` levelled sounds.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` points.

    References
    ----------
    Hatano and Hashimoto, "Booming index as a measure for evaluating booming sensation", Inter-Noise 2000;
    D5.8, booming.
    """
    specific, total = sound.loudness
    level = 10.0 * np.log10(np.sum(10.0 ** (specific * _BOOM / 10.0), axis=-1))
    low = _ratio(specific[..., :np.argmax(_BARK_HZ >= 280.0)].sum(axis=-1), specific.sum(axis=-1))
    index = sound.weighted(np.where(total > 0, level * low, 0.0), 2)
    index, base = np.log10(index), np.log10(sound.bark_level(0, 70).mean(axis=1))
    return 43.67402696195865 * index - 10.90054738389845 * base + 26.836530575185435
