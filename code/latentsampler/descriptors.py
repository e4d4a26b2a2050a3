"""Perceptual attributes of sounds, batched: depth, brightness, hardness, roughness, warmth, sharpness, booming.

Our own vectorised form of the published AudioCommons timbral models; the coefficients are their regressions onto
listeners' ratings of 0 to 100.

Conventions
-----------
* A waveform is ``(batch, n_samples)``, mono, or ``(batch, channels, n_samples)``; NumPy or torch.
* An attribute is in points of the listeners' scale; values outside 0..100 occur.
* A silent sound (no 0.4 s block of -70 LUFS) cannot be brought to the loudness at which the ratings were given: NaN.

Contents
--------
describe     waveform -> the seven attributes by name
Sound        sounds at -24 LUFS and 44.1 kHz or more, and what several attributes share, computed once
depth, brightness, roughness, sharpness, booming
             `Sound` -> ``(batch,)`` points; hardness and warmth are in `latentsampler.hardness`
ATTRIBUTES   the seven functions, in the order of the table that ``describe`` prints

References
----------
Pearce, Brookes and Mason, "Release of timbral characterisation tools for semantically annotating non-musical content",
AudioCommons D5.8, 2019.
"""

from functools import cached_property

import numpy as np
from scipy import fft, signal

from latentsampler.hardness import hardness, warmth
from latentsampler.loudness import level_to, specific_loudness
from latentsampler.onsets import find_onsets, onset_strength, peak_envelope
from latentsampler.spectra import (frame_power, power_spectrogram, resample, root_mean_squares, short_time_spectrum,
                                   spectral_peaks, windowed_frames)

LOWEST_RATE = 44100  # Hz; the loudness bands reach 14 kHz
_FRAME = 4096
_AT_ONCE = 8  # sounds whose spectrograms share the processor's cache
_BARK = np.arange(1, 241) / 10.0
# Fastl's sharpness weight, a fourth-degree polynomial above 14 Bark
_SHARP = _BARK * np.where(_BARK > 14.0, np.polyval([0.00012, -0.0056, 0.1, -0.81, 3.5], _BARK), 1.0)
_BARK_HZ = 600.0 * np.sinh(_BARK / 6.0)
# Hatano and Hashimoto's booming weight over third-octave numbers from 25 Hz; the first four values roll off
_BOOM = np.concatenate([[0.8, 1.05, 1.10, 1.18],
                        2.13 * np.exp(-0.151 * (np.log10(_BARK_HZ[4:] / 25.0) / np.log10(31.5 / 25.0) + 1))])


class Sound:
    """Sounds ready for analysis, and what several attributes share.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``, mono, levelled, none silent.
    rate : int
        Hz, at least 44,100.
    """

    def __init__(self, waveform, rate):
        self.waveform, self.rate = waveform, rate

    @cached_property
    def frames(self):
        """Frames of 4,096 samples ``(batch, n_frames, 4096)``, the last filled with (or all of) silence."""
        batch, n = self.waveform.shape
        return np.pad(self.waveform, ((0, 0), (0, _FRAME - n % _FRAME))).reshape(batch, -1, _FRAME)

    @cached_property
    def loudness(self):
        """Specific loudness ``(batch, n_frames, 240)`` in sone/Bark, and loudness ``(batch, n_frames)`` in sone."""
        specific, total = specific_loudness(self.frames.reshape(-1, _FRAME), self.rate)
        shape = self.frames.shape[:2]
        return specific.reshape(*shape, -1), total.reshape(shape)

    @cached_property
    def frame_levels(self):
        """Root mean square of the frames, ``(batch, n_frames)``."""
        return np.sqrt(np.mean(self.frames ** 2, axis=-1))

    @cached_property
    def envelope(self):
        """Peak envelope that falls in 0.1 s, ``(batch, n_samples)``."""
        return np.stack([peak_envelope(row, self.rate, 0.1) for row in self.waveform])

    @cached_property
    def spectrum(self):
        """Complex Hann spectrogram, ``(batch, n_frames, 1025)``."""
        return short_time_spectrum(self.waveform)

    @cached_property
    def rumble_free(self):
        """The waveform above 20 Hz, scaled to peak 1."""
        filtered = butterworth(self.waveform, 20.0, "high", self.rate)
        return filtered / np.abs(filtered).max(axis=1, keepdims=True)

    def bark_level(self, first, last):
        """Return the specific loudness under a bell over grid points ``first`` to ``last``, ``(batch, n_frames)``."""
        place = np.arange(first, last) - (first + last) / 2.0
        bell = np.exp(-0.5 * (0.01 * place) ** 2)  # the published width: 100 steps, nearly flat over the range
        bell = (bell - bell.min()) / np.ptp(bell)
        return self.loudness[0][:, :, first:last] @ bell

    def weighted(self, per_frame, power=1):
        """Return the mean over frames, weighted by a power of their root mean square, ``(batch,)``."""
        return np.average(per_frame, axis=1, weights=self.frame_levels ** power)


