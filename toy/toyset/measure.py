"""The factors of a pitched note, from its samples alone: how the table is checked.

Conventions
-----------
* ``x`` is ``(n_samples,)`` at ``RATE``, onset at sample 0; nothing here imports the synthesis.
* ``f0`` is a rough fundamental in Hz (an estimator's, within 1 %); units are those of the table's columns.
* A sustained note is analysed from 0.3 to 1.25 s, behind its attack and before its release.

Contents
--------
fundamental, vibrato, steady       Hz; Hz, cents and the phase of the fundamental; that phase without vibrato
levels, line, low_share            partials of a sustained note
noise_to_harmonic, roughness       what is between its partials
attack, decay                      ms
inharmonicity, onset_tilt, stiff   struck notes
smooth, rise, fall, fit_rise       envelopes and how they are fitted
"""

import numpy as np
from scipy import fft, signal

RATE = 22050
START, STOP = int(0.3 * RATE), int(1.25 * RATE)
HIGHEST_HZ = 9_000.0


def _track(x, hz, width_hz):
    """Return the complex amplitude of what sounds within about ``width_hz`` of ``hz``, ``(n_samples,)``."""
    t = np.arange(len(x)) / RATE
    spectrum = fft.fft(x * np.exp(-2j * np.pi * hz * t))
    spectrum *= np.exp(-0.5 * (fft.fftfreq(len(x), 1.0 / RATE) / width_hz) ** 2)
    return 2.0 * fft.ifft(spectrum)


def fundamental(x, f0):
    """Return the mean frequency of partial 1, weighted by its power, in Hz."""
    c = _track(x, f0, min(0.12 * f0, 25.0))[: int(1.4 * RATE)]
    return f0 + np.angle(np.sum(c[1:] * np.conj(c[:-1]))) * RATE / (2 * np.pi)


def _width(f0):
    return min(0.3 * f0, 40.0)


def _sway(x, f0):
    """Return the deviation from ``f0`` over the middle of the note, in units of ``f0``: a mean over partials."""
    total, weights = 0.0, 0.0
    for n in range(1, min(12, int(HIGHEST_HZ / f0)) + 1):
        c = _track(x, n * f0, _width(f0))[START:STOP]
        weight = n**2 * np.mean(np.abs(c) ** 2)  # a frequency deviation is n times as large in partial n
        total = total + weight * np.angle(c[1:] * np.conj(c[:-1])) * RATE / (2 * np.pi * n * f0)
        weights += weight
    return total / weights


def vibrato(x, f0):
    """Return rate in Hz, depth in cents, and the phase of the fundamental in radians, ``(n_samples,)``."""
    sway, t = _sway(x, f0)[::16], (np.arange(START, STOP - 1)[::16] + 0.5) / RATE

    def fit(hz):
        basis = np.stack([np.ones_like(t), np.cos(2 * np.pi * hz * t), np.sin(2 * np.pi * hz * t)], axis=1)
        solution = np.linalg.lstsq(basis, sway, rcond=None)[0]
        return np.sum((sway - basis @ solution) ** 2), hz, solution

    coarse = min((fit(hz) for hz in np.arange(3.5, 7.6, 0.1)), key=lambda found: found[0])[1]
    fine = coarse + np.arange(-0.1, 0.101, 0.01)
    _, hz, (mean, a, b) = min((fit(hz) for hz in fine), key=lambda found: found[0])
    a, b = np.array([a, b]) * np.exp(0.5 * (hz / _width(f0)) ** 2)  # the filter's loss at that rate
    t = np.arange(len(x)) / RATE
    angle = 2 * np.pi * hz * t
    phase = 2 * np.pi * f0 * ((1 + mean) * t + (a * np.sin(angle) - b * np.cos(angle)) / (2 * np.pi * hz))
    return hz, 1200.0 / np.log(2.0) * np.hypot(a, b), phase


def steady(x, f0):
    """Return the phase of the fundamental of a note without vibrato, ``(n_samples,)``."""
    omega = 2 * np.pi * fundamental(x, f0) / RATE
    half = (STOP - START) // 2
    for _ in range(2):  # high partials turn further from one half of the note to the other than the first does
        n = np.arange(1, min(12, _n_partials([0.0, omega])) + 1)
        phase = omega * np.arange(len(x))
        early, late = (_project(x, phase, len(n), begin=begin, count=half) for begin in (START, START + half))
        turn = late * np.conj(early)
        omega += np.sum(np.abs(turn) * n * np.angle(turn)) / np.sum(np.abs(turn) * n**2) / half
    return omega * np.arange(len(x))


