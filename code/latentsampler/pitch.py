"""Fundamental frequency of a single note, by a kept estimator (probabilistic YIN, librosa's).

Conventions
-----------
* Frequencies in Hz; intervals in cents (1,200 per octave); pitches as MIDI note numbers, 69 = A4 = 440 Hz.
* An estimate of nothing (silence, noise) is NaN, never 0.

Contents
--------
midi_to_hz, hz_to_midi, cents   units
estimate_f0                     one note -> Hz
"""

import numpy as np

LOWEST_HZ, HIGHEST_HZ = 25.0, 4500.0  # below a contrabass's low C (32.7 Hz), above a piccolo's top (4,186 Hz)


def midi_to_hz(pitch):
    """Return the frequency in Hz of a MIDI note number (equal temperament, A4 = 440 Hz)."""
    return 440.0 * 2.0 ** ((np.asarray(pitch, dtype=float) - 69.0) / 12.0)


def hz_to_midi(hz):
    """Return the (fractional) MIDI note number of a frequency in Hz."""
    return 69.0 + 12.0 * np.log2(np.asarray(hz, dtype=float) / 440.0)


def cents(hz, reference_hz):
    """Return the interval from ``reference_hz`` to ``hz`` in cents."""
    return 1200.0 * np.log2(np.asarray(hz, dtype=float) / reference_hz)


def estimate_f0(waveform, sample_rate, fmin=LOWEST_HZ, fmax=HIGHEST_HZ):
    """Estimate the fundamental of one note: the median of its voiced frames.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(n_samples,)``.
    sample_rate : int
        Hz.
    fmin, fmax : float
        Hz, the search range; ``fmin`` above ``sample_rate / 2048``.

    Returns
    -------
    float
        Hz, or NaN where no frame is voiced.

    References
    ----------
    Mauch and Dixon, "pYIN: a fundamental frequency estimator using probabilistic threshold distributions",
    ICASSP 2014; ``librosa.pyin``.
    """
    import librosa

    f0, voiced, _ = librosa.pyin(np.asarray(waveform, dtype=np.float32), fmin=fmin, fmax=fmax, sr=sample_rate,
                                 frame_length=2048, resolution=0.05)
    return float(np.median(f0[voiced])) if np.any(voiced) else float("nan")