def butterworth(waveform, cutoff, kind, rate):
    """Return the waveform under a second-order Butterworth filter applied three times (18 dB down at ``cutoff`` Hz).

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``.
    cutoff : float
        Hz.
    kind : str
        ``"high"`` or ``"low"``, what passes, as in `scipy.signal.butter`.
    rate : int
        Hz.

    Returns
    -------
    numpy.ndarray
        ``(batch, n_samples)``.
    """
    return signal.sosfilt(np.repeat(signal.butter(2, cutoff, kind, fs=rate, output="sos"), 3, axis=0), waveform)


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
    AudioCommons D5.8, depth: linear in the centroid below 2 kHz, the share of energy below 500 Hz, the log of the notes'
    duration to -40 dB and of the lowest spectral peak, and two products of share and duration.
    """
    wave = sound.rumble_free
    frames = windowed_frames(wave, _FRAME)
    spectra, total = power_spectrogram(frames), frame_power(frames)  # (B, T, F), (B, T)
    hz = np.arange(_FRAME // 2 + 1) * sound.rate / _FRAME
    weight = np.where(total > 1e-3, total, 0.0) / total.sum(axis=1, keepdims=True)
    low = power_spectrogram(windowed_frames(butterworth(wave, 2000.0, "low", sound.rate), _FRAME))
    centroid = np.minimum(np.sum(low @ hz / np.maximum(low.sum(axis=2), 1e-300) * weight, axis=1), 2000.0)
    lower = frame_power(windowed_frames(butterworth(wave, 500.0, "low", sound.rate), _FRAME))
    ratio = np.sum(lower / np.maximum(total, 1e-300) * weight, axis=1)
    duration = np.array([_log_duration(row, sound.rate) for row in wave])
    pitch = _lowest_peak(spectra.sum(axis=1), hz[1])
    return (-0.0043703565847874465 * centroid + 32.83743202462131 * ratio + 4.750862716905235 * duration
            - 14.217438690256062 * pitch + 3.8782339862813924 * ratio * duration
            - 0.8544826091735516 * ratio ** 10 / (ratio ** 10 + 0.2) * duration + 66.69534393444391)


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
    """Log10 of the lowest peak's frequency in each spectrum; 0 where the highest peak is at 0 Hz, as published."""
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
    AudioCommons D5.8, brightness: linear in the log of the share of energy above 2 kHz and of the spectral centroid above
    100 Hz.
    """
    wave = sound.rumble_free
    total = frame_power(windowed_frames(wave, 2048)).sum(axis=1)
    high = frame_power(windowed_frames(butterworth(wave, 2000.0, "high", sound.rate), 2048)).sum(axis=1)
    # weighting each frame's ratio and centroid by its power leaves the ratio and centroid of the sums
    body = power_spectrogram(windowed_frames(butterworth(wave, 100.0, "high", sound.rate), 2048)).sum(axis=1)
    centroid = body @ (np.arange(1025) * sound.rate / 2048) / body.sum(axis=1)
    with np.errstate(divide="ignore"):
        return 4.613128018020465 * np.log10(high / total) + 17.378889309312974 * np.log10(centroid) + 17.434733750553022


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
    Vassilakis, "SRA: a web-based research tool for spectral and roughness analysis of sound signals", SMC 2007, eq. 1 to
    6, on frames of 50 ms; its logarithm onto ratings, AudioCommons D5.8.
    """
    spectra = _beat_spectra(sound.waveform, sound.rate)  # (B, T, F)
    low, top = spectra.min(axis=(1, 2), keepdims=True), spectra.max(axis=(1, 2), keepdims=True)
    batch, count, bins = spectra.shape
    values = spectra.reshape(-1, bins)
    row, place, position, height = spectral_peaks(((spectra - low) / (top - low)).reshape(-1, bins), 0.01, values)
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
    narrow = 0.24 / (0.0207 * hz + 18.96)  # Plomp and Levelt's dissonance curve, scaled to the lower frequency
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
    Fastl and Zwicker, *Psychoacoustics*, eq. 9.1; AudioCommons D5.8, sharpness.
    """
    specific, total = sound.loudness
    acum = 0.11 * (specific @ _SHARP) / np.maximum(specific.sum(axis=-1), 1e-300)
    return 102.50508921364404 * np.log10(sound.weighted(np.where(total > 0, acum, 0.0), 2)) + 34.432655185001735


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
    Hatano and Hashimoto, "Booming index as a measure for evaluating booming sensation", Inter-Noise 2000; AudioCommons
    D5.8, booming.
    """
    specific, total = sound.loudness
    level = 10.0 * np.log10(np.sum(10.0 ** (specific * _BOOM / 10.0), axis=-1))
    low = specific[..., :np.argmax(_BARK_HZ >= 280.0)].sum(axis=-1) / np.maximum(specific.sum(axis=-1), 1e-300)
    index = sound.weighted(np.where(total > 0, level * low, 0.0), 2)
    with np.errstate(divide="ignore"):
        base = np.log10(sound.bark_level(0, 70).mean(axis=1))
        return 43.67402696195865 * np.log10(index) - 10.90054738389845 * base + 26.836530575185435