def _project(x, phase, n_partials, aside=0.0, begin=START, count=STOP - START):
    """Return the mean complex amplitude along ``n + aside`` times ``phase``, n = 1, 2, ... ``(n_partials,)``."""
    window, part = signal.windows.hann(count, sym=False), slice(begin, begin + count)
    turn = np.exp(-1j * phase[part])
    beam = 2.0 / window.sum() * window * x[part] * np.exp(-1j * aside * phase[part])
    amplitudes = np.empty(n_partials, complex)
    for k in range(n_partials):
        beam = beam * turn
        amplitudes[k] = beam.sum()
    return amplitudes


def _n_partials(phase):
    return int(HIGHEST_HZ / (np.mean(np.diff(phase)) * RATE / (2 * np.pi)) + 1e-3)


def levels(x, phase):
    """Return the amplitudes of the partials 1, 2, ... and of the noise beside each, two ``(n_partials,)``."""
    count = _n_partials(phase)
    beside = np.mean([np.abs(_project(x, phase, count, by)) ** 2 for by in (-0.41, 0.37, 0.43)], axis=0)
    return np.abs(_project(x, phase, count)), np.sqrt(beside)


def line(amplitude, floor, first):
    """Return tilt in dB per octave and level of the odd partials above the even ones in dB, from ``first`` on."""
    n = np.arange(1, len(amplitude) + 1)
    level = 20 * np.log10(amplitude)
    clear = (n >= first) & (level > level.max() - 60.0) & (amplitude > 8.0 * floor)
    basis = np.stack([np.ones(len(n)), np.log2(n), n % 2 == 1], axis=1)[clear]
    _, tilt, odd = np.linalg.lstsq(basis, level[clear], rcond=None)[0]
    return tilt, odd


def low_share(amplitude):
    """Return the share of the energy that is in partial 1."""
    return amplitude[0] ** 2 / np.sum(amplitude**2)


def noise_to_harmonic(x, phase, vibrato_hz):
    """Return the energy of what is left without the partials over that of the partials, in dB.

    A partial's amplitude may sway twice a vibrato's period, as it does where a formant rises or falls.
    """
    t = np.arange(START, STOP) / RATE
    window = signal.windows.hann(STOP - START, sym=False)
    angles = [k * 2 * np.pi * vibrato_hz * t for k in (1, 2)]
    basis = np.stack([np.ones_like(t), *(f(a) for a in angles for f in (np.cos, np.sin))], axis=1)  # (n_samples, 5)
    pick = np.linalg.solve(basis.T @ (window[:, None] * basis), (window[:, None] * basis).T)
    turn, tone = np.exp(1j * phase[START:STOP]), np.zeros(STOP - START)
    partial = np.ones_like(turn)
    for _ in range(_n_partials(phase)):
        partial = partial * turn
        tone += 2.0 * np.real(partial * (basis @ (pick @ (x[START:STOP] * np.conj(partial)))))
    return 10 * np.log10(np.sum(window * (x[START:STOP] - tone) ** 2) / np.sum(window * tone**2))


def _strongest(x, phase):
    return 1 + int(np.argmax(np.abs(_project(x, phase, min(_n_partials(phase), 16)))))


def _beats(x, phase, beat_hz):
    """Return the complex depth of the beats of what turns with ``phase``, half from either side band."""
    beat = 2 * np.pi * beat_hz * np.arange(len(x)) / RATE
    low, centre, high = (_project(x, phase + side * beat, 1)[0] for side in (-1, 0, 1))
    return high / centre + np.conj(low / centre)


def roughness(x, phase, beat_hz):
    """Return the depth of the amplitude modulation at ``beat_hz``, of the strongest partial."""
    return np.abs(_beats(x, _strongest(x, phase) * phase, beat_hz))


