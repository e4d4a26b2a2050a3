"""What a note is made of, in physical units: the quantities that the toy set knows, measured on the sound.

Conventions
-----------
* A waveform is ``(batch, n_samples)``, mono; NumPy or torch; one note each, beginning near its first sample.
* ``f0_hz`` is ``(batch,)``, the frequency of partial 1. A result is ``(batch,)`` float64; NaN where it cannot
  be measured (silence, an unknown f0, too few partials).

Contents
--------
spectral_centroid  Hz
partial_line       dB per octave of the partials' levels, and dB of the odd partials over the even ones
noise_share        dB of the noise over the partials
inharmonicity      B of a stiff string or bar
attack_time        ms
"""

import numpy as np
from scipy import fft, ndimage, signal

HIGHEST_SHARE = 0.93  # of the Nyquist frequency; recordings end there
FLOOR_DB = -70.0  # below the strongest partial: not measured
CLEAR_DB = 10.0  # a peak stands out of its surroundings by more
SMOOTH_SECONDS = 0.01
LINE_SECONDS, RISE_SECONDS, PITCH_SECONDS = 0.3, 0.005, 0.75  # windows from the onset: levels; frequencies
_B_GRID = np.concatenate([[0.0], np.geomspace(1e-5, 1.5, 3000)])


def _rows(measure, waveform, *columns):
    """Stack ``measure(note, ...)`` as ``(n_results, batch)``; NaN where silent or f0 unknown."""
    waveform = np.asarray(waveform, dtype=float)
    if waveform.ndim != 2:
        raise ValueError(f"waveform: expected (batch, n_samples), got {waveform.shape}; use waveform[None] for one")
    columns = [np.broadcast_to(np.asarray(column, dtype=float), len(waveform)) for column in columns]
    rows = [measure(note, *row) if note.any() and np.isfinite(row).all() else np.nan
            for note, *row in zip(waveform, *columns, strict=True)]
    width = max(np.size(row) for row in rows)
    return np.array([np.broadcast_to(row, width) for row in rows], dtype=float).T


def _density(note, size, window):
    """Mean power spectral density over half overlapping frames of ``size`` samples, ``(1 + size / 2,)``."""
    return signal.welch(note, nperseg=min(size, len(note)), window=window, detrend=False)[1]


def spectral_centroid(waveform, sample_rate):
    """Return the mean frequency of the power spectrum.

    Parameters
    ----------
    waveform : numpy.ndarray or torch.Tensor
        ``(batch, n_samples)``.
    sample_rate : int
        Hz.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` Hz, from 0 to ``sample_rate / 2``.

    References
    ----------
    Peeters et al., "The timbre toolbox", JASA 130 (5), 2011, equation 9, on power.
    """
    def centroid(note):
        density = _density(note, 2048, "hann")
        return np.linspace(0.0, sample_rate / 2, len(density)) @ density / density.sum()

    return _rows(centroid, waveform)[0]


def _spectrum(note, sample_rate, window):
    """Power spectrum of a note's beginning, its Hz per bin, and the half width of a peak in Hz."""
    size = 2 * 2 ** int(np.ceil(np.log2(len(window))))
    power = np.abs(fft.rfft(note[:len(window)] * window[:len(note)], size)) ** 2
    return power, sample_rate / size, 2.0 * sample_rate / len(window)


def _falling(count, rise):
    """Window that opens within ``rise`` samples, then closes as Hann's: levels before they decay."""
    return np.concatenate([np.hanning(2 * rise)[:rise], np.hanning(2 * (count - rise))[count - rise:]])


