"""What codes know, and how the space between and around them sounds.

Conventions
-----------
* Codes are ``(n, latent_dim)``, mels ``(n, n_mels, n_frames)`` amplitude; ``decode(z, pitch) -> mel`` as in
  ``model.pt``. Distances are log-spectral distances in dB (``metrics.log_spectral_distance``), a norm of a difference,
  so that no way between two sounds is shorter than the straight one.
* Labels are strings, numbers or None, one per note; empty, None, NaN and -1 mean "not known" and are left out.
* scikit-learn is imported where it is used: training needs torch, numpy and scipy only.

Contents
--------
probe_accuracies    what a neighbour and a linear classifier can tell from a code: instrument, pitch, dynamics
active_units        dimensions whose posterior mean moves
dimension_effects   how far a sound moves with each dimension; dead_dimensions counts those it does not move with
interpolation       straightness and evenness of the ways between notes
prior_mels          what random points of the prior decode to
prior_realism       how close those are to real notes, and how many real notes they cover
"""

import numpy as np
import torch

from latentsampler.sound.metrics import FLOOR, log_spectral_distance

DEAD_DB = 0.5  # a dimension that moves a sound by less is not heard; two takes of one note differ by more
BATCH = 64


def probe_accuracies(codes, labels, train, test, k=5):
    """Return how well labels of some notes can be told from their codes, learnt on others.

    Codes are standardised by the training notes. Which question is asked lies in the indices: held-out notes of known
    recordings, or notes of recordings that no one has seen.

    Parameters
    ----------
    codes : array_like
        ``(N, d)``.
    labels : dict
        Name -> sequence ``(N,)``.
    train, test : array_like of int
        Which notes the probes learn from, and which they are asked about.
    k : int
        Neighbours that vote.

    Returns
    -------
    dict
        For each name: ``knn_<name>``, ``linear_<name>`` and ``majority_<name>``, the accuracy of the most frequent
        training label; in [0, 1], NaN when fewer than two labels are known.

    Raises
    ------
    ValueError
        If a note is both in train and test, or labels and codes differ in number.

    References
    ----------
    Alain and Bengio, "Understanding intermediate layers using linear classifier probes", 2016 (arXiv 1610.01644).
    """
    codes, train, test = np.asarray(codes, dtype=float), np.asarray(train), np.asarray(test)
    if common := np.intersect1d(train, test).size:
        raise ValueError(f"expected different notes to learn and to test, got {common} in both")
    scaled = (codes - codes[train].mean(axis=0)) / np.maximum(codes[train].std(axis=0), 1e-9)
    result = {}
    for name, values in labels.items():
        if len(values) != len(codes):
            raise ValueError(f"expected {len(codes)} labels {name!r}, got {len(values)}")
        known, values = np.array([_known(v) for v in values]), np.array([str(v) for v in values])
        a, b = train[known[train]], test[known[test]]
        accuracies = (_accuracies(scaled[a], values[a], scaled[b], values[b], k)
                      if len(b) and len(np.unique(values[a])) > 1 else [float("nan")] * 3)
        result |= {f"{kind}_{name}": x for kind, x in zip(("knn", "linear", "majority"), accuracies, strict=True)}
    return result


def _known(value):
    return value is not None and value != "" and value != -1 and value == value  # NaN is not equal to itself


def _accuracies(train, train_labels, test, test_labels, k):
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    names, counts = np.unique(train_labels, return_counts=True)
    for probe in (KNeighborsClassifier(min(k, len(train)), weights="distance"), LogisticRegression(max_iter=1000)):
        yield float(probe.fit(train, train_labels).score(test, test_labels))
    yield float(np.mean(test_labels == names[counts.argmax()]))


def active_units(means, threshold=0.01):
    r"""Return the number of dimensions whose :math:`\mathrm{Var}_x(\mathrm{E}[z_j | x])` is above a threshold.

    Parameters
    ----------
    means : array_like
        ``(n, d)``: posterior means, of a model whose prior has unit variance.
    threshold : float
        Variance.

    Returns
    -------
    int
        At most d. A deterministic encoder can shrink a dimension that its decoder magnifies: :func:`dimension_effects`
        asks the decoder.

    References
    ----------
    Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016, section 5 (arXiv 1509.00519).
    """
    return int((np.asarray(means, dtype=float).var(axis=0) > threshold).sum())


@torch.inference_mode()
def dimension_effects(decode, codes, pitch):
    """Return how far the sound moves when one dimension of a code moves by one deviation of its own.

    Parameters
    ----------
    decode : callable
        ``decode(z, pitch) -> mel``.
    codes : torch.Tensor
        ``(n, d)``.
    pitch : torch.Tensor
        ``(n,)``: MIDI note numbers, NaN = unpitched.

    Returns
    -------
    numpy.ndarray
        ``(d,)`` dB, mean over notes.
    """
    codes = torch.as_tensor(codes, dtype=torch.float32)
    plain = _decode(decode, codes, pitch)
    step = torch.diag(codes.std(dim=0))  # (d, d)
    return np.array([float(log_spectral_distance(_decode(decode, codes + row, pitch), plain).mean()) for row in step])


def dead_dimensions(effects, threshold=DEAD_DB):
    """Return how many dimensions move a sound by less than ``threshold`` dB; effects of :func:`dimension_effects`."""
    return int((np.asarray(effects) < threshold).sum())


