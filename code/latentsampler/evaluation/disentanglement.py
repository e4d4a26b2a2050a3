r"""Does each dimension of a code stand for one factor of the sound? Five answers, against known factors.

Conventions
-----------
* Codes are ``(n, L)``, factors ``(n, F)``, real numbers or numbers of classes; NaN where a note has no such factor
  (only some instruments have a vibrato). A score of a factor uses the notes that have it. A factor that does not
  vary, or that fewer than 30 notes have, is left out.
* Information is in nats, between codes and factors cut into bins of equal count, less its expected value without any
  relation (Miller and Madow): noise scores about 0.
* All scores rise with disentanglement; 1 is best, and no relation gives about 0.
* No library is kept (disentanglement_lib needs TensorFlow 1): these are written on scikit-learn's estimators.

Contents
--------
disentanglement       all scores
factor_matrix         table of notes -> factors
information_matrix    mutual information of every dimension with every factor
mig, modularity       of such a matrix
explained_matrix      share of a factor that each dimension alone explains, for SAP
dci                   disentanglement, completeness, informativeness
"""

import numpy as np
from scipy.stats import rankdata

FACTORS = ("attack_ms", "decay_ms", "tilt_db_per_octave", "inharmonicity", "odd_even", "noise_to_harmonic_db",
           "roughness_depth", "low_share", "vibrato_hz", "vibrato_cents")  # of the toy set; the pitch is given apart
LOGARITHMIC = ("attack_ms", "decay_ms", "inharmonicity", "vibrato_hz", "f0_hz")  # heard, and drawn, as ratios
BINS = 10
MIN_NOTES = 30  # notes that a factor must have
MIN_INFORMATION = 0.05  # nats of information, or share of a factor explained: what is less may be chance


def disentanglement(codes, factors, discrete=False, seed=0):
    """Return all scores of codes against factors.

    Parameters
    ----------
    codes : array_like
        ``(n, L)``, L at least 2.
    factors : array_like
        ``(n, F)``, NaN where a note has no such factor.
    discrete : bool
        Factors are numbers of classes without an order.
    seed : int
        Of forests and folds.

    Returns
    -------
    dict
        mig, sap, modularity, dci_disentanglement, dci_completeness, dci_informativeness; for real factors also
        interpretability and scc. NaN where no factor can be asked about.

    Raises
    ------
    ValueError
        If shapes do not fit.

    References
    ----------
    Interpretability (the linear relation of a factor with the dimension that knows most of it) and scc (largest
    absolute Spearman correlation) as in Pati and Lerch, "Attribute-based regularization of latent spaces for
    variational auto-encoders", Neural Computing and Applications 33, 2021; Adel, Ghahramani and Weller, ICML 2018.
    """
    codes, factors = np.asarray(codes, dtype=float), np.asarray(factors, dtype=float)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or codes.shape[1] < 2:
        raise ValueError("expected codes (n, L) with L at least 2 and factors (n, F), got "
                         f"shapes {codes.shape} and {factors.shape}")
    factors = factors[:, [_varies(column) for column in factors.T]]
    names = ["mig", "sap", "modularity", "dci_disentanglement", "dci_completeness", "dci_informativeness"]
    names += [] if discrete else ["interpretability", "scc"]
    if not factors.shape[1]:
        return dict.fromkeys(names, float("nan"))
    information, entropy = information_matrix(codes, factors, discrete)
    explained = explained_matrix(codes, factors, discrete)
    values = [mig(information, entropy), _gap(explained), modularity(information),
              *dci(codes, factors, discrete, seed)]
    if not discrete:
        knowing = information.argmax(axis=0)  # (F,): the dimension that knows most of each factor
        values += [explained[knowing, np.arange(len(knowing))].mean(), _rank_correlation(codes, factors)]
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def factor_matrix(rows, names=FACTORS):
    """Return factors from a notes table.

    Parameters
    ----------
    rows : sequence of dict
        Column -> string.
    names : sequence of str
        Columns; those of times, frequencies and inharmonicity are taken as logarithms.

    Returns
    -------
    numpy.ndarray
        ``(n, F)``, NaN where a column is missing or empty.
    """
    def number(row, name):
        value = float(row.get(name) or "nan")
        return np.log(max(value, 1e-12)) if name in LOGARITHMIC else value

    return np.array([[number(row, name) for name in names] for row in rows]).reshape(-1, len(names))