ATTRIBUTES = (depth, brightness, hardness, roughness, warmth, sharpness, booming)


def describe(waveform, sample_rate, attributes=ATTRIBUTES):
    """Return the perceptual attributes of a batch of sounds.

    Parameters
    ----------
    waveform : numpy.ndarray or torch.Tensor
        ``(batch, n_samples)``, or ``(batch, channels, n_samples)`` whose first three channels are summed.
    sample_rate : int
        Hz.
    attributes : sequence of callable, optional
        Functions of a `Sound`; all seven by default.

    Returns
    -------
    dict
        Name -> ``(batch,)`` float64 points; NaN for a silent sound.

    Raises
    ------
    ValueError
        Where the shape or the rate is unusable.
    """
    waveform = _checked(waveform, sample_rate)
    levelled, rate = level_to(waveform, sample_rate), max(sample_rate, LOWEST_RATE)
    result = {attribute.__name__: np.full(len(waveform), np.nan) for attribute in attributes}
    heard = np.flatnonzero(np.isfinite(levelled[:, 0]))
    for rows in np.split(heard, range(_AT_ONCE, len(heard), _AT_ONCE)):
        sound = Sound(resample(levelled[rows], sample_rate, rate), rate)
        for attribute in attributes:
            result[attribute.__name__][rows] = attribute(sound)
    return result


def _checked(waveform, sample_rate):
    waveform = np.asarray(waveform, dtype=float)
    if waveform.ndim == 3:
        waveform = waveform[:, :3].sum(axis=1)
    if waveform.ndim != 2 or waveform.shape[1] < 2:
        raise ValueError(f"expected (batch, n_samples) or (batch, channels, n_samples), got {waveform.shape}; "
                         "a single sound needs waveform[None]")
    if not 1000 <= sample_rate:
        raise ValueError(f"expected a sample rate in Hz of at least 1000, got {sample_rate}")
    return waveform
