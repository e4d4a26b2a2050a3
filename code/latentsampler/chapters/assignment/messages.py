"""Min-sum messages between rows and columns of a distance matrix: the exact solver as a recurrence.

Conventions
-----------
* Distances are in units of their mean. A message is what a row or column could lose by another partner.
* A belief above 0 = the two belong together. It is (the cost of the best assignment without the pair) - (with it)
  once the messages have settled.
* All of it is made of maxima and sums of single entries, so that permuting rows or columns permutes the bits.

Contents
--------
excluded_max   the largest of the others, along one axis
masked         entries; far below all others where absent
beliefs        damped messages for a number of rounds -> beliefs
"""

import torch

ABSENT = 30.0  # beyond any difference of two assignments that matters, in units of the mean distance; a script knows
#                no globals, so that the functions below have the number itself


def masked(x, present):
    """Return entries where ``present`` is 1, and ``-ABSENT`` where it is 0."""
    return x * present - 30.0 * (1.0 - present)


def excluded_max(x, dim: int):
    """Return, for each entry, the largest of the *other* entries along an axis; ``-ABSENT`` where there are none."""
    top, place = x.max(dim, keepdim=True)
    second = x.scatter(dim, place, -30.0).amax(dim, keepdim=True)
    return torch.where(x == top, second, top)


def beliefs(x, rows, columns, damping):
    """Pass messages.

    Parameters
    ----------
    x : torch.Tensor
        ``(B, R, C)`` distances over their mean.
    rows, columns : torch.Tensor
        ``(B, R)`` and ``(B, C)`` bool: which are present.
    damping : torch.Tensor
        ``(rounds,)`` share of the old message that each round keeps.

    Returns
    -------
    tuple of torch.Tensor
        Beliefs ``(B, R, C)`` of the last round, and their mean over the last quarter of the rounds.
    """
    here, there = rows[:, :, None], columns[:, None]
    gain = -x.masked_fill(~(here & there), 30.0)
    more_rows = (rows.sum(1) > columns.sum(1))[:, None, None]  # then rows may stay alone, at no cost
    more_columns = (rows.sum(1) < columns.sum(1))[:, None, None]
    none = torch.full_like(gain[:, :1, :1], -30.0)
    row_floor = torch.where(more_rows, torch.zeros_like(none), none)  # (B, 1, 1)
    column_floor = torch.where(more_columns, torch.zeros_like(none), none)
    message = torch.zeros_like(x)
    late, mean = message, message
    rounds = damping.shape[0]
    first = rounds - max(1, rounds // 4)
    for k in range(rounds):
        to_columns = gain - torch.maximum(excluded_max(gain + message, 2), row_floor)
        new = -torch.maximum(excluded_max(to_columns, 1), column_floor)
        message = new if k == 0 else message + (1.0 - damping[k]) * (new - message)
        if k >= first:
            late = to_columns + message
            mean = mean + late / float(rounds - first)
    return late, mean