def _partials(note, sample_rate, f0, stretch, window):
    """Return number, Hz (of the peak) and dB (of all that is near) of a note's partials."""
    power, per_bin, width = _spectrum(note, sample_rate, window)
    top = HIGHEST_SHARE * sample_rate / 2
    n = np.arange(1, int(top / f0) + 1)
    n = n[_stiff(n, f0, stretch) < top]
    place = _stiff(n, f0, stretch)
    reach = np.minimum(0.4 * f0, np.maximum(0.02 * place, width))  # vibrato of 25 cents is 1.5 %
    low = np.maximum((place - reach) / per_bin, 0).astype(int)
    high = np.minimum(((place + reach) / per_bin).astype(int) + 1, len(power))
    peak = np.array([a + power[a:b].argmax() for a, b in zip(low, high, strict=True)], dtype=float)
    energy = np.array([power[a:b].sum() for a, b in zip(low, high, strict=True)])
    return n, peak * per_bin, 10 * np.log10(energy + 1e-30)


def _stiff(n, f0, stretch):
    """Hz of the partials ``n`` of a stiff string or bar with partial 1 at ``f0``, see `inharmonicity`."""
    return n * f0 * np.sqrt((1.0 + stretch * n ** 2) / (1.0 + stretch))


def partial_line(waveform, sample_rate, f0_hz, stretch=0.0):
    """Return the slope of the partials' levels, and how far the odd ones stand over the even ones.

    Parameters
    ----------
    waveform : numpy.ndarray or torch.Tensor
        ``(batch, n_samples)``.
    sample_rate : int
        Hz.
    f0_hz : numpy.ndarray
        ``(batch,)`` Hz.
    stretch : float or numpy.ndarray
        Inharmonicity B, 0 for harmonic sounds.

    Returns
    -------
    tuple of numpy.ndarray
        ``(batch,)`` dB per octave, and ``(batch,)`` dB; NaN with less than four partials above the first.

    References
    ----------
    Least squares on L_n = L + tilt log2(n) - odd_even [n even], n = 2, 3, ... Partial 1 is left out, because
    instruments set it apart from the others.
    """
    window = _falling(int(LINE_SECONDS * sample_rate), int(RISE_SECONDS * sample_rate))
    lines = _rows(lambda note, f0, b: _line(*_partials(note, sample_rate, f0, b, window)),
                  waveform, f0_hz, stretch)
    return tuple(np.broadcast_to(lines, (2, lines.shape[1])))


def _line(n, _, level):
    use = (n > 1) & (level > level.max() + FLOOR_DB)
    if use.sum() < 4:
        return np.nan, np.nan
    design = np.stack([np.ones(use.sum()), np.log2(n[use]), -1.0 * (n[use] % 2 == 0)], axis=1)
    return tuple(np.linalg.lstsq(design, level[use], rcond=None)[0][1:])


def noise_share(waveform, sample_rate, f0_hz):
    """Return the energy of the noise over that of the partials.

    Parameters
    ----------
    waveform : numpy.ndarray or torch.Tensor
        ``(batch, n_samples)``, harmonic notes.
    sample_rate : int
        Hz.
    f0_hz : numpy.ndarray
        ``(batch,)`` Hz.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` dB. What attacks and wide vibrato spread passes for noise, of -40 dB or less.

    References
    ----------
    De Krom, "A cepstrum-based technique for determining a harmonics-to-noise ratio in speech signals", JSHR
    36, 1993: the spectrum half-way between partials is noise. Here a line through it goes on under them.
    """
    return _rows(lambda note, f0: _noise(note, sample_rate, f0), waveform, f0_hz)[0]


def _noise(note, sample_rate, f0):
    # 24 periods: the window's main lobe is a third of f0 wide, and vibrato hardly moves within them
    size = min(int(24 * sample_rate / f0), len(note))
    density = _density(note, size, "blackmanharris")
    hz = np.arange(len(density)) * sample_rate / size
    between = np.arange(int(HIGHEST_SHARE * sample_rate / 2 / f0)) + 0.5
    members = np.abs(hz / f0 - between[:, None]) < 0.15  # (gaps, F)
    floor = np.log((members @ density) / members.sum(axis=1) + 1e-30)
    noise = np.exp(np.interp(hz, between * f0, floor)).sum()
    return 10 * np.log10(noise / max(density.sum() - noise, 1e-30))


