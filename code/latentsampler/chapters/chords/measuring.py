"""How good predictions, codes and samples are.

Conventions
-----------
* Accuracy is the share of beats whose likeliest symbol is right; perplexity is exp of the mean nats. Probabilities of
  A1 and A2 are sums of those of A3.
* The reference reads and predicts symbols of the same alphabet, and nothing else: that is ``same_`` here. ``plain_``
  reads symbols of A3. Without a prefix: key and place in the bar as well, where they are known.

Contents
--------
scores               log-probabilities + truth -> accuracies, perplexities
measure_prediction   predictor + windows -> figures
measure_pieces       VAE + songs -> figures
measure_samples      prior samples and interpolations, against songs
longest_copy         the longest run of beats that stands in a song, up to transposition
"""

import math

import numpy as np
import torch

from latentsampler.chapters.chords.alphabet import DISTANCE, REDUCE, SIZES, transpose
from latentsampler.chapters.chords.songs import NO_KEY, NO_PLACE, bars

ALPHABETS = ("a1", "a2", "a3")


def reduced(log_p, alphabet):
    """Return probabilities ``(..., S)`` over an alphabet of log-probabilities ``(..., 169)``."""
    p = log_p.exp()
    return p if alphabet == "a3" else torch.zeros(*p.shape[:-1], SIZES[alphabet]).index_add_(-1, REDUCE[alphabet], p)


class Tally:
    """Sums of hits and nats of one alphabet by beat ahead."""

    def __init__(self, alphabet):
        self.alphabet, self.hits, self.nats, self.n = alphabet, torch.zeros(8), torch.zeros(8), 0

    def add(self, log_p, y):
        """Add predictions ``(B, 8, 169)`` of ``y`` (B, 8)."""
        p, truth = reduced(log_p, self.alphabet), REDUCE[self.alphabet][y]
        self.hits += (p.argmax(2) == truth).sum(0)
        self.nats -= p.gather(2, truth.unsqueeze(2)).squeeze(2).clamp_min(1e-9).log().sum(0)
        self.n += len(y)

    def figures(self, prefix=""):
        """Return accuracy and perplexity over all eight beats."""
        return {f"{prefix}accuracy_{self.alphabet}": float(self.hits.sum()) / (8 * self.n),
                f"{prefix}perplexity_{self.alphabet}": math.exp(float(self.nats.sum()) / (8 * self.n))}


def measure_prediction(predict, windows, batch=4096):
    """Return the figures of a predictor.

    Parameters
    ----------
    predict : callable
        ``(x, key, place, alphabet) -> log-probabilities (B, 8, 169)``.
    windows : Windows
        What it is asked.
    batch : int
        Windows at a time.

    Returns
    -------
    dict
        See the module; further ``position_1`` to ``_8`` (accuracy on A1 by beat ahead, ``same_`` protocol),
        ``distance_a3`` (mean distance of the likeliest chord's chroma) and ``trigram_repetition`` (share of the
        predicted trigrams that stand twice in their eight beats).
    """
    tallies = {prefix: [Tally(a) for a in ALPHABETS] for prefix in ("", "plain_", "same_")}
    distance, repeated, chunks = 0.0, 0.0, torch.arange(len(windows.x)).split(batch)
    for index in chunks:
        x, y, key, place, _ = (tensor[index] for tensor in windows)
        unknown, nowhere = torch.full_like(key, NO_KEY), torch.full_like(place, NO_PLACE)
        full = predict(x, key, place, torch.full_like(key, 2))
        plain = predict(x, unknown, nowhere, torch.full_like(key, 2))
        for number in range(3):
            tallies[""][number].add(full, y)
            tallies["plain_"][number].add(plain, y)
            own = plain if number == 2 else predict(x, unknown, nowhere, torch.full_like(key, number))
            tallies["same_"][number].add(own, y)
        best = full.argmax(2)
        distance += float(DISTANCE[best, y].sum())
        repeated += float(trigram_repetition(best).sum())
    n = len(windows.x)
    same = tallies["same_"][0]
    return {**{name: value for prefix, row in tallies.items() for tally in row
               for name, value in tally.figures(prefix).items()},
            **{f"position_{k + 1}": float(same.hits[k]) / n for k in range(8)},
            "distance_a3": distance / (8 * n), "trigram_repetition": repeated / n}


def trigram_repetition(symbols):
    """Return the share ``(B,)`` of the trigrams of ``(B, T)`` that equal an earlier one of the same row."""
    grams = symbols.unfold(1, 3, 1)  # (B, T - 2, 3)
    same = (grams.unsqueeze(1) == grams.unsqueeze(2)).all(3)  # (B, T - 2, T - 2)
    return same.tril(-1).any(2).float().mean(1)


