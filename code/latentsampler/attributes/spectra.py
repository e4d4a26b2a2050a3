"""Spectra of sounds: resampling, filters, frames, and peaks by contrast.

Conventions
-----------
* A waveform is ``(batch, n_samples)`` float64; a spectrogram ``(batch, n_frames, 1 + n_fft / 2)``.
* Power is one-sided and scaled so that a sine of amplitude a has a peak of a^2 / 2; frequencies are in Hz.

Contents
--------
resample             band-limited change of rate, through the spectrum
butterworth          steep high-pass or low-pass
windowed_frames      overlapping frames without their mean, under a window of unit sum
frame_power, power_spectrogram
                     what is in such frames: in all, and by frequency
short_time_spectrum  centred Hann spectrogram, complex
root_mean_squares    level of frames
spectral_peaks       peaks that stand out by a given contrast on both sides, interpolated
"""

import numpy as np
from scipy import fft, signal
from scipy.special import ndtr

STFT_SIZE, STFT_HOP = 2048, 512
_EDGE, _EDGE_WIDTH = 0.957, 0.0115  # of the Nyquist frequency: centre and deviation of the roll-off


def resample(waveform, from_rate, to_rate):
    """Return the waveform at a higher rate.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``.
    from_rate, to_rate : int
        Hz, ``to_rate`` at least ``from_rate``.

    Returns
    -------
    numpy.ndarray
        ``(batch, ceil(n_samples * to_rate / from_rate))``. Flat up to 0.91 of the old Nyquist frequency, then
        a Gaussian roll-off that is 6 dB down at 0.957 (the curve of soxr's high quality), nothing above.
    """
    if from_rate == to_rate:
        return waveform
    n = waveform.shape[1]
    block = from_rate // np.gcd(from_rate, to_rate)  # its multiples are whole numbers of new samples
    padded = block * -(-(n + 1024) // block)  # 1,024 zeros: the roll-off rings for about 300 samples
    # single precision on purpose: its noise, 130 dB down, is the floor that soxr leaves in the empty top
    # octave, and warmth fits a line to the logarithm of that floor
    spectrum = fft.rfft(waveform.astype(np.float32), padded, axis=-1)
    position = np.arange(spectrum.shape[1]) / (padded / 2)  # 1 at the old Nyquist frequency
    spectrum *= (ndtr((_EDGE - position) / _EDGE_WIDTH) * to_rate / from_rate).astype(np.float32)
    resampled = fft.irfft(spectrum, padded * to_rate // from_rate, axis=-1)[:, :-(-n * to_rate // from_rate)]
    return resampled.astype(float)


def butterworth(waveform, cutoff, kind, rate):
    """Return the waveform after a second-order Butterworth filter applied three times.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``.
    cutoff : float
        Hz, where the gain is -9 dB.
    kind : str
        ``"high"`` or ``"low"``, what passes, as in `scipy.signal.butter`.
    rate : int
        Hz.

    Returns
    -------
    numpy.ndarray
        ``(batch, n_samples)``.
    """
    section = signal.butter(2, cutoff, kind, fs=rate, output="sos")
    return signal.sosfilt(np.repeat(section, 3, axis=0), waveform)


def windowed_frames(waveform, n_fft):
    """Return Hamming-windowed frames of ``n_fft`` samples, a quarter of that apart, their mean removed.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``; shorter than ``n_fft`` becomes a single frame.
    n_fft : int
        Samples.

    Returns
    -------
    numpy.ndarray
        ``(batch, n_frames, n_fft)`` float32, the window of unit sum; samples after the last whole frame are
        left out.
    """
    size = min(n_fft, waveform.shape[1])
    waveform = waveform.astype(np.float32)  # halves the time; what is read from frames needs four digits
    frames = np.lib.stride_tricks.sliding_window_view(waveform, size, axis=-1)[:, ::n_fft // 4]
    window = signal.get_window("hamming", size)
    frames = frames - frames.mean(axis=-1, keepdims=True)
    frames *= (window / window.sum()).astype(np.float32)
    return frames if size == n_fft else np.pad(frames, ((0, 0), (0, 0), (0, n_fft - size)))


def frame_power(frames):
    """Return the power of windowed frames, which their power spectra sum to (Parseval).

    Parameters
    ----------
    frames : numpy.ndarray
        ``(batch, n_frames, n_fft)``, from `windowed_frames`.

    Returns
    -------
    numpy.ndarray
        ``(batch, n_frames)``.
    """
    return frames.shape[-1] * np.einsum("btn,btn->bt", frames, frames)


def power_spectrogram(frames):
    """Return the one-sided power spectra of windowed frames.

    Parameters
    ----------
    frames : numpy.ndarray
        ``(batch, n_frames, n_fft)``, from `windowed_frames`.

    Returns
    -------
    numpy.ndarray
        ``(batch, n_frames, 1 + n_fft / 2)``.
    """
    spectrum = fft.rfft(frames, axis=-1)
    power = spectrum.real ** 2 + spectrum.imag ** 2
    power[..., 1:-1] *= 2.0
    return power


def short_time_spectrum(waveform):
    """Return the complex spectrogram of centred Hann frames of 2,048 samples, 512 apart.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``.

    Returns
    -------
    numpy.ndarray
        ``(batch, 1 + n_samples // 512, 1025)``.
    """
    padded = np.pad(waveform, ((0, 0), (STFT_SIZE // 2, STFT_SIZE // 2)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, STFT_SIZE, axis=-1)[:, ::STFT_HOP]
    return fft.rfft(frames * signal.get_window("hann", STFT_SIZE), axis=-1)


def root_mean_squares(waveform, size, hop):
    """Return the root mean square of each frame; the last frame is what remains.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``.
    size, hop : int
        Samples, length and distance of the frames.

    Returns
    -------
    numpy.ndarray
        ``(batch, n_frames)``.
    """
    n = waveform.shape[1]
    starts = np.arange(max(0, -(-(n - size) // hop)) + 1) * hop
    ends = np.minimum(starts + size, n)
    energy = np.pad(np.cumsum(waveform ** 2, axis=1), ((0, 0), (1, 0)))
    return np.sqrt(np.maximum(energy[:, ends] - energy[:, starts], 0.0) / (ends - starts))


def spectral_peaks(spectra, contrast, values=None):
    """Return the peaks that rise by a contrast over the valleys on both sides.

    Parameters
    ----------
    spectra : numpy.ndarray
        ``(n_rows, n_bins)``, scaled to a maximum of about 1.
    contrast : float
        Smallest rise over the valleys, and smallest height, in the same scale.
    values : numpy.ndarray, optional
        ``(n_rows, n_bins)``, what the heights are read from; ``spectra`` by default.

    Returns
    -------
    tuple of numpy.ndarray
        Row, bin, position (bins, by a parabola through three) and height of each peak, by row and bin.

    References
    ----------
    Lartillot and Toiviainen, "A MATLAB toolbox for musical feature extraction from audio", DAFx 2007; its
    function mirpeaks.
    """
    values = spectra if values is None else values
    left = np.diff(spectra, axis=1, prepend=-2.0) > 0
    right = np.diff(spectra, axis=1, append=-2.0) <= 0
    row, bins = np.nonzero((spectra >= contrast) & left & right)
    keep = _stand_out(spectra, row, bins, contrast)
    row, bins = row[keep], bins[keep]
    end = spectra.shape[1] - 1
    height, inner = values[row, bins], (bins > 0) & (bins < end)
    below, above = values[row, np.maximum(bins - 1, 0)], values[row, np.minimum(bins + 1, end)]
    curve = np.where(inner, 2 * height - below - above, 1.0)
    shift = np.where(inner, (above - below) / (2 * curve), 0.0)
    return row, bins, bins + shift, height + 0.25 * (above - below) * shift


def _stand_out(spectra, row, bins, contrast):
    """Which candidate peaks, sorted by row and bin, have the contrast: a boolean per candidate.

    The scan keeps, per row, the highest candidate since the last deep valley; all rows step at once.
    """
    if not len(row):
        return np.zeros(0, bool)
    count = np.bincount(row, minlength=len(spectra))
    column = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    height = np.full((count.max() + 1, len(spectra)), -3.0)  # past a row's end: lower than anything
    valley = np.full_like(height, -2.0)
    number = np.full(height.shape, -1)
    height[column, row], number[column, row] = spectra[row, bins], np.arange(len(row))
    flat = row * spectra.shape[1] + bins
    # the published scan leaves out the bin just before the next peak
    spans = np.stack([flat[:-1], flat[1:] - 1], axis=1).ravel() if len(row) > 1 else np.zeros(0, int)
    if len(spans):
        lowest = np.minimum.reduceat(spectra.ravel(), spans)[::2]
        same = row[1:] == row[:-1]
        valley[column[1:][same], row[1:][same]] = lowest[same]
    keep = np.zeros(len(row) + 1, bool)
    current, top = number[0], height[0].copy()
    before, after = np.full(len(spectra), -2.0), np.full(len(spectra), 2.0)  # lowest since the last peak kept
    for k in range(1, len(height)):
        after = np.minimum(after, valley[k])
        notch, higher = top - after >= contrast, height[k] > top
        good = notch & (top - before >= contrast)
        keep[current[good]] = True
        before = np.where(good, after, np.minimum(before, after))
        moves = notch | higher
        current, top = np.where(moves, number[k], current), np.where(moves, height[k], top)
        after = np.where(moves, 2.0, after)
    return keep[:-1]
