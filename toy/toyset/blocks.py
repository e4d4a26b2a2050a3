"""The parts that the instruments are made of: time, envelopes, sums of partials, noise, level.

Conventions
-----------
* A note is ``(N_SAMPLES,)`` float64 at ``SAMPLE_RATE`` Hz; sample 0 is its onset.
* Frequencies in Hz, times in ms where a name ends in ``_ms``, levels in dB.
* Sums over partials use loops and ``einsum`` instead of BLAS, whose order of summation depends on the number
  of threads: the same seed must give the same bytes anywhere.

Contents
--------
swell, fall              envelopes: raised-cosine attack and release; attack and exponential decay
vibrato_phase            running phase of the fundamental
spectrum_line            partial amplitudes from tilt, odd/even difference and share of the fundamental
harmonic_sum, modal_sum  harmonic partials along a phase; decaying partials anywhere
noise_line, split        noise with a spectral slope; below and above a frequency
add_noise                mix at an exact noise-to-harmonic ratio
finish                   end fade, level by dynamics, 16-bit integers
"""

import numpy as np
from scipy import fft

SAMPLE_RATE = 22050
N_SAMPLES = 32768
TIME = np.arange(N_SAMPLES) / SAMPLE_RATE
HIGHEST_HZ = 9_000.0  # highest partial; room below the Nyquist frequency, 11,025 Hz, for vibrato
FADE_MS, RELEASE_MS, STRIKE_MS = 20.0, 90.0, 2.0
LEVEL_DB = {"pp": -38.0, "mf": -29.0, "ff": -20.0}  # loudest 100 ms, RMS, re full scale


def _ramp(milliseconds):
    """Return a raised-cosine rise from 0 to 1 that takes ``milliseconds`` and stays at 1."""
    return 0.5 - 0.5 * np.cos(np.pi * np.minimum(TIME * 1000.0 / milliseconds, 1.0))


def swell(attack_ms):
    """Return the envelope of a sustained note: raised-cosine attack, plateau, raised-cosine release."""
    return _ramp(attack_ms) * _ramp(RELEASE_MS)[::-1]


def fall(decay_ms, attack_ms=STRIKE_MS):
    """Return the envelope of a struck note: raised-cosine attack, then 60 dB down in ``decay_ms``."""
    return _ramp(attack_ms) * 10.0 ** (-3.0 * np.maximum(TIME * 1000.0 - attack_ms, 0.0) / decay_ms)


def vibrato_phase(f0_hz, vibrato_hz=0.0, vibrato_cents=0.0):
    """Return the phase of the fundamental in radians, ``(N_SAMPLES,)``.

    The sine of the vibrato crosses zero in the middle of the note, so that mean and median pitch equal
    ``f0_hz`` whatever the rate.
    """
    sway = vibrato_cents / 1200.0 * np.sin(2 * np.pi * vibrato_hz * (TIME - TIME[-1] / 2))
    return 2 * np.pi * np.cumsum(f0_hz * 2.0**sway) / SAMPLE_RATE


def n_partials(f0_hz):
    """Return how many harmonics lie below ``HIGHEST_HZ``."""
    return int(HIGHEST_HZ / f0_hz)


def spectrum_line(f0_hz, tilt_db_per_octave, odd_even=0.0, low_share=None):
    """Return amplitudes of the partials 1, 2, ... ``(n_partials,)``.

    Parameters
    ----------
    f0_hz : float
        Hz.
    tilt_db_per_octave : float
        Slope of the amplitudes, dB per doubling of the partial's number.
    odd_even : float
        dB by which the even partials lie below the line through the odd ones.
    low_share : float or None
        Share of the energy in partial 1, in (0, 1); None leaves partial 1 on the line.
    """
    n = np.arange(1, n_partials(f0_hz) + 1)
    amplitude = 10.0 ** ((tilt_db_per_octave * np.log2(n) - odd_even * (n % 2 == 0)) / 20.0)
    if low_share is not None:
        amplitude[0] = np.sqrt(low_share / (1.0 - low_share) * np.sum(amplitude[1:] ** 2))
    return amplitude