def measure_pieces(module, songs, beats=16):
    """Return how well pieces that begin with a bar come back.

    Parameters
    ----------
    module : Chords or its file
        With ``encode`` and ``decode``.
    songs : sequence of Song
        Whose pieces.
    beats : int
        Their length.

    Returns
    -------
    dict
        vae_accuracy (share of beats, A3), vae_accuracy_a1, vae_accuracy_a2, vae_whole (share of pieces without a
        mistake), code_deviation (mean over the code).
    """
    pieces, _ = bars(songs, beats)
    found, codes = [], []
    for part in pieces.split(2048):
        z, tonic = module.encode(part)
        codes.append(z)
        found.append(module.decode(z, tonic).argmax(2))
    back = torch.cat(found)
    rows = {f"vae_accuracy_{a}": float((REDUCE[a][back] == REDUCE[a][pieces]).float().mean()) for a in ("a1", "a2")}
    return {"vae_accuracy": float((back == pieces).float().mean()), **rows,
            "vae_whole": float((back == pieces).all(1).float().mean()),
            "code_deviation": float(torch.cat(codes).std(0).mean())}


def perplexity_of(predict, pieces):
    """Return the perplexity of beats 9 to 16 of pieces ``(n, 16 or more)`` after the first eight."""
    x, y = pieces[:, :8], pieces[:, 8:16]
    place = torch.full((len(x),), 3)
    log_p = predict(x, torch.full_like(place, NO_KEY), place, torch.full_like(place, 2))
    return math.exp(-float(log_p.gather(2, y.unsqueeze(2)).mean()))


def measure_samples(module, training, test, seed, n=2000):
    """Return what samples of the prior and ways between two pieces are like.

    Parameters
    ----------
    module : Chords
        Trained.
    training, test : sequence of Song
        What samples may have been copied from; real pieces that they are compared with.
    seed : int
        Of the samples.
    n : int
        How many samples.

    Returns
    -------
    dict
        sample_perplexity, real_perplexity, sample_ratio; sample_changes, real_changes (chords per piece);
        longest_copy (beats, of 200 samples of four times sixteen beats joined at one tonic); step_changes (largest and
        mean number of chords that change in one of 16 steps between two pieces).
    """
    generator = torch.Generator().manual_seed(seed)
    pieces, _ = bars(test, 16)
    real = pieces[torch.randperm(len(pieces), generator=generator)[:n]]
    with torch.inference_mode():
        z = torch.randn(n, module.vae.latent_dim, generator=generator)
        samples = module.decode(z, torch.randint(12, (n,), generator=generator)).argmax(2)
        ratio = perplexity_of(module.predict, samples), perplexity_of(module.predict, real)
        joined = module.decode(z[:800], torch.zeros(800, dtype=torch.long)).argmax(2).view(200, -1)
        half = min(200, len(real) // 2)
        steps = interpolation_changes(module, real[:half], real[half:2 * half])
    return {"sample_perplexity": ratio[0], "real_perplexity": ratio[1], "sample_ratio": ratio[0] / ratio[1],
            "sample_changes": changes(samples), "real_changes": changes(real),
            "longest_copy": longest_copy(joined.numpy(), [song.symbols for song in training]), **steps}


def changes(pieces):
    """Return the mean number of chord changes in pieces ``(n, T)``."""
    return float((pieces[:, 1:] != pieces[:, :-1]).sum(1).float().mean())


def interpolate(module, first, second, steps=16):
    """Return the pieces ``(steps + 1, n, T)`` on straight ways between pieces ``(n, T)``, at the first's tonic."""
    (a, tonic), (b, _) = module.encode(first), module.encode(second)
    return torch.stack([module.decode(a + (b - a) * k / steps, tonic).argmax(2) for k in range(steps + 1)])


def interpolation_changes(module, first, second, steps=16):
    """Return mean and 95th percentile of the chords that change in a step: runs of changed beats."""
    way = interpolate(module, first, second, steps)  # (steps + 1, n, T)
    moved = (way[1:] != way[:-1]).int()
    runs = (torch.diff(moved, dim=2, prepend=torch.zeros_like(moved[:, :, :1])) == 1).sum(2).float()  # (steps, n)
    return {"step_changes_mean": float(runs.mean()), "step_changes_p95": float(runs.quantile(0.95)),
            "step_within_2": float((runs <= 2).float().mean())}


def longest_copy(pieces, songs):
    """Return the length of the longest run of beats of any piece that stands in a song, up to transposition.

    Parameters
    ----------
    pieces : numpy.ndarray
        ``(n, T)``.
    songs : sequence of numpy.ndarray
        ``(n_beats,)`` each.

    Notes
    -----
    A run of one chord is found everywhere and counts as well; doubling the length in a binary search is right because
    every part of a copy is a copy.
    """
    low, high = 1, pieces.shape[1] + 1
    while high - low > 1:
        middle = (low + high) // 2
        known = set().union(*(grams(song, middle) for song in songs))
        if any(not known.isdisjoint(grams(piece, middle)) for piece in pieces):
            low = middle
        else:
            high = middle
    return low


def grams(symbols, length):
    """Return the runs of a length as bytes, moved so that the first root is C."""
    if len(symbols) < length:
        return set()
    view = np.lib.stride_tricks.sliding_window_view(symbols, length)
    has = view != 168
    first = np.take_along_axis(view, has.argmax(1)[:, None], 1)
    moved = transpose(view, -np.where(has.any(1, keepdims=True), first // 14, 0)).astype(np.uint8)
    return {row.tobytes() for row in moved}
