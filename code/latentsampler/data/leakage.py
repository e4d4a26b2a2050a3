"""The leak: how a random split of SoundFont notes puts copies of one recording on both sides, measured.

Contents
--------
copy_correlation   are two notes one recording at two speeds?
leakage_study         correlations of pairs from the same and from different recordings
"""

import numpy as np
from scipy import fft


def copy_correlation(low, high, semitones, sample_rate):
    """Return the correlation of a note with another one that is slowed down to its pitch.

    Parameters
    ----------
    low, high : numpy.ndarray
        ``(n,)`` waveforms that start together; ``high`` is ``semitones`` above ``low``.
    semitones : int
        1..12.
    sample_rate : int
        Hz.

    Returns
    -------
    float
        Largest absolute value of the normalised cross-correlation over lags of at most 50 ms, in [0, 1]: near 1
        for two copies of one recording. The first 0.4 s are compared, before modulations part the copies.
    """
    import soxr

    slowed = soxr.resample(high, 1.0, 2.0 ** (semitones / 12.0), quality="HQ")
    n = min(len(low), len(slowed), int(0.4 * sample_rate))
    a, b = (x[:n] - x[:n].mean() for x in (np.asarray(low, float), np.asarray(slowed, float)))
    cross = fft.irfft(fft.rfft(a, 2 * n) * np.conj(fft.rfft(b, 2 * n)))
    lags = int(0.05 * sample_rate)
    near = np.concatenate([cross[:lags], cross[-lags:]])
    return float(np.abs(near).max() / np.sqrt(np.sum(a ** 2) * np.sum(b ** 2) + 1e-20))


def leakage_study(dataset, dynamics="mf", most=300, seed=0):
    """Correlate neighbouring keys of one instrument, of the same recording and of different ones.

    Parameters
    ----------
    dataset : NoteDataset
        Notes with the column "Recording".
    dynamics : str
        Compare notes of this dynamic.
    most : int
        Pairs per kind.
    seed : int
        Of the choice of pairs.

    Returns
    -------
    same : numpy.ndarray
        ``(at most most,)`` correlations of pairs one semitone apart, of one recording.
    different : numpy.ndarray
        The same of pairs of two recordings.
    """
    notes = {(row["Instrument (abbr.)"], int(row["Pitch ID"])): index for index, row in enumerate(dataset.rows)
             if row["Dynamics"] == dynamics and row["Pitch ID"].isdigit()}
    pairs = [(index, notes[name, pitch + 1]) for (name, pitch), index in notes.items() if (name, pitch + 1) in notes]
    recording = np.array(dataset.column("Recording"))
    chosen = np.random.default_rng(seed).permutation(len(pairs))
    kinds = []
    for wanted in (True, False):
        kind = [pairs[k] for k in chosen if (recording[pairs[k][0]] == recording[pairs[k][1]]) == wanted][:most]
        kinds.append(np.array([copy_correlation(dataset.waveform(a).numpy(), dataset.waveform(b).numpy(), 1,
                                                dataset.mel_config.sample_rate) for a, b in kind]))
    return tuple(kinds)
