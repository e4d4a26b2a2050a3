"""The factors of a note, from its samples alone: how the table is checked.

Conventions
-----------
* ``x`` is ``(n_samples,)`` at ``RATE``, onset at sample 0; nothing here imports the synthesis.
* ``f0`` is a rough fundamental in Hz (an estimator's, within 1 %); units are those of the table's columns.
* A sustained note is analysed from 0.3 to 1.25 s, behind its attack and before its release.

Contents
--------
fundamental, vibrato                           Hz; Hz, cents and the phase of the fundamental
levels, line, low_share                        partials of a sustained note
noise_to_harmonic, roughness                   what is between its partials
attack, noise_attack, decay                    ms
inharmonicity, onset_tilt                      struck notes
noise_tilt, noise_low_share, noise_roughness   noises
"""

import numpy as np
from scipy import fft, signal

RATE = 22050
START, STOP = int(0.3 * RATE), int(1.25 * RATE)
HIGHEST_HZ = 9_000.0
KNEE_HZ, RATTLE_HZ = 200.0, 70.0


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
        early, late = (_project(x, omega * np.arange(len(x)), len(n), begin=START + k * half, count=half) for k in (0, 1))
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


def _smooth(x, width):
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
    seen = np.abs(_smooth(x[:end] * np.exp(-1j * turn[:end]), period))
    return _fit_rise(lambda ms: _smooth(_rise(ms, end) * beat, period), seen)


def noise_attack(x, decay_ms):
    """Return the length in ms of the raised-cosine rise that fits the energy of a decaying noise best."""
    width, end = 0.004 * RATE, int(0.5 * RATE)
    t = np.arange(end) * 1000.0 / RATE
    return _fit_rise(lambda ms: np.sqrt(_smooth((_rise(ms, end) * _fall(t - ms, decay_ms)) ** 2, width)),
                     np.sqrt(_smooth(_whitened(x)[:end] ** 2, width)))


def _fall(ms, decay_ms):
    return 10.0 ** (-3.0 * np.maximum(ms, 0.0) / decay_ms)


def _rise(ms, n_samples):
    return 0.5 - 0.5 * np.cos(np.pi * np.minimum(np.arange(n_samples) * 1000.0 / RATE / ms, 1.0))


def _fit_rise(model, seen):
    end = int(0.4 * RATE)

    def misfit(ms):
        shape = model(ms)[:end]
        return np.sum((seen[:end] - shape * (seen[:end] @ shape) / (shape @ shape)) ** 2)

    coarse = min(np.geomspace(2.0, 250.0, 40), key=misfit)
    return min(coarse * np.geomspace(0.88, 1.14, 27), key=misfit)


def decay(x, hz=None):
    """Return the time in ms in which the partial at ``hz`` (or the whole note) falls by 60 dB."""
    amplitude = np.abs(_track(x, hz, 8.0)) if hz else np.sqrt(_smooth(x**2, 0.04 * RATE))
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
    """Return B: the stiffness whose partials collect most of the spectrum of the first 0.75 s."""
    part = x[: int(0.75 * RATE)]
    size = 2**18
    level = 20 * np.log10(np.abs(fft.rfft(part * signal.windows.hann(len(part)), size)) + 1e-12)
    level = np.maximum(level - level.max(), -60.0) + 60.0
    first, n = fundamental(x, f0), np.arange(2, 21)

    def collected(b):
        hz = first * stiff(n, b)
        return np.sum(level[np.round(hz[hz < HIGHEST_HZ] * size / RATE).astype(int)])

    grid = np.geomspace(1e-5, 2.0, 6000)
    best = grid[np.argmax([collected(b) for b in grid])]
    fine = best * np.geomspace(0.99, 1.01, 201)
    return fine[np.argmax([collected(b) for b in fine])]


def onset_tilt(x, f0, inharmonicity):
    """Return the slope of the partials' amplitudes in dB per octave, each followed back to the onset."""
    n, width = np.arange(1, 40), 0.12 * f0
    hz = fundamental(x, f0) * stiff(n, inharmonicity)
    n, hz = n[hz < HIGHEST_HZ], hz[hz < HIGHEST_HZ]
    slope, onset = np.array([_slope(np.abs(_track(x, f, width)), max(0.03, 3.5 / f0), 0.6, 24.0) for f in hz]).T
    # a Gaussian filter of that width lifts an exponential by this much
    onset -= 0.5 * (slope / 8.686 / (2 * np.pi * width)) ** 2 * 8.686
    clear = np.isfinite(onset) & (onset > np.nanmax(onset) - 45.0)
    return np.polyfit(np.log2(n[clear]), onset[clear], 1)[0]


def noise_tilt(x):
    """Return the slope of the power spectral density between 300 Hz and 8.5 kHz in dB per octave."""
    hz, density = signal.welch(x, RATE, nperseg=2048)
    edges = np.geomspace(300.0, 8500.0, 20)
    band = np.digitize(hz, edges)
    count = np.bincount(band, minlength=len(edges))[1:len(edges)]
    level = np.array([density[band == k].mean() for k in range(1, len(edges))])
    clear = level > 10.0 * 2.0**-30 / 12.0 / (RATE / 2.0)  # 10 dB above what rounding to 16 bits adds
    octave = np.log2(np.sqrt(edges[1:] * edges[:-1]))
    return np.polyfit(octave[clear], 10 * np.log10(level[clear]), 1, w=np.sqrt(count[clear]))[0]


def noise_low_share(x):
    """Return the share of the energy below 200 Hz."""
    power = np.abs(fft.rfft(x)) ** 2
    return power[fft.rfftfreq(len(x), 1.0 / RATE) < KNEE_HZ].sum() / power.sum()


def _whitened(x, highest_hz=3000.0):
    """Return a dark noise with an even spectrum: else a few low bands would hold nearly all of its energy."""
    hz = fft.rfftfreq(len(x), 1.0 / RATE)
    gain = np.where((hz > KNEE_HZ) & (hz < highest_hz), (hz / KNEE_HZ + 1e-9) ** (-noise_tilt(x) / 6.0206), 0.0)
    return fft.irfft(fft.rfft(x) * gain, len(x))


def noise_roughness(x, decay_ms):
    """Return the depth d of the modulation 1 + d cos at 70 Hz, from the mean energy over one beat.

    The energy is 1 + d^2/2 + 2 d cos + d^2/2 cos 2: twice its first Fourier coefficient is m = 2 d / (1 + d^2 / 2).
    """
    t = np.arange(len(x)) / RATE
    power = _whitened(x) ** 2 / _fall(t * 1000.0, decay_ms) ** 2
    beats = max(int(RATTLE_HZ * min(1.3, 0.5 * decay_ms / 1000.0)), 1)
    inside = (t > 0.02) & (t < 0.02 + beats / RATTLE_HZ)
    m = 2.0 * np.abs(np.mean((power * np.exp(-2j * np.pi * RATTLE_HZ * t))[inside])) / np.mean(power[inside])
    return (2.0 - np.sqrt(max(4.0 - 2.0 * m**2, 0.0))) / max(m, 1e-9)
