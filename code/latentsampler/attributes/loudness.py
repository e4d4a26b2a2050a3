"""Loudness of a sound: the broadcast measure that levels sounds, and the loudness in each critical band.

Conventions
-----------
* A waveform is ``(batch, n_samples)`` float64, mono, full scale 1; frames are ``(n_frames, n_samples)``.
* Integrated loudness is in LUFS; band levels in dB, where full scale means 100 dB sound pressure level;
  specific loudness in sone per Bark, at 240 places 0.1 Bark apart (0.1 to 24.0 Bark); loudness in sone.

Contents
--------
integrated_loudness   gated loudness of ITU-R BS.1770, per sound
level_to              gain that brings every sound to one loudness, never past full scale
third_octave_levels   frames -> 28 band levels, 25 Hz to 12.5 kHz
specific_loudness     frames -> Zwicker's specific loudness and total loudness
"""

import math
from functools import lru_cache

import numpy as np
from scipy import signal

TARGET_LUFS = -24.0
FULL_SCALE_DB = 100.0
BARK_STEPS = 240  # 24 Bark in steps of 0.1
_BLOCK, _HOP = 0.4, 0.1  # seconds, BS.1770's gating block and its 75 % overlap

# Tables of DIN 45631 / ISO 532 B, as printed in Zwicker, Fastl et al. (1991).
_RANGE_DB = np.array([45, 55, 65, 71, 80, 90, 100])  # upper ends of the level ranges of _LOW_WEIGHT's rows
_LOW_WEIGHT = np.array([  # dB, equal-loudness weighting of the 11 bands from 25 to 250 Hz
    [-32, -24, -16, -10, -5, 0, -7, -3, 0, -2, 0], [-29, -22, -15, -10, -4, 0, -7, -2, 0, -2, 0],
    [-27, -19, -14, -9, -4, 0, -6, -2, 0, -2, 0], [-25, -17, -12, -9, -3, 0, -5, -2, 0, -2, 0],
    [-23, -16, -11, -7, -3, 0, -4, -1, 0, -1, 0], [-20, -14, -10, -6, -3, 0, -4, -1, 0, -1, 0],
    [-18, -12, -9, -6, -2, 0, -3, -1, 0, -1, 0], [-15, -10, -8, -4, -2, 0, -3, -1, 0, -1, 0]])
_THRESHOLD = np.array([30, 18, 12, 8, 7, 6, 5, 4] + [3] * 12)  # dB, critical-band level at threshold in quiet
_EAR = np.array([0] * 10 + [-0.5, -1.6, -3.2, -5.4, -5.6, -4, -1.5, 2, 5, 12])  # dB, outer ear, free field
_BAND_WIDTH = np.array([-0.25, -0.6, -0.8, -0.8, -0.5, 0, 0.5, 1.1, 1.5, 1.7,  # dB, band widths
                        1.8, 1.8, 1.7, 1.6, 1.4, 1.2, 0.8, 0.5, 0, -0.5])
_BAND_END = np.array([9, 18, 28, 35, 44, 54, 66, 79, 92, 106, 123,  # tenths of a Bark
                      138, 152, 167, 181, 193, 206, 218, 227, 236, 240])
_SLOPE_RANGE = np.array([21.5, 18, 15.1, 11.5, 9, 6.1, 4.4, 3.1, 2.13, 1.36, 0.82, 0.42, 0.30, 0.22,
                         0.15, 0.10, 0.035, 0])  # sone/Bark, lower ends of the ranges of _SLOPE's rows
