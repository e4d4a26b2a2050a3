"""Hardness and warmth: the two attributes that are measured note by note, from each onset to the next.

Conventions
-----------
* Functions take a `descriptors.Sound` and return ``(batch,)`` points on the listeners' scale of
  0 to 100 (a regression: values outside occur).

Contents
--------
hardness          wide-band, sudden, percussive, strong in the middle of the Bark scale
percussive_share  median-filtering separation -> share of percussive energy
warmth            strong around and just above a low fundamental, falling evenly beyond
"""

import numpy as np
from scipy import fft, ndimage, signal

from latentsampler.attributes.onsets import attack, find_onsets, onset_strength, rise
from latentsampler.attributes.spectra import STFT_HOP, STFT_SIZE, root_mean_squares, spectral_peaks

HARDNESS = np.array([12.079781720638145, 18.52100377170042, 14.139883645260355, 5.567690321917516,
                     3.9346817690405635, -4.326890461087848, -85.60352209068202])
WARMTH = np.array([-4.464258317026696, -0.08819320850778556, 0.29156539973575546, 17.274733561081554,
                   8.403340066029507, 45.21212125085579])
_FRAME, _BANDWIDTH_HOP, _FLOOR = 4096, 128, 10.0 ** (-75.0 / 20.0)
_LONGEST_ATTACK = 0.1  # seconds
_MEDIAN_SPAN = 31  # bins and frames
_BLOCK = 256  # frames at once: 30 times as much data as samples
_WARM_FFT, _LOW_HZ, _WARM_TOP_HZ = 8192, 260.0, 12000.0


def hardness(sound):
    """Return how hard each sound is.

    Parameters
    ----------
    sound : latentsampler.attributes.descriptors.Sound
        ``batch`` levelled sounds.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` points.

    References
    ----------
    Pearce, Brookes and Mason, AudioCommons D5.8, 2019, hardness: linear in the logarithms of the attacks'
    bandwidth, their spectral centroid, the loudness between 7 and 14 Bark, the percussive share, the onset
    strength and the attack time.
    """
    middle = np.log10(sound.weighted(sound.bark_level(70, 140)))
    share = np.log10(percussive_share(sound.waveform, sound.spectrum))
    # silence in front, one sample more than a frame, lets an attack in the first sample be seen
    padded = np.pad(sound.waveform, ((0, 0), (_FRAME + 1, 0)))
    envelopes = np.pad(sound.envelope, ((0, 0), (_FRAME + 1, 0)))
    strengths = onset_strength(padded, sound.rate)
    notes = [_attacks(*row, sound.rate) for row in zip(padded, envelopes, strengths, strict=True)]
    width, centroid, strength, seconds = np.array(notes).T
    features = np.stack([width, centroid, middle, share, strength, seconds, np.ones(len(notes))], axis=1)
    return features @ HARDNESS