def smooth(x, width):
    """Return the running mean over ``width`` samples, centred; zeros before the onset."""
    whole = max(int(round(width)), 1)
    total = np.concatenate([[0.0], np.cumsum(np.pad(x, (whole // 2, whole - whole // 2 - 1)))])
    return (total[whole:] - total[:-whole]) / whole


def attack(x, phase, beat_hz=0.0, partial=None):
    """Return the length in ms of the raised-cosine rise that fits one partial (None: the strongest) best.

    The partial is averaged over one period of the fundamental, where the others vanish, and so is the model.
    """
    turn = (partial or _strongest(x, phase)) * phase
    depth = _beats(x, turn, beat_hz) if beat_hz else 0.0
    period, end = 2 * np.pi / np.mean(np.diff(phase)), int(0.5 * RATE)
    beat = 1.0 + np.abs(depth) * np.cos(2 * np.pi * beat_hz * np.arange(end) / RATE + np.angle(depth))
    seen = np.abs(smooth(x[:end] * np.exp(-1j * turn[:end]), period))
    return fit_rise(lambda ms: smooth(rise(ms, end) * beat, period), seen)


def fall(ms, decay_ms):
    """Return the amplitude ``ms`` after the start of a decay by 60 dB in ``decay_ms``; 1 before it."""
    return 10.0 ** (-3.0 * np.maximum(ms, 0.0) / decay_ms)


def rise(ms, n_samples):
    """Return a raised cosine from 0 to 1 in ``ms``, ``(n_samples,)``."""
    return 0.5 - 0.5 * np.cos(np.pi * np.minimum(np.arange(n_samples) * 1000.0 / RATE / ms, 1.0))


def fit_rise(model, seen):
    """Return the ``ms`` for which ``model(ms)``, at any level, lies nearest to ``seen`` over the first 0.4 s."""
    end = int(0.4 * RATE)

    def misfit(ms):
        shape = model(ms)[:end]
        return np.sum((seen[:end] - shape * (seen[:end] @ shape) / (shape @ shape)) ** 2)

    coarse = min(np.geomspace(2.0, 250.0, 40), key=misfit)
    return min(coarse * np.geomspace(0.88, 1.14, 27), key=misfit)


def decay(x, hz=None):
    """Return the time in ms in which the partial at ``hz`` (or the whole note) falls by 60 dB."""
    amplitude = np.abs(_track(x, hz, 8.0)) if hz else np.sqrt(smooth(x**2, 0.04 * RATE))
    return -60.0 / _slope(amplitude)[0] * 1000.0


def _slope(amplitude, start=0.06, stop=1.35, depth_db=42.0):
    """Return slope in dB/s and level in dB at the onset of an exponential decay."""
    level = 20 * np.log10(amplitude + 1e-12)
    t = np.arange(len(level)) / RATE
    begin = int(start * RATE)
    used = (t > start) & (t < stop)
    below = np.nonzero(level[begin:] < max(level[begin] - depth_db, -85.0))[0]
    if len(below):
        used &= np.arange(len(level)) < begin + below[0]
    return np.polyfit(t[used], level[used], 1) if used.sum() > 0.012 * RATE else np.array([np.nan, np.nan])


def stiff(n, inharmonicity):
    """Return f_n / f_1 of a stiff string or bar."""
    return n * np.sqrt((1 + inharmonicity * n**2) / (1 + inharmonicity))


def inharmonicity(x, f0):
    """Return B: first the stiffness whose partials collect most of the spectrum of 0.75 s, then a line through them.

    The line is (f_n / n)^2 = f_1^2 (1 + B n^2) / (1 + B) over n^2, through the peaks of the spectrum.
    """
    part, size = x[: int(0.75 * RATE)], 2**18
    level = 20 * np.log10(np.abs(fft.rfft(part * signal.windows.hann(len(part)), size)) + 1e-12)
    level = np.maximum(level - level.max(), -55.0)
    apart = int(0.2 * f0 * size / RATE)
    contrast = level - (np.roll(level, apart) + np.roll(level, -apart)) / 2.0  # the skirts of a short partial cancel
    first, n = fundamental(x, f0), np.arange(1, 21)

    def collected(b):
        hz = first * stiff(n, b)
        k = np.round(hz[hz < HIGHEST_HZ] * size / RATE).astype(int)
        # for B = 0.8 partial 2 lies near 3 f1: without it, a string whose second partial is missing would fit too
        return np.sum(contrast[k]) - (60.0 if level[k[1]] < -54.0 else 0.0)

    grid = np.geomspace(1e-5, 2.0, 6000)
    hz = first * stiff(n, grid[np.argmax([collected(b) for b in grid])])
    reach = int(min(0.1 * f0, 4.0) * size / RATE)
    centre = np.round(hz[hz < HIGHEST_HZ - 50.0] * size / RATE).astype(int)
    peak = np.array([k - reach + np.argmax(level[k - reach : k + reach + 1]) for k in centre])
    clear = (level[peak] > -50.0) | (n[: len(peak)] <= 2)
    n, peak = n[: len(peak)][clear], peak[clear] * RATE / size
    slope, level_at_0 = np.polyfit(n**2.0, (peak / n) ** 2, 1, w=n)
    return slope / level_at_0


def onset_tilt(x, f0, inharmonicity):
    """Return the slope of the partials' amplitudes in dB per octave, each followed back to the onset."""
    n, width = np.arange(1, 40), 0.12 * f0
    hz = fundamental(x, f0) * stiff(n, inharmonicity)
    n, hz = n[hz < HIGHEST_HZ], hz[hz < HIGHEST_HZ]
    slope, onset = np.array([_slope(np.abs(_track(x, f, width)), max(0.03, 3.5 / f0), 0.6, 24.0) for f in hz]).T
    # a Gaussian filter of that width lifts an exponential by this much
    onset -= 0.5 * (slope / 8.686 / (2 * np.pi * width)) ** 2 * 8.686
    lasting = -60.0 / slope > 8.0 / f0  # a partial that is gone after a few periods has no measurable level
    clear = np.isfinite(onset) & (onset > np.nanmax(onset) - 45.0) & (lasting | (n <= 2))
    return np.polyfit(np.log2(n[clear]), onset[clear], 1)[0]
