"""What a predictor must beat: repetition, counted contexts, nearest windows.

Each is fitted to windows and answers ``(x, key, place, alphabet) -> log-probabilities (B, 8, 169)``, relative to the
last root as the predictor is; key, place and alphabet are not used but by reducing the input.

Contents
--------
Repeat      the last chord for eight beats
NGram       contexts of 1, 2, 4 and 8 beats, Witten-Bell smoothing
Nearest     the windows that agree in most beats, late beats first
"""

import numpy as np
import torch
from scipy import sparse

from latentsampler.chapters.chords.alphabet import SIZE, representatives
from latentsampler.chapters.chords.predictor import last_root, relative

FLOOR = 1e-4  # probability shared by all symbols where a baseline has no opinion
REDUCED = torch.stack([representatives(name) for name in ("a1", "a2", "a3")])


def moved_back(p, root):
    """Return log-probabilities ``(B, 8, 169)`` of probabilities measured from roots ``(B,)``."""
    symbols = torch.arange(SIZE)[None].expand(len(p), -1)
    return p.clamp_min(1e-9).log().gather(2, relative(symbols, root)[:, None].expand(-1, 8, -1))


class Repeat:
    """The last chord for eight beats."""

    def __call__(self, x, key, place, alphabet):
        """Return log-probabilities ``(B, 8, 169)``."""
        x = REDUCED[alphabet[:, None], x]
        p = torch.full((len(x), SIZE), FLOOR / SIZE).scatter_(1, x[:, -1:], 1.0 - FLOOR)
        return p.log()[:, None].expand(-1, 8, -1)


class NGram:
    """Contexts of several lengths, each smoothed by the shorter one (Witten and Bell, 1991).

    Parameters
    ----------
    windows : Windows
        What is counted: for each beat ahead by itself.
    alphabet : int
        0 to 2: to which the input is reduced.
    lengths : tuple of int
        Beats of context.
    """

    def __init__(self, windows, alphabet=2, lengths=(1, 2, 4, 8)):
        root = last_root(windows.x)
        x, y = REDUCED[alphabet][relative(windows.x, root)].numpy(), relative(windows.y, root).numpy()
        columns = (np.arange(8) * SIZE + y).ravel()
        self.alphabet, self.levels = alphabet, []
        self.lowest = np.bincount(columns, minlength=8 * SIZE).reshape(8, SIZE) + 0.5
        self.lowest /= self.lowest.sum(1, keepdims=True)
        for length in lengths:
            contexts, row = np.unique(_code(x[:, 8 - length:]), return_inverse=True)
            counts = sparse.csr_matrix((np.ones(len(columns)), (np.repeat(row, 8), columns)),
                                       shape=(len(contexts), 8 * SIZE))
            self.levels.append((length, contexts, counts))

    def __call__(self, x, key, place, alphabet):
        """Return log-probabilities ``(B, 8, 169)``."""
        root = last_root(x)
        x = REDUCED[self.alphabet][relative(x, root)].numpy()
        p = np.broadcast_to(self.lowest, (len(x), 8, SIZE))
        for length, contexts, counts in self.levels:
            code = _code(x[:, 8 - length:])
            row = np.searchsorted(contexts, code).clip(max=len(contexts) - 1)
            found = counts[row].toarray().reshape(-1, 8, SIZE) * (contexts[row] == code)[:, None, None]
            total, kinds = found.sum(2, keepdims=True), (found > 0).sum(2, keepdims=True)
            p = (found + kinds * p) / np.maximum(total + kinds, 1) + p * (total == 0)
        return moved_back(torch.from_numpy(np.ascontiguousarray(p, dtype=np.float32)), root)


def _code(x):
    """Return one number ``(n,)`` uint64 for every row ``(n, length)`` of symbols."""
    code = np.zeros(len(x), dtype=np.uint64)
    for column in x.T.astype(np.uint64):
        code = code * np.uint64(SIZE) + column
    return code  # 169^8 < 2^64


class Nearest:
    """The training windows that agree in most beats with the input, the last beat counting most; they vote.

    Parameters
    ----------
    windows : Windows
        Among which it searches.
    """

    def __init__(self, windows):
        root = last_root(windows.x)
        self.x = relative(windows.x, root).numpy().astype(np.uint8)
        self.y = relative(windows.y, root)

    def __call__(self, x, key, place, alphabet):
        """Return log-probabilities ``(B, 8, 169)``."""
        root = last_root(x)
        p = torch.full((len(x), 8, SIZE), FLOOR / SIZE)
        weights = 2 ** np.arange(8)  # a later beat outweighs all earlier ones
        for index, row in enumerate(relative(x, root).numpy().astype(np.uint8)):
            agreement = ((self.x == row) * weights).sum(1)
            votes = self.y[torch.from_numpy(np.flatnonzero(agreement == agreement.max()))]  # (V, 8)
            p[index] += torch.zeros(8, SIZE).scatter_add_(1, votes.T, torch.full_like(votes.T, 1.0, dtype=torch.float)
                                                          ) * (1.0 - FLOOR) / len(votes)
        return moved_back(p, root)