def information_matrix(codes, factors, discrete=False):
    r"""Return the mutual information of every dimension with every factor, and the factors' entropies.

    Parameters
    ----------
    codes, factors : numpy.ndarray
        ``(n, L)`` and ``(n, F)``.
    discrete : bool
        Factors are numbers of classes.

    Returns
    -------
    information : numpy.ndarray
        ``(L, F)`` nats, >= 0.
    entropy : numpy.ndarray
        ``(F,)`` nats.
    """
    from sklearn.metrics import mutual_info_score

    information, entropy = np.zeros((codes.shape[1], factors.shape[1])), np.zeros(factors.shape[1])
    for f, column in enumerate(factors.T):
        has = ~np.isnan(column)
        factor = _classes(column[has]) if discrete else _bins(column[has])
        entropy[f] = mutual_info_score(factor, factor)
        for j, code in enumerate(codes[has].T):
            binned = _bins(code)
            bias = binned.max() * factor.max() / (2 * has.sum())  # (k_x - 1)(k_y - 1) / 2n, classes counted from 0
            information[j, f] = max(0.0, mutual_info_score(binned, factor) - bias)
    return information, entropy


def mig(information, entropy):
    r"""Return the mutual information gap: :math:`\frac1F \sum_f (I_{(1)f} - I_{(2)f}) / H_f`.

    Parameters
    ----------
    information, entropy : numpy.ndarray
        From :func:`information_matrix`.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    Chen, Li, Grosse and Duvenaud, "Isolating sources of disentanglement in VAEs", NeurIPS 2018, eq. 6.
    """
    return min(1.0, _gap(information / np.maximum(entropy, 1e-12)))


def modularity(information):
    r"""Return the mean over dimensions of :math:`1 - \sum_{f \ne f^*} I_{jf}^2 / (I_{jf^*}^2 (F - 1))`.

    Returns
    -------
    float
        In [0, 1]; 1 when each dimension tells of one factor only, several of the same factor allowed. A dimension
        that tells of none (less than 0.05 nats) counts 0. NaN for a single factor.

    References
    ----------
    Ridgeway and Mozer, "Learning deep disentangled embeddings with the F-statistic loss", NeurIPS 2018, section 3.
    """
    if information.shape[1] < 2:
        return float("nan")
    squared = information ** 2
    best = squared.max(axis=1)
    other = (squared.sum(axis=1) - best) / np.maximum(best, 1e-24) / (information.shape[1] - 1)
    return float(np.where(best > MIN_INFORMATION ** 2, 1.0 - other, 0.0).mean())


def explained_matrix(codes, factors, discrete=False):
    """Return how much of each factor each dimension alone explains by a linear function.

    Real factors: squared correlation. Classes: balanced accuracy of a linear support vector machine above chance, on
    its training notes. SAP is the mean gap between the first and the second of a column.

    Parameters
    ----------
    codes, factors : numpy.ndarray
        As in :func:`information_matrix`.
    discrete : bool
        As there.

    Returns
    -------
    numpy.ndarray
        ``(L, F)`` in [0, 1].

    References
    ----------
    Kumar, Sattigeri and Balakrishnan, "Variational inference of disentangled latent concepts from unlabeled
    observations", ICLR 2018 (arXiv 1711.00848).
    """
    result = np.zeros((codes.shape[1], factors.shape[1]))
    for f, column in enumerate(factors.T):
        has = ~np.isnan(column)
        for j, code in enumerate(codes[has].T):
            if code.std() > 1e-9:
                result[j, f] = (_separates(code, _classes(column[has])) if discrete
                                else np.corrcoef(code, column[has])[0, 1] ** 2)
    return result