def harmonic_sum(phase, amplitudes, rng):
    """Return the sum of ``amplitudes[n-1] * cos(n * phase + random)`` by Horner's scheme in exp(i phase)."""
    z = np.exp(1j * phase)
    total = np.zeros_like(z)
    for c in (amplitudes * np.exp(2j * np.pi * rng.random(len(amplitudes))))[::-1]:
        total += c
        total *= z
    return total.real


def modal_sum(frequencies_hz, amplitudes, decays_ms, rng):
    """Return the sum of decaying sinusoids with random phases; arguments are ``(n_modes,)``."""
    damping = 3000.0 * np.log(10.0) / np.asarray(decays_ms)  # per second, from the time to fall by 60 dB
    s = (-damping + 2j * np.pi * np.asarray(frequencies_hz)) / SAMPLE_RATE
    block = 256
    start = amplitudes * np.exp(2j * np.pi * rng.random(len(s)))
    # exp(s (i + j)) = exp(s i) exp(s j): 128 + 256 exponentials per mode instead of 32,768
    coarse = start[:, None] * np.exp(s[:, None] * np.arange(0, N_SAMPLES, block))  # (n_modes, 128)
    fine = np.exp(s[:, None] * np.arange(block))  # (n_modes, 256)
    real = np.einsum("ki,kj->ij", coarse.real.copy(), fine.real.copy())
    return (real - np.einsum("ki,kj->ij", coarse.imag.copy(), fine.imag.copy())).ravel()


def noise_line(rng, tilt_db_per_octave, knee_hz):
    """Return noise, flat below ``knee_hz`` and falling by ``tilt_db_per_octave`` above it, ``(N_SAMPLES,)``."""
    spectrum = fft.rfft(rng.standard_normal(N_SAMPLES))
    hz = fft.rfftfreq(N_SAMPLES, 1.0 / SAMPLE_RATE)
    spectrum *= np.maximum(hz / knee_hz, 1.0) ** (tilt_db_per_octave / (20.0 * np.log10(2.0)))
    spectrum[hz < 20.0] = 0.0
    return fft.irfft(spectrum, N_SAMPLES)


def split(x, hz):
    """Return what of ``x`` lies below ``hz`` and the rest, two ``(N_SAMPLES,)``."""
    spectrum = fft.rfft(x)
    spectrum[fft.rfftfreq(N_SAMPLES, 1.0 / SAMPLE_RATE) >= hz] = 0.0
    low = fft.irfft(spectrum, N_SAMPLES)
    return low, x - low


def add_noise(tone, noise, noise_to_harmonic_db):
    """Return ``tone`` plus ``noise`` scaled to the given ratio of their energies over the whole note."""
    gain = np.sqrt(np.sum(tone**2) / np.sum(noise**2)) * 10.0 ** (noise_to_harmonic_db / 20.0)
    return tone + gain * noise


def loudest_rms(x, seconds=0.1):
    """Return the largest RMS value over windows of ``seconds``."""
    width = int(seconds * SAMPLE_RATE)
    energy = np.concatenate([[0.0], np.cumsum(x**2)])
    return np.sqrt(np.max(energy[width:] - energy[:-width]) / width)


def finish(x, dynamics):
    """Return the note as int16: end faded to 0, loudest 100 ms at the level of its dynamics, never clipped."""
    x = x * _ramp(FADE_MS)[::-1]
    # the second term is 3 dB away from mattering in any note so far: a guard against a rare seed
    gain = min(10.0 ** (LEVEL_DB[dynamics] / 20.0) / loudest_rms(x), 0.98 / np.max(np.abs(x)))
    return np.round(gain * x * 32767.0).astype(np.int16)