_SLOPE = np.array([  # sone/Bark per Bark, upper masking slopes by range and band (second to ninth)
    [13.0, 8.2, 6.3, 5.5, 5.5, 5.5, 5.5, 5.5], [9.0, 7.5, 6.0, 5.1, 4.5, 4.5, 4.5, 4.5],
    [7.8, 6.7, 5.6, 4.9, 4.4, 3.9, 3.9, 3.9], [6.2, 5.4, 4.6, 4.0, 3.5, 3.2, 3.2, 3.2],
    [4.5, 3.8, 3.6, 3.2, 2.9, 2.7, 2.7, 2.7], [3.7, 3.0, 2.8, 2.35, 2.2, 2.2, 2.2, 2.2],
    [2.9, 2.3, 2.1, 1.9, 1.8, 1.7, 1.7, 1.7], [2.4, 1.7, 1.5, 1.35, 1.3, 1.3, 1.3, 1.3],
    [1.95, 1.45, 1.3, 1.15, 1.1, 1.1, 1.1, 1.1], [1.5, 1.2, 0.94, 0.86, 0.82, 0.82, 0.82, 0.82],
    [0.72, 0.67, 0.64, 0.63, 0.62, 0.62, 0.62, 0.62], [0.59, 0.53, 0.51, 0.50, 0.42, 0.42, 0.42, 0.42],
    [0.40, 0.33, 0.26, 0.24, 0.24, 0.22, 0.22, 0.22], [0.27, 0.21, 0.20, 0.18, 0.17, 0.17, 0.17, 0.17],
    [0.16, 0.15, 0.14, 0.12, 0.11, 0.11, 0.11, 0.11], [0.12, 0.11, 0.10, 0.08, 0.08, 0.08, 0.08, 0.08],
    [0.09, 0.08, 0.07, 0.06, 0.06, 0.06, 0.06, 0.05], [0.06, 0.05, 0.03, 0.02, 0.02, 0.02, 0.02, 0.02]])


@lru_cache(maxsize=16)
def _k_weighting(sample_rate):
    """Second-order sections of the K weighting: a 4 dB high shelf at 1.5 kHz, then a high-pass at 38 Hz."""
    gain, sections = 10.0 ** (4.0 / 40.0), []
    angle = 2 * math.pi * 1500.0 / sample_rate
    cosine, width = math.cos(angle), 2 * math.sqrt(gain) * math.sin(angle) / math.sqrt(2.0)  # Q = 1 / sqrt(2)
    plus, minus = gain + 1, gain - 1
    sections.append([gain * (plus + minus * cosine + width), -2 * gain * (minus + plus * cosine),
                     gain * (plus + minus * cosine - width),
                     plus - minus * cosine + width, 2 * (minus - plus * cosine),
                     plus - minus * cosine - width])
    angle = 2 * math.pi * 38.0 / sample_rate
    cosine, width = math.cos(angle), math.sin(angle)  # Q = 0.5
    sections.append([(1 + cosine) / 2, -(1 + cosine), (1 + cosine) / 2, 1 + width, -2 * cosine, 1 - width])
    sections = np.array(sections)
    return sections / sections[:, 3:4]


def integrated_loudness(waveform, sample_rate):
    """Return the gated loudness of each sound.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``; shorter than 0.4 s is zero-padded to that.
    sample_rate : int
        Hz.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` LUFS; -inf where no block reaches the absolute gate of -70 LUFS.

    References
    ----------
    ITU-R BS.1770-4, equations 1 to 7; filters by the audio-EQ cookbook's formulas, as in pyloudnorm.
    """
    waveform = np.pad(waveform, ((0, 0), (0, max(0, int(_BLOCK * sample_rate) - waveform.shape[1]))))
    energy = np.cumsum(signal.sosfilt(_k_weighting(sample_rate), waveform) ** 2, axis=1)
    energy = np.pad(energy, ((0, 0), (1, 0)))  # (B, n + 1)
    seconds = waveform.shape[1] / sample_rate
    starts = np.arange(int(np.round((seconds - _BLOCK) / _HOP)) + 1) * 0.25
    low = (_BLOCK * starts * sample_rate).astype(int)
    high = np.minimum((_BLOCK * (starts + 1) * sample_rate).astype(int), waveform.shape[1])
    power = (energy[:, high] - energy[:, low]) / (_BLOCK * sample_rate)  # (B, blocks), eq. 1
    with np.errstate(divide="ignore", invalid="ignore"):
        block = -0.691 + 10 * np.log10(np.maximum(power, 0.0))  # eq. 4
        heard = block >= -70.0
        gate = -0.691 + 10 * np.log10(_masked_mean(power, heard)) - 10.0  # eq. 6
        return -0.691 + 10 * np.log10(_masked_mean(power, heard & (block > gate[:, None])))  # eq. 7