@torch.inference_mode()
def interpolation(decode, start, end, pitch, steps=9):
    r"""Return how straight and how even the sounds between pairs of notes are.

    With :math:`s_0 \dots s_K` the log mels on the straight line between two codes and distances in dB:
    *path ratio* :math:`d(s_0, s_K) / \sum_k d(s_k, s_{k+1})`, *unevenness* the deviation of the K steps as a share of
    their mean, and *second difference* the mean of :math:`\| s_{k+1} - 2 s_k + s_{k-1} \|`.

    Parameters
    ----------
    decode : callable
        ``decode(z, pitch) -> mel``.
    start, end : torch.Tensor
        ``(n, d)`` each.
    pitch : torch.Tensor
        ``(n,)``: at which both ends are played, so that only the code changes.
    steps : int
        Steps between the ends, at least 2.

    Returns
    -------
    dict
        path_ratio in (0, 1], 1 a straight line; unevenness >= 0; second_difference_db >= 0: means over pairs. Pairs
        that sound equal are left out.

    References
    ----------
    Karras, Laine and Aila, "A style-based generator architecture for generative adversarial networks", CVPR 2019,
    section 4.1, measure the length of such paths.
    """
    start, end = (torch.as_tensor(z, dtype=torch.float32) for z in (start, end))
    share = torch.linspace(0.0, 1.0, steps + 1)
    sounds = [_decode(decode, start + s * (end - start), pitch) for s in share]
    lengths = torch.stack([log_spectral_distance(a, b) for a, b in zip(sounds, sounds[1:], strict=False)])  # (K, n)
    direct = log_spectral_distance(sounds[0], sounds[-1])  # (n,)
    log = [20.0 * torch.log10(sound + FLOOR) for sound in sounds]
    bends = torch.stack([(a - 2.0 * b + c).pow(2).mean(dim=1).sqrt().mean(dim=1)
                         for a, b, c in zip(log, log[1:], log[2:], strict=False)])  # (K - 1, n)
    differs = lengths.sum(0) > 1e-6
    unevenness = lengths.std(dim=0, correction=0) / lengths.mean(dim=0).clamp(min=1e-9)
    return {"path_ratio": float((direct / lengths.sum(0).clamp(min=1e-9))[differs].mean()),
            "unevenness": float(unevenness[differs].mean()), "second_difference_db": float(bends.mean())}


@torch.inference_mode()
def prior_mels(decode, sample_prior, pitch, n=256, seed=0):
    """Return what random points of the prior decode to.

    Parameters
    ----------
    decode : callable
        ``decode(z, pitch) -> mel``.
    sample_prior : callable
        ``sample_prior(n, generator) -> (n, d)`` tensor.
    pitch : torch.Tensor
        ``(m,)``: pitches of real notes, from which ``n`` are drawn.
    n : int
        How many sounds.
    seed : int
        Fixes points and pitches.

    Returns
    -------
    torch.Tensor
        ``(n, n_mels, n_frames)`` amplitude.
    """
    generator = torch.Generator().manual_seed(seed)
    points = sample_prior(n, generator)
    return _decode(decode, points, pitch[torch.randint(len(pitch), (n,), generator=generator)])


@torch.inference_mode()
def prior_realism(generated, real, k=5):
    """Return how close sounds of the prior are to real notes, and how well they cover them.

    Neighbours are found between log mels averaged in patches of 4 bands by 4 frames (root mean square of the
    difference); the nearest note's distance is then the log-spectral distance of whole mels.

    Parameters
    ----------
    generated, real : torch.Tensor
        ``(n, n_mels, n_frames)`` and ``(m, n_mels, n_frames)`` amplitude, m larger than k.
    k : int
        Neighbours that make the radius of a real note.

    Returns
    -------
    dict
        nearest_lsd_db, mean over generated sounds; density, about 1 when both are of one distribution (above when
        generated sounds crowd where real ones are dense); coverage in [0, 1], share of real notes within whose radius
        a generated sound lies, about :math:`1 - (m / (m + n))^k` for one distribution: 0.97 for n = m, 0.59 for 256
        sounds and 1300 notes. Compare coverages at the same n and m only.

    References
    ----------
    Naeem et al., "Reliable fidelity and diversity metrics for generative models", ICML 2020, eqs. 4 and 6
    (arXiv 2002.09797).
    """
    a, b = _patches(generated), _patches(real)
    across = torch.cdist(a, b)  # (n, m)
    radius = torch.cdist(b, b).kthvalue(k + 1, dim=1).values  # (m,): the nearest of all is the note itself
    inside = across < radius  # (n, m)
    nearest = log_spectral_distance(generated, real[across.argmin(dim=1)])
    return {"nearest_lsd_db": float(nearest.mean()), "density": float(inside.sum() / (k * len(a))),
            "coverage": float((across.min(dim=0).values < radius).float().mean())}


def _patches(mel):
    log = 20.0 * torch.log10(mel + FLOOR)  # (n, M, T)
    return torch.nn.functional.avg_pool2d(log.unsqueeze(1), 4, ceil_mode=True).flatten(1)  # (n, M T / 16)


def _decode(decode, z, pitch):
    pitch = torch.as_tensor(pitch, dtype=torch.float32)
    return torch.cat([decode(a, b) for a, b in zip(z.split(BATCH), pitch.split(BATCH), strict=True)])