def _attacks(waveform, envelope, strength, rate):
    """One sound -> log10 of the attacks' mean bandwidth (Hz), centroid (Hz), strength (dB) and time (s)."""
    starts = find_onsets(strength, envelope, rate, earliest=_FRAME)
    starts = [0] if len(starts) == 1 else starts
    ends = starts[1:] + [len(waveform)]
    width = _bandwidth(waveform, rate)
    places = [max(start - _FRAME, 0) // _BANDWIDTH_HOP for start in starts]
    widths, centroids, strengths, seconds = [], [], [], []
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        begin, duration = attack(envelope[start:end], rate, _LONGEST_ATTACK)
        seconds.append(np.log10(duration))
        last = k + 1 == len(starts)
        strengths.append(strength[start // STFT_HOP:None if last else end // STFT_HOP].max())
        widths.append(_attack_width(width[places[k]:None if last else places[k + 1]], rate))
        section = waveform[start + begin:min(start + begin + int(0.125 * rate), end)]
        if len(section) > 512 and section.any():
            centroids.append(_centroid(section, rate))
    found = np.isfinite(widths)
    weight = np.where(found, strengths, 0.0)
    mean_width = np.nansum(widths * weight) / weight.sum() if weight.sum() > 0 else 0.0
    mean_width = mean_width if mean_width > 512.0 else rate / 512.0
    centroid = max(np.mean(centroids) if centroids else 0.0, 200.0)
    return np.log10(mean_width), np.log10(centroid), np.log10(np.mean(strengths)), np.mean(seconds)


def _bandwidth(waveform, rate):
    """Hz from the 5 % point of the spectrum to its last bin over -75 dB, every 128 samples; 0 where quiet."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float32), _FRAME)[::_BANDWIDTH_HOP]
    parts = []
    for start in range(0, len(frames), _BLOCK):
        block = frames[start:start + _BLOCK]
        magnitude = np.abs(fft.rfft(block - block.mean(axis=1, keepdims=True), axis=1))  # (T, F)
        total = magnitude.sum(axis=1)
        above = magnitude >= _FLOOR * np.sqrt(rate * _FRAME)
        top = above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
        bottom = np.argmax(np.cumsum(magnitude, axis=1) >= 0.05 * total[:, None], axis=1)
        parts.append([total, np.where(above.any(axis=1), (top - bottom) * rate / _FRAME, 0.0)])
    total, width = np.concatenate(parts, axis=1)
    return np.where(total > 0.1 * np.ptp(total) + total.min(), width, 0.0)


def _attack_width(width, rate):
    """Largest bandwidth in the first 0.1 s of the rise of a bandwidth curve; NaN where it has no rise."""
    if not width.max(initial=0.0) > 0 or width.argmax() == 0:
        return np.nan
    foot, curve = rise(width)
    low = curve.min()
    start = foot + int(np.argmax(curve >= 0.2 * (curve.max() - low) + low))
    count = int(_LONGEST_ATTACK * rate / _BANDWIDTH_HOP)
    # the published comparison: with little left after the start, all of it counts
    return width[start:start + count].max() if len(width) - start > start + count else width[start:].max()


def _centroid(section, rate):
    """Centroid in Hz of the magnitude spectrum from 20 Hz up, without a window."""
    size = 2 ** int(np.ceil(np.log2(len(section))))
    magnitude, hz = np.abs(fft.rfft(section, size)), np.arange(size // 2 + 1) * rate / size
    magnitude = np.where(hz >= 20.0, magnitude, 0.0)
    return magnitude @ hz / magnitude.sum()


def _overlap_add(spectrum):
    """Inverse of `short_time_spectrum`, ``(batch, 512 (n_frames - 1))`` samples."""
    window = signal.get_window("hann", STFT_SIZE).astype(np.float32)
    overlap = STFT_SIZE // STFT_HOP
    frames = fft.irfft(spectrum, STFT_SIZE, axis=-1)
    frames *= window
    frames = frames.reshape(*frames.shape[:2], overlap, STFT_HOP)  # (B, T, 4, hop)
    batch, count = frames.shape[:2]
    total = np.zeros((batch, count + overlap - 1, STFT_HOP), np.float32)
    weight = np.zeros((count + overlap - 1, STFT_HOP))
    for k in range(overlap):
        total[:, k:k + count] += frames[:, :, k]
        weight[k:k + count] += window.reshape(overlap, STFT_HOP)[k] ** 2
    inside = slice(overlap // 2, overlap // 2 + count - 1)  # what the centring padded is cut off
    return (total[:, inside] / weight[inside]).reshape(batch, -1)


def _running_median(values):
    """Median over 31 neighbours along the last axis, mirrored at the ends."""
    half = _MEDIAN_SPAN // 2
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(half, half)], mode="symmetric")
    # one long row: scipy's one-dimensional filter keeps its window sorted and is ten times faster
    return ndimage.median_filter(padded.ravel(), _MEDIAN_SPAN).reshape(padded.shape)[..., half:-half]


def percussive_share(waveform, spectrum):
    """Return how much of a sound's energy is percussive: vertical rather than horizontal in its spectrogram.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``.
    spectrum : numpy.ndarray
        Its `short_time_spectrum`.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` in [0, 1]: sum over frames of the percussive root mean square, over that of both parts.

    References
    ----------
    Fitzgerald, "Harmonic/percussive separation using median filtering", DAFx 2010 (soft masks, power 2).
    """
    spectrum = spectrum.astype(np.complex64)
    magnitude = np.abs(spectrum)  # (B, T, F)
    percussive = _running_median(magnitude) ** 2
    harmonic = _running_median(magnitude.swapaxes(1, 2)).swapaxes(1, 2) ** 2
    both = harmonic + percussive
    mask = np.divide(harmonic, both, out=np.full_like(both, 0.5), where=both > 0)
    harmonic = _overlap_add(spectrum * mask)
    percussive = waveform[:, :harmonic.shape[1]] - harmonic  # the masks sum to one
    harmonic, percussive = root_mean_squares(harmonic, 1024, 512), root_mean_squares(percussive, 1024, 512)
    return percussive.sum(axis=1) / (percussive + harmonic).sum(axis=1)


def warmth(sound):
    """Return how warm each sound is.

    Parameters
    ----------
    sound : latentsampler.attributes.descriptors.Sound
        ``batch`` levelled sounds.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` points.

    References
    ----------
    Pearce, Brookes and Mason, AudioCommons D5.8, 2019, warmth: linear in the log of the spectral centroid,
    the loudness of 8 to 24 Bark and of 1 to 4 Bark, how straight the spectrum falls above 3.5 fundamentals,
    and the share of energy between a fundamental below 260 Hz and 260 Hz.
    """
    high = sound.weighted(sound.bark_level(80, 240))
    low = sound.bark_level(10, 40).mean(axis=1)
    strengths = onset_strength(sound.waveform, sound.rate, sound.spectrum)
    rows = []
    for waveform, envelope, strength in zip(sound.waveform, sound.envelope, strengths, strict=True):
        starts = find_onsets(strength, envelope, sound.rate, earliest=_FRAME)
        starts = [0] if len(starts) == 1 else starts
        segments = [waveform[a:b] for a, b in zip(starts, starts[1:] + [len(waveform)], strict=True)]
        centroid, straight, ratio = np.array([_warm_features(part, sound.rate) for part in segments]).T
        rows.append([np.log10(centroid.mean()), straight.mean(),
                     np.average(ratio, weights=[np.sqrt(np.mean(part ** 2)) for part in segments])])
    centroid, straight, ratio = np.array(rows).T
    return np.stack([centroid, high, low, straight, ratio, np.ones(len(rows))], axis=1) @ WARMTH


def _warm_features(section, rate):
    """One note -> centroid (Hz), R^2 of log spectrum against log frequency, share of low energy."""
    hz, _, power = signal.spectrogram(section, rate, nperseg=min(len(section), _WARM_FFT), nfft=_WARM_FFT)
    power = power.sum(axis=1)
    power = power / power.max()
    _, bins, position, _ = spectral_peaks(power[None], 0.2)
    if not len(bins):  # a constant
        return np.nan, np.nan, np.nan
    fundamental = position.min() * hz[1]
    centroid = power @ hz / power.sum()
    beyond = hz > min(3.5 * fundamental, _WARM_TOP_HZ)
    straight = np.corrcoef(np.log10(hz[beyond]), np.log10(power[beyond]))[0, 1] ** 2
    low = power[bins.min():np.argmax(hz > _LOW_HZ)].sum() / power.sum() if fundamental < _LOW_HZ else 0.0
    return centroid, straight, low