def _masked_mean(values, mask):
    return (values * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)


def level_to(waveform, sample_rate, target=TARGET_LUFS):
    """Return the sounds at one loudness, or at peak 1 where that loudness would pass full scale.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``.
    sample_rate : int
        Hz.
    target : float
        LUFS.

    Returns
    -------
    numpy.ndarray
        ``(batch, n_samples)``; a row of NaN where the sound is silent (below the absolute gate).
    """
    loudness = integrated_loudness(waveform, sample_rate)
    gain = 10.0 ** ((target - np.where(np.isfinite(loudness), loudness, np.nan)) / 20.0)
    levelled = waveform * gain[:, None]
    return levelled / np.maximum(np.abs(levelled).max(axis=1, keepdims=True), 1.0)


@lru_cache(maxsize=16)
def _band_filters(sample_rate):
    """Butterworth band-passes (order 4) of the four bands from 6.3 kHz up, and the halving low-pass."""
    centres = 1000.0 * 2.0 ** (np.arange(8, 12) / 3.0)  # exact mid-frequencies
    edges = centres[:, None] * 2.0 ** (np.array([-1, 1]) / 6.0) / (sample_rate / 2.0)
    return ([signal.butter(4, np.minimum(edge, 1 - 1e-10), "bandpass") for edge in edges],
            signal.cheby1(2, 0.1, 0.4))


def _level(frames, coefficients):
    """Level in dB of filtered frames, ``(n_frames,)``; -inf for silence."""
    output = signal.lfilter(*coefficients, frames, axis=-1)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(np.einsum("ij,ij->i", output, output) / frames.shape[1]) + FULL_SCALE_DB


def third_octave_levels(frames, sample_rate):
    """Return the levels of 28 third-octave bands, each octave filtered at half the rate of the one above.

    Parameters
    ----------
    frames : numpy.ndarray
        ``(n_frames, n_samples)``, ``n_samples`` a multiple of 256.
    sample_rate : int
        Hz, at least 44,100.

    Returns
    -------
    numpy.ndarray
        ``(n_frames, 28)`` dB, from 25 Hz to 12.5 kHz.

    References
    ----------
    ANSI S1.11-1986, order 4; multirate as in the loudness program that the AudioCommons models use.
    """
    bands, halve = _band_filters(sample_rate)
    levels = np.empty((len(frames), 28))
    for k, band in enumerate(bands):
        levels[:, 24 + k] = _level(frames, band)
    for top in range(23, 1, -3):
        # the same three filters serve every octave, because the rate halves with it
        frames = signal.lfilter(*halve, frames, axis=-1)[:, 1::2]
        for k in range(3):
            levels[:, top - 2 + k] = _level(frames, bands[k])
    return levels


def _core_loudness(levels):
    """Loudness of the 20 critical bands and an empty 21st, ``(n_frames, 21)`` sone/Bark."""
    exceeds = levels[:, None, :11] > (_RANGE_DB[:, None] - _LOW_WEIGHT[:7])  # (n, 7, 11)
    row = np.cumprod(exceeds, axis=1).sum(axis=1)  # (n, 11)
    intensity = 10.0 ** ((levels[:, :11] + _LOW_WEIGHT[row, np.arange(11)]) / 10.0)
    low = np.add.reduceat(intensity, [0, 6, 9], axis=1)  # (n, 3): 25-80, 100-160, 200-250 Hz
    with np.errstate(divide="ignore"):
        band = np.concatenate([np.where(low > 0, 10 * np.log10(low), 0.0), levels[:, 11:]], axis=1)  # (n, 20)
    excess = np.where(band > _THRESHOLD, band - _EAR - _BAND_WIDTH - _THRESHOLD, -np.inf)
    core = 0.0635 * 10.0 ** (0.025 * _THRESHOLD) * ((0.75 + 0.25 * 10.0 ** (0.1 * excess)) ** 0.25 - 1)
    core = np.maximum(core, 0.0)
    core[:, 0] *= np.minimum(0.4 + 0.32 * core[:, 0] ** 0.2, 1.0)
    return np.pad(core, ((0, 0), (0, 1)))