def _separates(code, labels):
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.svm import LinearSVC

    scaled = ((code - code.mean()) / code.std())[:, None]
    guess = LinearSVC(class_weight="balanced", dual=False).fit(scaled, labels).predict(scaled)
    return max(0.0, balanced_accuracy_score(labels, guess, adjusted=True))


def dci(codes, factors, discrete=False, seed=0):
    r"""Return disentanglement, completeness and informativeness by importances in random forests.

    With importances P normalised over factors (rows) or dimensions (columns), disentanglement is the mean of
    :math:`1 - H_F(P_j)` weighted by the dimensions' importance, completeness the mean of :math:`1 - H_L(P_f)`.
    Informativeness is the out-of-bag :math:`R^2` (classes: accuracy above the majority's), 0 below 0.05.

    Parameters
    ----------
    codes, factors : numpy.ndarray
        As in :func:`information_matrix`.
    discrete : bool
        As there.
    seed : int
        Of the forests.

    Returns
    -------
    tuple of float
        The three, each in [0, 1]; disentanglement is NaN for a single factor, completeness for a single dimension.

    References
    ----------
    Eastwood and Williams, "A framework for the quantitative evaluation of disentangled representations", ICLR 2018.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    importance, informative = np.zeros((codes.shape[1], factors.shape[1])), np.zeros(factors.shape[1])
    for f, column in enumerate(factors.T):
        has = ~np.isnan(column)
        target = _classes(column[has]) if discrete else rankdata(column[has])  # ranks: whatever a factor's scale
        forest = (RandomForestClassifier if discrete else RandomForestRegressor)(
            60, min_samples_leaf=3, max_features=1.0, oob_score=True, random_state=seed).fit(codes[has], target)
        chance = np.bincount(target).max() / len(target) if discrete else 0.0
        explains = (forest.oob_score_ - chance) / (1.0 - chance)
        informative[f] = explains if explains > MIN_INFORMATION else 0.0
        importance[:, f] = forest.feature_importances_ * informative[f]
    rows, columns = importance.sum(axis=1), importance.sum(axis=0)
    if not rows.sum():
        return 0.0, 0.0, 0.0
    weight = rows / rows.sum()
    complete = np.where(columns > 0, 1.0 - _entropy(importance.T), 0.0).mean()
    return float((weight * (1.0 - _entropy(importance))).sum()), float(complete), float(informative.mean())


def _entropy(rows):
    """Return the entropy of normalised rows ``(n, k)``, in units of ln k."""
    if rows.shape[1] < 2:
        return np.full(len(rows), np.nan)
    share = rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-24)
    return -(share * np.log(np.maximum(share, 1e-24))).sum(axis=1) / np.log(rows.shape[1])


def _gap(matrix):
    """Return the mean over columns of the largest less the second largest entry."""
    ranked = np.sort(matrix, axis=0)
    return float((ranked[-1] - ranked[-2]).mean())


def _rank_correlation(codes, factors):
    best = []
    for column in factors.T:
        has = ~np.isnan(column)
        ranks = [rankdata(code) for code in codes[has].T]
        best.append(max(abs(np.corrcoef(rank, rankdata(column[has]))[0, 1]) if np.ptp(rank) else 0.0 for rank in ranks))
    return float(np.mean(best))


def _bins(values):
    """Return the number of the bin of each value, bins of equal count, equal values in one bin."""
    edges = np.unique(np.quantile(values, np.arange(1, BINS) / BINS))
    return _classes(np.searchsorted(edges, values, side="right"))


def _classes(values):
    return np.unique(values, return_inverse=True)[1]


def _varies(column):
    known = column[~np.isnan(column)]
    return len(known) >= MIN_NOTES and np.ptp(known) > 0
