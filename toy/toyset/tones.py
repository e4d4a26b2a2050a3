"""Sustained pitched instruments: parameters of one note -> ``(N_SAMPLES,)``, any level.

Each function takes ``p`` (a ``plan.Note``, its factors as attributes) and ``rng`` (for phases and noise).

Contents
--------
organ, reed        additive synthesis; all harmonics, odd harmonics
bowed, flute       harmonics with noise made by the player, with vibrato
voice              source and filter: glottal pulses through four formants
subtractive        sawtooth through a resonant low-pass
ring               ring modulation
beating            every partial a beating triple: roughness
"""

import numpy as np
from scipy.signal import lfilter

from . import blocks
from .blocks import SAMPLE_RATE, TIME

# first four formants of sung u, o, a, e, i in Hz (after Peterson and Barney; in this order F2 rises)
VOWELS = np.array([[300, 870, 2240, 3300], [460, 1000, 2400, 3300], [730, 1250, 2440, 3300],
                   [530, 1840, 2480, 3400], [280, 2290, 3000, 3500]], dtype=float)
BANDWIDTHS_HZ = np.array([120.0, 120.0, 150.0, 180.0])


def organ(p, rng):
    """Additive synthesis: each term of the spectrum set by itself."""
    amplitude = blocks.spectrum_line(p.f0_hz, p.tilt_db_per_octave, p.odd_even, p.low_share)
    return blocks.swell(p.attack_ms) * blocks.harmonic_sum(blocks.vibrato_phase(p.f0_hz), amplitude, rng)


def reed(p, rng):
    """Cylindrical reed pipe: odd harmonics, the even ones ``odd_even`` dB down, with vibrato."""
    amplitude = blocks.spectrum_line(p.f0_hz, p.tilt_db_per_octave, p.odd_even)
    phase = blocks.vibrato_phase(p.f0_hz, p.vibrato_hz, p.vibrato_cents)
    return blocks.swell(p.attack_ms) * blocks.harmonic_sum(phase, amplitude, rng)


def bowed(p, rng):
    """Bowed string: Helmholtz motion (a sawtooth at -6 dB per octave) and noise in step with the slipping."""
    phase = blocks.vibrato_phase(p.f0_hz, p.vibrato_hz, p.vibrato_cents)
    amplitude = blocks.spectrum_line(p.f0_hz, p.tilt_db_per_octave)
    envelope = blocks.swell(p.attack_ms)
    # the bow hisses loudest while the string slips, once a period
    noise = blocks.noise_line(rng, -6.0, max(1000.0, 2.0 * p.f0_hz)) * (1.0 + 0.7 * np.cos(phase))
    return blocks.add_noise(envelope * blocks.harmonic_sum(phase, amplitude, rng), envelope * noise,
                            p.noise_to_harmonic_db)


def flute(p, rng):
    """Jet-driven open pipe: few harmonics, breath noise, vibrato of pitch."""
    phase = blocks.vibrato_phase(p.f0_hz, p.vibrato_hz, p.vibrato_cents)
    amplitude = blocks.spectrum_line(p.f0_hz, -14.0, low_share=p.low_share)
    envelope = blocks.swell(p.attack_ms)
    noise = blocks.noise_line(rng, -9.0, 2.0 * p.f0_hz)
    return blocks.add_noise(envelope * blocks.harmonic_sum(phase, amplitude, rng), envelope * noise,
                            p.noise_to_harmonic_db)


def vowel_formants(shape):
    """Return the four formants in Hz at ``shape`` in [0, 1] along u, o, a, e, i, ``(4,)``."""
    where = np.linspace(0.0, 1.0, len(VOWELS))
    return np.array([np.exp(np.interp(shape, where, np.log(column))) for column in VOWELS.T])


def voice(p, rng):
    """Source and filter: glottal pulses and breath, both through the formants of one vowel (Fant, 1960)."""
    phase = blocks.vibrato_phase(p.f0_hz, p.vibrato_hz, p.vibrato_cents)
    # -12 dB per octave of the glottis and +6 of the radiation from the lips
    source = blocks.harmonic_sum(phase, blocks.spectrum_line(p.f0_hz, -6.0), rng)
    breath = blocks.noise_line(rng, -6.0, 1000.0)
    envelope = blocks.swell(p.attack_ms)
    tone, noise = (envelope * _resonate(x, vowel_formants(p.shape)) for x in (source, breath))
    return blocks.add_noise(tone, noise, p.noise_to_harmonic_db)