def specific_loudness(frames, sample_rate):
    """Return Zwicker's specific loudness of frames (free field), with the upward spread of masking.

    Parameters
    ----------
    frames : numpy.ndarray
        ``(n_frames, n_samples)``, ``n_samples`` a multiple of 256.
    sample_rate : int
        Hz, at least 44,100.

    Returns
    -------
    tuple of numpy.ndarray
        ``(n_frames, 240)`` sone/Bark, and ``(n_frames,)`` sone.

    References
    ----------
    Zwicker, Fastl, Widmann, Kurakata, Kuwano and Namba, "Program for calculating loudness according to DIN
    45631 (ISO 532 B)", J. Acoust. Soc. Jpn (E) 12 (1), 1991.
    """
    return _spread(_core_loudness(third_octave_levels(frames, sample_rate)))


def _spread(core):
    """Core loudness ``(n, 21)`` -> specific loudness ``(n, 240)`` and loudness ``(n,)``: tops and slopes.

    Every frame walks up the Bark scale from segment to segment; all frames take a step at once. Places count
    tenths of a Bark, as in the published program, which rounds each segment to them.
    """
    n = len(core)
    band, place, row = np.zeros(n, int), np.zeros(n, int), np.full(n, 17)
    level, area = np.zeros(n), np.zeros(n)
    which, tops, slopes = np.zeros((n, BARK_STEPS), int), [], []
    live = np.arange(n)
    while len(live):
        here, start, top, step = core[live, band[live]], place[live], level[live], row[live]
        step = np.where(top < here, np.searchsorted(-_SLOPE_RANGE, -here), step)
        flat, edge = top <= here, _BAND_END[band[live]]
        slope = np.where(flat, 0.0, _SLOPE[step, np.clip(band[live] - 1, 0, 7)])
        foot = np.where(flat, here, np.maximum(_SLOPE_RANGE[step], here))
        width = np.maximum(np.rint((top - foot) / np.where(flat, 1.0, slope) * 10).astype(int), 1)
        # floating point as published: a sum a hair above the edge ends on the slope, not on its foot
        cut = ~flat & (start * 0.1 + width * 0.1 > edge / 10)
        end = np.where(flat | cut, edge, start + width)
        foot = np.where(cut, top - (edge / 10 - start * 0.1) * slope, foot)
        top = np.where(flat, here, top)
        area[live] += (end - start) * 0.1 * (top + foot) / 2
        which[live, np.maximum(start - 1, 0)] = len(tops)
        tops.append(_scatter(n, live, top + slope * start * 0.1))
        slopes.append(_scatter(n, live, slope))
        row[live] = np.minimum(step + (foot == _SLOPE_RANGE[step]), 17)
        level[live], place[live] = foot, end
        band[live] += end >= edge
        live = live[band[live] < 21]
    which = np.maximum.accumulate(which, axis=1)  # a place belongs to the last segment begun
    rows = np.arange(n)[:, None]
    bark = np.arange(1, BARK_STEPS + 1) * 0.1
    specific = np.array(tops)[which, rows] - np.array(slopes)[which, rows] * bark
    return specific, np.floor(np.maximum(area, 0.0) * 1000 + 0.5) / 1000


def _scatter(n, rows, values):
    column = np.zeros(n)
    column[rows] = values
    return column
