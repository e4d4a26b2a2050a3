"""Does distance mean what listeners mean by it? A model's distances against a human dissimilarity matrix.

Conventions
-----------
* The matrix is a csv with a header: an empty cell, then file names; each row a file name, then numbers, larger = less
  alike. Only pairs of different sounds count; the mean of both triangles is taken.

Contents
--------
read_matrix   csv -> names, matrix
compare       sounds + matrix -> Spearman of the latent space, of MFCC statistics and of the seven attributes
"""

import csv
from pathlib import Path

import numpy as np
import torch
from scipy import fft
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr

from latentsampler.attributes.descriptors import describe
from latentsampler.contract.export import load_scripted
from latentsampler.sound.audio import MelConfig, fit_length, mel_spectrogram

N_MFCC = 13


def read_matrix(path):
    """Return names and matrix of a csv of dissimilarities.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.

    Returns
    -------
    list of str
        Names of sounds.
    numpy.ndarray
        ``(n, n)``, symmetric.

    Raises
    ------
    ValueError
        If it is not square, or rows and columns are not the same sounds in the same order.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row]
    names = rows[0][1:]
    if [row[0] for row in rows[1:]] != names:
        raise ValueError(f"expected the same sounds down as across in {path}, got {len(names)} columns "
                         f"and {len(rows) - 1} rows")
    matrix = np.array([[float(cell) for cell in row[1:]] for row in rows[1:]])
    return names, (matrix + matrix.T) / 2.0


def compare(folder, matrix_path, model_path):
    """Compare distances with human dissimilarity.

    Parameters
    ----------
    folder : str or pathlib.Path
        With the sounds that the matrix names.
    matrix_path, model_path : str or pathlib.Path
        The csv, and a ``model.pt``.

    Returns
    -------
    dict
        latent, mfcc, attributes: Spearman's correlation over pairs of sounds; pairs: their number.

    Raises
    ------
    FileNotFoundError
        If a sound is missing.
    """
    names, matrix = read_matrix(matrix_path)
    model, about = load_scripted(model_path, ("mel",))
    config = MelConfig(**about["mel"])
    sounds = np.stack([_prepared(Path(folder) / name, config) for name in names])  # (n, N)
    with torch.inference_mode():
        mel = mel_spectrogram(torch.tensor(sounds), config)
        codes = model.encode(mel).numpy()
    points = np.stack(list(describe(sounds, config.sample_rate).values()), axis=1)  # (n, 7)
    spread = np.maximum(np.nanstd(points, axis=0), 1e-9)
    features = {"latent": codes, "mfcc": mfcc_statistics(mel.numpy()),
                "attributes": np.nan_to_num((points - np.nanmean(points, axis=0)) / spread)}
    judged = squareform(matrix, checks=False)
    return {**{name: float(spearmanr(pdist(values), judged).statistic) for name, values in features.items()},
            "pairs": len(judged)}


def mfcc_statistics(mel):
    """Return mean and deviation over time of 13 mel-frequency cepstral coefficients, the level left out.

    Parameters
    ----------
    mel : numpy.ndarray
        ``(n, n_mels, n_frames)`` amplitude.

    Returns
    -------
    numpy.ndarray
        ``(n, 26)``.
    """
    level = 20.0 * np.log10(np.maximum(mel, 1e-5))
    cepstrum = fft.dct(level, axis=1, norm="ortho")[:, 1:N_MFCC + 1]  # (n, 13, T)
    return np.concatenate([cepstrum.mean(axis=2), cepstrum.std(axis=2)], axis=1)


def _prepared(path, config):
    import librosa  # not at the top: a machine that only trains has none

    if not path.is_file():
        raise FileNotFoundError(f"expected the sound {path}, which the matrix names; found none")
    samples, _ = librosa.load(path, sr=config.sample_rate, mono=True)
    return fit_length(samples, config.n_samples) * np.float32(0.9 / max(np.abs(samples).max(), 1e-9))
