"""The factors of an unpitched note, from its samples alone.

Conventions
-----------
As in ``measure``; nothing here imports the synthesis.

Contents
--------
noise_tilt, noise_low_share      dB per octave; share of the energy
noise_attack, noise_roughness    ms; depth of the modulation
"""

import numpy as np
from scipy import fft, signal

from .measure import RATE, fall, fit_rise, rise, smooth

KNEE_HZ, RATTLE_HZ = 200.0, 70.0


def noise_attack(x, decay_ms):
    """Return the length in ms of the raised-cosine rise that fits the energy of a decaying noise best."""
    width, end = 0.004 * RATE, int(0.5 * RATE)
    t = np.arange(end) * 1000.0 / RATE
    return fit_rise(lambda ms: np.sqrt(smooth((rise(ms, end) * fall(t - ms, decay_ms)) ** 2, width)),
                     np.sqrt(smooth(_whitened(x)[:end] ** 2, width)))


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
    power = _whitened(x) ** 2 / fall(t * 1000.0, decay_ms) ** 2
    beats = max(int(RATTLE_HZ * min(1.3, 0.5 * decay_ms / 1000.0)), 1)
    inside = (t > 0.02) & (t < 0.02 + beats / RATTLE_HZ)
    m = 2.0 * np.abs(np.mean((power * np.exp(-2j * np.pi * RATTLE_HZ * t))[inside])) / np.mean(power[inside])
    return (2.0 - np.sqrt(max(4.0 - 2.0 * m**2, 0.0))) / max(m, 1e-9)
