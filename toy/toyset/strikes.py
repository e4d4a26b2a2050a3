"""Struck and plucked pitched instruments: parameters of one note -> ``(N_SAMPLES,)``, any level.

Conventions
-----------
``decay_ms`` is the time in which the fundamental (of the FM: the whole note) falls by 60 dB.

Contents
--------
fm          frequency modulation with a falling index
pluck       digital waveguide: a plucked string with a lossy bridge
hammer      stiff string, sum of modes
bar         stiff bar, sum of far more stretched modes
membrane    circular drum head, Bessel modes
"""

import numpy as np
from scipy.signal import lfilter
from scipy.special import jn_zeros, jv

from . import blocks
from .blocks import SAMPLE_RATE, TIME


def fm(p, rng):
    """Frequency modulation, carrier and modulator at f0, the index falling too (Chowning, 1973)."""
    phase = blocks.vibrato_phase(p.f0_hz)
    # Carson's rule: little is left above f0 (index + 2), which must lie below HIGHEST_HZ
    index = min(0.4 + 4.6 * p.shape, blocks.HIGHEST_HZ / p.f0_hz - 3.0)
    sway = index * 10.0 ** (-3.0 * TIME * 1000.0 / (0.8 * p.decay_ms))
    sign = rng.choice([-1.0, 1.0])
    # sine in sine: only in this phase has the side band that folds onto 0 Hz no amplitude
    wave = np.sin(phase + sway * np.sin(phase)) / np.sqrt(1.0 - jv(2, 2.0 * sway))  # even power at any index
    return sign * blocks.fall(p.decay_ms) * wave


def stiff_ratios(inharmonicity, highest):
    """Return f_n / f_1 = n sqrt((1 + B n^2) / (1 + B)) up to ``highest`` (Fletcher, 1964, eq. 10)."""
    n = np.arange(1, int(highest) + 1)
    ratio = n * np.sqrt((1.0 + inharmonicity * n**2) / (1.0 + inharmonicity))
    return ratio[ratio <= highest]


def hammer(p, rng):
    """Hammered stiff string: nearly harmonic modes, the higher ones damped sooner."""
    ratio = stiff_ratios(p.inharmonicity, blocks.HIGHEST_HZ / p.f0_hz)
    n = np.arange(1, len(ratio) + 1)
    amplitude = 10.0 ** (p.tilt_db_per_octave * np.log2(n) / 20.0)
    decay = p.decay_ms / (0.9 + 0.1 * ratio)
    return blocks.fall(np.inf) * blocks.modal_sum(p.f0_hz * ratio, amplitude, decay, rng)


def bar(p, rng):
    """Struck bar: so stiff that its modes sound apart from the fundamental."""
    ratio = stiff_ratios(p.inharmonicity, blocks.HIGHEST_HZ / p.f0_hz)
    n = np.arange(1, len(ratio) + 1)
    amplitude = 10.0 ** (p.tilt_db_per_octave * np.log2(n) / 20.0)
    return blocks.fall(np.inf) * blocks.modal_sum(p.f0_hz * ratio, amplitude, p.decay_ms / ratio**1.3, rng)


def membrane_modes(highest):
    """Return ``(m, root)`` of the modes (m, k) of a circular membrane up to ``highest`` times the lowest.

    References
    ----------
    Fletcher and Rossing, *The Physics of Musical Instruments*, 2nd ed., eq. 3.13.
    """
    lowest = jn_zeros(0, 1)[0]
    modes = [(m, root) for m in range(9) for root in jn_zeros(m, 6) if root / lowest <= highest]
    return np.array(sorted(modes, key=lambda mode: mode[1])).T


def membrane(p, rng):
    """Struck drum head: each mode sounds as J_m(j_mk r / a) at the radius r of the blow."""
    order, root = membrane_modes(min(blocks.HIGHEST_HZ / p.f0_hz, 8.0))
    ratio = root / root[0]
    radius = 0.05 + 0.75 * p.shape
    amplitude = np.abs(jv(order, root * radius)) / ratio**0.5
    return blocks.fall(np.inf) * blocks.modal_sum(p.f0_hz * ratio, amplitude, p.decay_ms / ratio**2, rng)


def pluck(p, rng):
    """Plucked string: a delay line closed by a loss filter and a fractional delay (Jaffe and Smith, 1983)."""
    period = SAMPLE_RATE / p.f0_hz
    loop_gain = 10.0 ** (-3.0 / (p.decay_ms / 1000.0 * p.f0_hz))  # amplitude kept per period
    w = 2 * np.pi / period
    loss = _one_zero(loop_gain**0.15, w)  # this part of the loss grows with frequency
    fraction, whole = _split(period - loss[1] * np.sin(w) / (w * _magnitude(loss, w)))
    taps = np.convolve(loss, _lagrange(fraction))
    taps *= loop_gain / _magnitude(taps, w)
    loop = np.zeros(whole + len(taps))
    loop[0], loop[whole:] = 1.0, -taps
    return blocks.fall(np.inf) * lfilter([1.0], loop, _plucked_shape(period, 0.1 + 0.4 * p.shape, rng))


def _one_zero(gain, w):
    """Return ``[1 - s, s]`` whose magnitude at ``w`` rad/sample is ``gain``, at 0 one."""
    s = 0.5 - 0.5 * np.sqrt(max(1.0 - 2.0 * (1.0 - gain**2) / (1.0 - np.cos(w)), 0.0))
    return np.array([1.0 - s, s])


def _magnitude(taps, w):
    return np.abs(np.sum(taps * np.exp(-1j * w * np.arange(len(taps)))))


def _split(delay):
    """Split a delay into the part for ``_lagrange``, in [1, 2), and the whole samples before it."""
    whole = int(delay) - 1
    return delay - whole, whole


def _lagrange(delay):
    """Return the taps of a cubic Lagrange interpolator, ``delay`` in [1, 2) (Laakso et al., 1996, eq. 42)."""
    return np.array([np.prod([(delay - k) / (n - k) for k in range(4) if k != n]) for n in range(4)])


def _plucked_shape(period, position, rng):
    """Return one period of a string released at ``position`` (share of its length), then silence."""
    n = np.arange(1, int(blocks.HIGHEST_HZ * period / SAMPLE_RATE) + 1)
    amplitude = np.sin(np.pi * n * position) / n**1.3
    length = int(np.round(period))
    angle = 2 * np.pi * np.outer(np.arange(length) / length, n)  # (length, n_partials)
    wave = np.zeros(blocks.N_SAMPLES)
    wave[:length] = np.einsum("tn,n->t", np.sin(angle), amplitude) * (1 if rng.random() < 0.5 else -1)
    return wave