def _resonate(x, formants_hz):
    """Filter by second-order resonators in cascade, each of unit gain at 0 Hz (Klatt, 1980, eq. 1)."""
    for hz, width in zip(formants_hz, BANDWIDTHS_HZ, strict=True):
        radius = np.exp(-np.pi * width / SAMPLE_RATE)
        b, c = 2.0 * radius * np.cos(2 * np.pi * hz / SAMPLE_RATE), -(radius**2)
        x = lfilter([1.0 - b - c], [1.0, -b, -c], x)
    return x


def subtractive(p, rng):
    """Sawtooth through a resonant low-pass whose cutoff falls by an octave to its rest in the first 150 ms."""
    phase = blocks.vibrato_phase(p.f0_hz, p.vibrato_hz, p.vibrato_cents)
    saw = blocks.harmonic_sum(phase, blocks.spectrum_line(p.f0_hz, -6.0), rng)
    darkest, brightest = 2.5 * p.f0_hz, min(16.0 * p.f0_hz, 4500.0)
    cutoff = darkest * (brightest / darkest) ** p.shape
    sweep = np.exp(-TIME / 0.15)
    swept = sweep * _low_pass(saw, 2.0 * cutoff) + (1.0 - sweep) * _low_pass(saw, cutoff)
    return blocks.swell(p.attack_ms) * swept


def _low_pass(x, cutoff_hz):
    """Filter by two second-order low-passes, the second one resonant (bilinear transforms of analogue ones)."""
    w = 2 * np.pi * cutoff_hz / SAMPLE_RATE
    for quality in (0.7, 1.8):
        alpha = np.sin(w) / (2.0 * quality)
        x = lfilter(np.array([0.5, 1.0, 0.5]) * (1.0 - np.cos(w)), [1.0 + alpha, -2.0 * np.cos(w), 1.0 - alpha], x)
    return x


def ring(p, rng):
    """Ring modulation: a sine at f0 / 2 times an odd wave at 1.5 f0, mixed by ``shape`` with one at 3.5 f0.

    cos(a) cos(b) = (cos(a - b) + cos(a + b)) / 2 puts every side band on a multiple of f0: 1, 2, 4, 5, 7, 8
    for the lower carrier, 3, 4, 10, 11, ... for the upper one. No partial of either factor is left.
    """
    phase = blocks.vibrato_phase(p.f0_hz)
    angle = 0.5 * np.pi * (0.05 + 0.8 * p.shape)
    lower, upper = (_odd_wave(ratio, phase, p.f0_hz, rng) for ratio in (1.5, 3.5))
    return blocks.swell(p.attack_ms) * (np.cos(angle) * lower + np.sin(angle) * upper) * np.cos(0.5 * phase)


def _odd_wave(ratio, phase, f0_hz, rng):
    """Return a band-limited wave of odd partials at -9 dB per octave, of fundamental ``ratio * f0_hz``."""
    odd = np.arange(1, max(2, int((blocks.HIGHEST_HZ / f0_hz - 0.5) / ratio) + 1))
    return blocks.harmonic_sum(ratio * phase, np.where(odd % 2 == 1, odd**-1.5, 0.0), rng)


def beating(p, rng):
    """Beating partials: each one with two neighbours at a distance of 70 Hz (less below 560 Hz: f0 / 8)."""
    amplitude = blocks.spectrum_line(p.f0_hz, p.tilt_db_per_octave, low_share=p.low_share)
    tone = blocks.harmonic_sum(blocks.vibrato_phase(p.f0_hz), amplitude, rng)
    flutter = 1.0 + p.roughness_depth * np.cos(2 * np.pi * (beat_hz(p.f0_hz) * TIME + rng.random()))
    return blocks.swell(p.attack_ms) * tone * flutter


def beat_hz(f0_hz):
    """Return the rate of the beats: 70 Hz, where roughness peaks, but not so fast that it hides the pitch."""
    return min(70.0, f0_hz / 8.0)
