"""Fundamental frequency of a single note, by a kept estimator (librosa's probabilistic YIN, refined).

Conventions
-----------
* Frequencies in Hz; intervals in cents (1,200 per octave); pitches as MIDI note numbers, 69 = A4 = 440 Hz.
* An estimate of nothing (silence, noise) is NaN, never 0.

Contents
--------
midi_to_hz, hz_to_midi, cents   units
estimate_f0                     one note -> Hz, slow and exact (about 0.1 s a note)
compile_estimator               before several processes estimate at once
heard_instead                   is a label clearly wrong? 0.4 ms a note, for whole datasets
"""

import numpy as np
from scipy import fft

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
    """Estimate the fundamental of one note.

    Probabilistic YIN in steps of 20 cents finds the median of the voiced frames; the similarity of the note with
    itself some periods later makes it exact. Finer steps instead would cost their square: 5 s a note at 5 cents.

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
        Hz, or NaN where no frame is voiced, or the note does not repeat at that period.

    References
    ----------
    Mauch and Dixon, "pYIN: a fundamental frequency estimator using probabilistic threshold distributions",
    ICASSP 2014; ``librosa.pyin``.
    """
    import librosa

    f0, voiced, _ = librosa.pyin(np.asarray(waveform, dtype=np.float32), fmin=fmin, fmax=fmax, sr=sample_rate,
                                 frame_length=2048, resolution=0.2)
    return _refined(waveform, sample_rate, np.median(f0[voiced])) if np.any(voiced) else float("nan")


def compile_estimator():
    """Let numba compile what :func:`estimate_f0` needs, once for all processes that are started afterwards.

    It keeps what it compiled beside librosa, without a lock: processes that do so at once can leave files by which
    each later call crashes.
    """
    estimate_f0(np.sin(np.arange(4096) * 0.1), 22050)


def heard_instead(waveform, sample_rate, pitch):
    """Return the frequency of a note that clearly does not have its labelled pitch.

    It is made to be never wrong rather than complete: of 3,756 rightly labelled notes it accuses none; of
    labels that are a fourth, a fifth or an octave too high it finds 90 %, of a semitone 4 %, of an octave too
    low none (a sound is also periodic at its double period). :func:`estimate_f0` finds those.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(n_samples,)``.
    sample_rate : int
        Hz.
    pitch : float
        The label, a MIDI note number.

    Returns
    -------
    float
        Hz of what is heard instead, or NaN where there is no clear contradiction.

    References
    ----------
    McLeod and Wyvill, "A smarter way to find pitch", ICMC 2005, equation 9 (normalised square difference).
    """
    similarity = _normalised_square_difference(_loudest(np.asarray(waveform, dtype=float), 8192))
    shortest, longest = int(sample_rate / HIGHEST_HZ), int(sample_rate / LOWEST_HZ)
    period, clarity = _first_high_peak(similarity, shortest, longest)
    label = sample_rate / midi_to_hz(pitch)  # samples per period
    multiple = max(1.0, np.round(label / period))
    within = slice(int(label * 2 ** -0.05), int(np.ceil(label * 2 ** 0.05)) + 1)  # 60 cents
    near = similarity[within].max(initial=-1.0)
    if clarity < 0.9 or abs(cents(label, multiple * period)) < 80.0 or near > 0.6 * clarity:
        return float("nan")
    return float(sample_rate / period)


def _refined(waveform, sample_rate, hz):
    similarity = _normalised_square_difference(_loudest(np.asarray(waveform, dtype=float), 32768))
    if 2.0 * hz < HIGHEST_HZ and max(similarity[_highest_near(similarity, k * sample_rate / hz)]
                                     for k in (0.5, 1.5, 2.5, 3.5)) > 0.9:
        hz = 2.0 * hz  # as similar after half a period: YIN takes two periods for one where a period is 10 samples
    periods = int(np.clip(400.0 * hz / sample_rate, 1, 16))  # over some, so that a sample is less than a cent
    peak = _highest_near(similarity, periods * sample_rate / hz)
    if similarity[peak] < 0.3:
        return float("nan")  # noise
    return float(sample_rate * periods / _vertex(similarity, peak))


def _highest_near(similarity, lag):
    near = np.arange(int(lag * 2.0 ** (-30 / 1200)), int(np.ceil(lag * 2.0 ** (30 / 1200))) + 1)
    return near[np.argmax(similarity[near])]


def _vertex(values, peak):
    below, here, above = values[peak - 1:peak + 2]
    curve = below - 2.0 * here + above
    return peak + (0.5 * (below - above) / curve if curve < 0 else 0.0)


def _loudest(waveform, size):
    step = size // 16  # fine enough for a note
    energy = np.add.reduceat(waveform * waveform, np.arange(0, len(waveform), step))
    start = step * int(np.argmax(np.convolve(energy, np.ones(16))[15:])) if len(energy) > 16 else 0
    stretch = waveform[start:start + size]
    return stretch - stretch.mean()


def _normalised_square_difference(x):
    n = len(x)
    correlation = fft.irfft(np.abs(fft.rfft(x, 2 * n)) ** 2)[:n]
    energy = np.concatenate([[0.0], np.cumsum(x ** 2)])
    both = energy[n:0:-1] + energy[n] - energy[:n]  # of the two stretches that a lag compares
    return 2.0 * correlation / np.maximum(both, 1e-12)


def _first_high_peak(similarity, shortest, longest):
    lags = np.arange(max(shortest, int(np.argmax(similarity < 0)), 1), min(longest, len(similarity) // 2))
    inner = similarity[lags]
    peaks = lags[(inner > similarity[lags - 1]) & (inner >= similarity[lags + 1])]
    if len(peaks) == 0:
        return 1.0, 0.0
    lag = peaks[np.argmax(similarity[peaks] >= 0.93 * similarity[peaks].max())]
    return _vertex(similarity, lag), similarity[lag]
