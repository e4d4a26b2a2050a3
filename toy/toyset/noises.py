"""Unpitched instruments: parameters of one note -> ``(N_SAMPLES,)``, any level.

Conventions
-----------
``tilt_db_per_octave`` is the slope of the power spectral density above ``KNEE_HZ``, ``low_share`` the share of
the energy below it.

Contents
--------
burst     filtered noise
rattle    noise in a train of grains, 70 a second
cymbal    a plate: hundreds of modes, evenly dense in frequency
"""

import numpy as np

from . import blocks
from .blocks import TIME

KNEE_HZ = 200.0
RATTLE_HZ = 70.0
N_PLATE_MODES = 400


def burst(p, rng):
    """Noise through a tilted filter, swelling and dying away."""
    envelope = blocks.fall(p.decay_ms, p.attack_ms)
    noise = blocks.noise_line(rng, p.tilt_db_per_octave, KNEE_HZ)
    low, high = (envelope * band for band in blocks.split(noise, KNEE_HZ))
    gain = np.sqrt(p.low_share / (1.0 - p.low_share) * np.sum(high**2) / np.sum(low**2))
    return gain * low + high


def rattle(p, rng):
    """Noise whose amplitude beats 70 times a second, as of a guiro or a snare wire."""
    beats = 1.0 + p.roughness_depth * np.cos(2 * np.pi * (RATTLE_HZ * TIME + rng.random()))
    return blocks.fall(p.decay_ms) * beats * blocks.noise_line(rng, p.tilt_db_per_octave, KNEE_HZ)


def cymbal(p, rng):
    """Thin plate: modes evenly dense in frequency (Fletcher and Rossing, sec. 3.12), struck all at once."""
    hz = np.linspace(KNEE_HZ, blocks.HIGHEST_HZ, N_PLATE_MODES) + rng.uniform(-12.0, 12.0, N_PLATE_MODES)
    line = (hz / KNEE_HZ) ** (p.tilt_db_per_octave / (20.0 * np.log10(2.0)))
    strength = rng.rayleigh(size=N_PLATE_MODES) * line
    return blocks.fall(np.inf) * blocks.modal_sum(hz, strength, np.full(N_PLATE_MODES, p.decay_ms), rng)