def inharmonicity(waveform, sample_rate, f0_hz):
    """Return how far the partials of a string or bar are stretched.

    Parameters
    ----------
    waveform : numpy.ndarray or torch.Tensor
        ``(batch, n_samples)``.
    sample_rate : int
        Hz.
    f0_hz : numpy.ndarray
        ``(batch,)`` Hz, partial 1.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` B, from 0 to about 1.5: f_n = n f_1 sqrt((1 + B n^2) / (1 + B)).

    References
    ----------
    Fletcher, "Normal vibration frequencies of a stiff piano string", JASA 36 (1), 1964.
    Rauhala, Lehtonen and Valimaki, "Fast automatic inharmonicity estimation algorithm", JASA 121 (5), 2007;
    here a grid over B, then the line (f_n / n)^2 = a + b n^2 through the peaks that it finds, B = b / a.
    """
    return _rows(lambda note, f0: _stretch(note, sample_rate, f0), waveform, f0_hz)[0]


def _stretch(note, sample_rate, f0):
    window = signal.get_window("hann", int(PITCH_SECONDS * sample_rate))
    power, per_bin, width = _spectrum(note, sample_rate, window)
    level = 10 * np.log10(power / power.max() + 1e-12)
    # peaks that stand out of their surroundings: a decaying partial has wide skirts
    around = ndimage.median_filter(level, int(0.5 * f0 / per_bin) + 1, mode="nearest")
    peak = level == ndimage.maximum_filter1d(level, 2 * int(width / per_bin) + 1)
    strength = np.where(peak, np.maximum(level - around - CLEAR_DB, 0.0), 0.0)
    # the highest nearby, so that the grid, of steps of 0.4 %, need not hit a peak
    strength = ndimage.maximum_filter1d(strength, 2 * int(3 * width / per_bin) + 1)
    strength -= strength.mean()  # what a place finds by chance: a small B has more places
    place = _stiff(np.arange(1, int(0.5 * sample_rate / f0) + 1), f0, _B_GRID[:, None])  # (grid, N)
    inside = place < HIGHEST_SHARE * sample_rate / 2
    score = (strength[np.minimum(place / per_bin, len(level) - 1).astype(int)] * inside).sum(axis=1)
    n, hz, found = _partials(note, sample_rate, f0, _B_GRID[score.argmax()], window)
    if len(n) < 2:
        return np.nan
    use = (found > found.max() - 60.0) | (n <= 2)
    slope, base = np.polyfit(n[use] ** 2.0, (hz[use] / n[use]) ** 2, 1, w=np.sqrt(n[use]))
    return max(slope / base, 0.0)


def attack_time(waveform, sample_rate):
    """Return the time that a note takes to rise from 10 % to 90 % of its amplitude.

    Parameters
    ----------
    waveform : numpy.ndarray or torch.Tensor
        ``(batch, n_samples)``.
    sample_rate : int
        Hz.

    Returns
    -------
    numpy.ndarray
        ``(batch,)`` ms; 0.59 of the length of a raised-cosine rise, and about 5 ms for a step, which is the
        smoothing's. The amplitude is the median of the loud part: neither a swell nor a decay counts.

    References
    ----------
    Peeters et al., "The timbre toolbox", JASA 130 (5), 2011, on the attack.
    """
    return _rows(lambda note: _attack(note, sample_rate), waveform)[0]


def _attack(note, sample_rate):
    window = signal.get_window("hann", int(SMOOTH_SECONDS * sample_rate))
    power = signal.oaconvolve(note ** 2, window / window.sum(), mode="same")
    envelope = np.sqrt(np.maximum(power, 0.0))
    plateau = np.median(envelope[envelope > 0.5 * envelope.max()])
    low, high = (np.argmax(envelope >= share * plateau) for share in (0.1, 0.9))
    return 1000.0 * (high - low) / sample_rate
