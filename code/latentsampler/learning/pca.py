r"""The linear autoencoder that every model must beat, without and with knowledge of the pitch.

Conventions
-----------
* Notes are rows ``(n, d)`` float32: scaled log mels, flattened; pitch is ``(n,)``, MIDI note numbers, NaN = unpitched.
* Regression on pitch is a linear smoother: the mean of training notes weighted by how near their pitch is. Unpitched
  notes have a mean of their own.
* Few axes of many notes are wanted, so they come from Lanczos' iteration; cross-validation runs on the notes' first 256
  principal coordinates.

Contents
--------
Pca        codes are coordinates along principal axes
PitchPca   principal axes of what is left after regression on pitch, the regression chosen by cross-validation
smooth     pitches, one smoother -> weights of training notes
"""

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import svds

SMOOTHERS = (None, 0.1, 0.35, 0.5, 0.7, 1.0, 2.0, 4.0)  # semitones; None: the mean of all
SHRINK = 0.5  # notes' worth of the local mean's wider neighbourhood
FOLDS = 5
COORDINATES = 256


class Pca:
    """Principal component analysis.

    Parameters
    ----------
    train : array_like
        ``(n, d)``, n > ``n_components``.
    n_components : int
        Size of a code.

    Attributes
    ----------
    spread : numpy.ndarray
        ``(n_components,)``: deviations of the training codes, falling.
    """

    def __init__(self, train, n_components):
        train = np.asarray(train, dtype=np.float32)
        self.mean = train.mean(axis=0)
        self.basis, self.spread = _axes(train - self.mean, n_components)

    def encode(self, x, pitch=None):
        """Return codes ``(n, k)`` of notes ``(n, d)``; the pitch is ignored."""
        return (np.asarray(x, dtype=np.float32) - self.mean) @ self.basis

    def decode(self, codes, pitch=None):
        """Return notes ``(n, d)`` of codes ``(n, k)``; the pitch is ignored."""
        return np.asarray(codes, dtype=np.float32) @ self.basis.T + self.mean


class PitchPca:
    """Principal component analysis of what is left after regression on pitch.

    A decoder that is told the pitch need not find it in the code; neither need this one.

    Parameters
    ----------
    train : array_like
        ``(n, d)``.
    pitch : array_like
        ``(n,)``, NaN = unpitched.
    n_components : int
        Size of a code.
    groups : array_like, optional
        ``(n,)``: notes of one group (a recording) are never on both sides of a fold.
    smoothers : sequence
        Kernel widths in semitones among which cross-validation chooses; None is the mean of all notes.
    seed : int
        Of the folds.

    Attributes
    ----------
    smoother : float or None
        The width that leaves the least squared error after ``n_components`` axes on held-out notes.
    errors : dict
        Width -> that error per note.
    spread : numpy.ndarray
        ``(n_components,)``: deviations of the training codes.
    """

    def __init__(self, train, pitch, n_components, groups=None, smoothers=SMOOTHERS, seed=0):
        self.train, self.pitch = np.asarray(train, dtype=np.float32), np.asarray(pitch, dtype=float)
        x, folds = _coordinates(self.train - self.train.mean(axis=0)), _folds(len(train), groups, seed)
        self.errors = {s: _held_out_error(x, self.pitch, folds, s, n_components) for s in smoothers}
        self.smoother = min(self.errors, key=self.errors.get)
        residual = self.train - self._expected(self.pitch)
        self.mean = residual.mean(axis=0)
        self.basis, self.spread = _axes(residual - self.mean, n_components)

    def encode(self, x, pitch):
        """Return codes ``(n, k)`` of notes ``(n, d)`` with pitches ``(n,)``."""
        return (np.asarray(x, dtype=np.float32) - self._expected(pitch) - self.mean) @ self.basis

    def decode(self, codes, pitch):
        """Return notes ``(n, d)`` of codes ``(n, k)`` at pitches ``(n,)``."""
        return np.asarray(codes, dtype=np.float32) @ self.basis.T + self.mean + self._expected(pitch)

    def _expected(self, pitch):
        """Return the regression at pitches ``(n,)``, each different pitch computed once."""
        values, where = np.unique(np.asarray(pitch, dtype=float), return_inverse=True)  # NaN is one value
        return (smooth(values, self.pitch, self.smoother).astype(np.float32) @ self.train)[where]


def smooth(pitch, known, width):
    r"""Return the weights of training notes in the regression at some pitches.

    :math:`w \propto \exp(-(p - p_i)^2 / 2 h^2)` (Nadaraya-Watson), shrunk to a neighbourhood four times as wide by half
    a note, so that a pitch with few notes borrows from others.

    Parameters
    ----------
    pitch : numpy.ndarray
        ``(m,)``, NaN = unpitched.
    known : numpy.ndarray
        ``(n,)``: pitches of the training notes.
    width : float or None
        h in semitones; None weighs all notes alike, whatever their pitch.

    Returns
    -------
    numpy.ndarray
        ``(m, n)``, rows that sum to 1.

    References
    ----------
    Nadaraya, "On estimating regression", Theory of Probability and its Applications 9(1), 1964.
    """
    everyone = np.full((len(pitch), len(known)), 1.0 / len(known))
    if width is None:
        return everyone
    unpitched = np.isnan(known)
    distance = np.where(unpitched, np.inf, known)[None] - np.nan_to_num(pitch)[:, None]  # (m, n)
    near, wide = np.exp(-0.5 * (distance / width) ** 2), np.exp(-0.5 * (distance / (4.0 * width)) ** 2)
    total = wide.sum(axis=1, keepdims=True)
    weights = near + SHRINK * np.where(total > 1e-12, wide / np.maximum(total, 1e-12), everyone)
    weights[np.isnan(pitch)] = unpitched if unpitched.any() else 1.0
    return weights / weights.sum(axis=1, keepdims=True)


def _coordinates(centred):
    """Return the rows' coordinates along their first axes ``(n, c)``, strongest last."""
    n = len(centred)
    values, vectors = eigh(centred @ centred.T, subset_by_index=[max(0, n - COORDINATES), n - 1])
    return vectors.astype(float) * np.sqrt(np.maximum(values, 0.0))


def _axes(centred, count):
    """Return the ``count`` principal axes ``(d, k)`` of centred rows, strongest first, and the codes' deviations."""
    n = len(centred)
    norms, axes = svds(centred, count, v0=np.ones(min(centred.shape), np.float32), return_singular_vectors="vh")[1:]
    return axes[::-1].T, norms[::-1] / np.sqrt(n)


def _folds(n, groups, seed):
    names, number = np.unique(np.arange(n) if groups is None else np.asarray(groups), return_inverse=True)
    return np.random.default_rng(seed).permutation(len(names))[number] % FOLDS


def _held_out_error(x, pitch, folds, width, count):
    """Return the mean squared error of held-out notes ``(n, c)`` after regression and ``count`` axes."""
    total = 0.0
    for fold in range(FOLDS):
        a, b = folds != fold, folds == fold
        values, where = np.unique(pitch, return_inverse=True)
        residual = x - (smooth(values, pitch[a], width) @ x[a])[where]  # (n, c)
        residual -= residual[a].mean(axis=0)
        c = x.shape[1]
        axes = eigh(residual[a].T @ residual[a], subset_by_index=[c - count, c - 1])[1]  # (c, k)
        total += (residual[b] ** 2).sum() - ((residual[b] @ axes) ** 2).sum()
    return float(total / len(x))
