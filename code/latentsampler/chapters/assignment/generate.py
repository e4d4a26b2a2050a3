"""Directions of arrival on the sphere -> distance matrices with their optimal assignment.

Conventions
-----------
* A set of directions has distinct azimuths and distinct elevations on a grid of one resolution, as published. On the
  grid some examples have two optimal assignments, and the label is one of them by chance; ``jitter`` prevents that.
* Rows are references, columns predictions. Absent rows and columns are marked; their distances are 0, except under
  ``padding="far"``, where absent directions lie far away and their distances are kept, as published.
* Examples are balanced by the number of pairs, min(references, predictions): each of 0 .. size equally often.
* Same recipe, count and seed: same matrices.

Contents
--------
Recipe      how examples are drawn; PUBLISHED is the reference's, with its defects
Matrices    distances, presence, assignment
generate    Recipe + count + seed -> Matrices
solve       distances + presence -> optimal assignment
margins     how much the second-best assignment costs more
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

RESOLUTIONS = (1, 2, 3, 4, 5, 10, 15, 20, 30)  # degrees
FAR = 10.0  # where published padding lies, in every coordinate


@dataclass(frozen=True)
class Recipe:
    """How examples are drawn.

    Attributes
    ----------
    size : int
        Most references and predictions, 1 to 20.
    resolutions : tuple of int
        Degrees; each equally often. Those with fewer elevations than ``size`` are left out, unless ``published``.
    distance : str
        ``"chord"`` (0 to 2) or ``"angle"`` (great circle, 0 to pi).
    padding : str
        ``"mask"``: absent rows and columns are marked only; ``"far"``: they are points at 10 or at random, as
        published.
    shuffle : str
        ``"both"`` axes; ``"one"`` of them, never both, as published; or ``"none"``.
    jitter : float
        Largest displacement of a direction from the grid, in its steps; 0 as published.
    """

    size: int = 2
    resolutions: tuple = RESOLUTIONS
    distance: str = "chord"
    padding: str = "mask"
    shuffle: str = "both"
    jitter: float = 0.01

    def __post_init__(self):
        if not 1 <= self.size <= 20:
            raise ValueError(f"expected a size of 1 to 20, got {self.size}")
        for name, allowed in (("distance", ("chord", "angle")), ("padding", ("mask", "far")),
                              ("shuffle", ("both", "one", "none"))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"expected {name} out of {', '.join(allowed)}, got {getattr(self, name)!r}")
        if not self.usable:
            raise ValueError(f"expected a resolution with at least {self.size} elevations, got {self.resolutions}")

    @property
    def usable(self):
        """The resolutions on whose grid so many distinct elevations exist."""
        return tuple(r for r in self.resolutions if 180 // r + 1 >= self.size)


PUBLISHED = Recipe(padding="far", shuffle="one", jitter=0.0)


class Matrices(NamedTuple):
    """Examples: distances ``(n, M, M)`` float32, presence ``(n, M)`` bool twice, assignment ``(n, M, M)`` bool."""

    distances: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    assignment: np.ndarray

    def take(self, indices):
        """Return some of the examples."""
        return Matrices(*(array[indices] for array in self))

    @property
    def count(self):
        """Number of examples."""
        return len(self.distances)


def generate(recipe, count, seed):
    """Draw examples.

    Parameters
    ----------
    recipe : Recipe
        How.
    count : int
        Examples; resolutions and numbers of pairs come as equally often as the count allows.
    seed : int
        Of everything random.

    Returns
    -------
    Matrices
        In random order.
    """
    random = np.random.default_rng([seed, recipe.size])
    order = random.permutation(count)
    resolution = np.array(recipe.usable)[order % len(recipe.usable)]
    pairs = order // len(recipe.usable) % (recipe.size + 1)
    rows, columns = _numbers(pairs, recipe.size, random)
    points = [np.zeros((count, recipe.size, 3)) for _ in range(2)]
    for degrees in recipe.usable:
        chosen = np.flatnonzero(resolution == degrees)
        for array in points:
            array[chosen] = _directions(len(chosen), recipe, degrees, random)
    present = [np.arange(recipe.size) < number[:, None] for number in (rows, columns)]  # (n, M) each
    if recipe.padding == "far":
        same = random.random(count) < 0.5
        for array, there in zip(points, present, strict=True):
            array[~there] = _far(np.broadcast_to(same[:, None], there.shape)[~there], random)
    distances = _distances(*points, recipe.distance)
    if recipe.padding == "mask":
        distances *= present[0][:, :, None] & present[1][:, None]
    return _shuffled(Matrices(distances, *present, solve(distances, *present)), recipe.shuffle, random)


def _numbers(pairs, size, random):
    """Return numbers of references and of predictions, the smaller being ``pairs``: each way equally often."""
    excess = random.integers(0, 2 * (size - pairs) + 1) - (size - pairs)  # below 0: more references
    return pairs + np.maximum(-excess, 0), pairs + np.maximum(excess, 0)


def _directions(count, recipe, degrees, random):
    """Return points ``(count, size, 3)`` of the unit sphere with distinct azimuths and elevations on a grid."""
    places = [_distinct(count, recipe.size, number, random) for number in (360 // degrees, 180 // degrees + 1)]
    if recipe.jitter:
        places = [place + random.uniform(-recipe.jitter, recipe.jitter, place.shape) for place in places]
    azimuth, elevation = np.radians(-180 + degrees * places[0]), np.radians(-90 + degrees * places[1])
    flat = np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=-1)


def _distinct(count, size, places, random):
    """Return ``(count, size)`` integers below ``places``, distinct within a row, in random order."""
    drawn = np.empty((count, size), dtype=np.int64)
    for k in range(size):
        value = random.integers(0, places - k, count)  # the value-th place that is still free
        for taken in np.sort(drawn[:, :k], axis=1).T:
            value += value >= taken
        drawn[:, k] = value
    return drawn


def _far(same, random):
    """Return the published padding: 10 in all coordinates where ``same``, else -100 to 100 but not -1 to 1."""
    points = random.uniform(-100.0, 100.0, (len(same), 3))
    points[(np.abs(points) < 1.0) | same[:, None]] = FAR
    return points


def _distances(one, other, kind):
    chord = np.sqrt(np.square(one[:, :, None] - other[:, None]).sum(-1))  # (n, M, M)
    return (chord if kind == "chord" else 2.0 * np.arcsin(np.minimum(0.5 * chord, 1.0))).astype(np.float32)


def _shuffled(matrices, shuffle, random):
    if shuffle == "none":
        return matrices
    count, size = matrices.rows.shape
    orders = [random.random((count, size)).argsort(1) for _ in range(2)]
    if shuffle == "one":
        first = random.random(count) < 0.5
        orders[0][~first], orders[1][first] = np.arange(size), np.arange(size)
    item, row, column = np.arange(count)[:, None, None], orders[0][:, :, None], orders[1][:, None]
    return Matrices(matrices.distances[item, row, column], np.take_along_axis(matrices.rows, orders[0], 1),
                    np.take_along_axis(matrices.columns, orders[1], 1), matrices.assignment[item, row, column])


def solve(distances, rows, columns):
    """Return the optimal assignments of some matrices.

    Parameters
    ----------
    distances : numpy.ndarray
        ``(n, R, C)``.
    rows, columns : numpy.ndarray
        ``(n, R)`` and ``(n, C)`` bool: which are present.

    Returns
    -------
    numpy.ndarray
        ``(n, R, C)`` bool.
    """
    answer = np.zeros(distances.shape, dtype=bool)
    for k, (matrix, row, column) in enumerate(zip(distances, rows, columns, strict=True)):
        if row.all() and column.all():
            answer[k][linear_sum_assignment(matrix)] = True
        elif row.any() and column.any():
            row, column = np.flatnonzero(row), np.flatnonzero(column)
            one, other = linear_sum_assignment(matrix[row[:, None], column])
            answer[k, row[one], column[other]] = True
    return answer


def margins(matrices):
    """Return what the second-best assignment costs more than the best, over the whole of each example.

    Parameters
    ----------
    matrices : Matrices
        Examples.

    Returns
    -------
    numpy.ndarray
        ``(n,)``, in the unit of distances; infinite where there is one assignment only.
    """
    answer = np.full(matrices.count, np.inf)
    for k, (matrix, row, column, best) in enumerate(zip(*matrices, strict=True)):
        row, column = np.flatnonzero(row), np.flatnonzero(column)
        matrix, best = matrix[row[:, None], column].astype(float), best[row[:, None], column]
        for place in zip(*np.nonzero(best), strict=True):  # the second-best lacks one pair of the best
            without = matrix.copy()
            without[place] = 1e6
            cost = without[linear_sum_assignment(without)].sum() - matrix[best].sum()
            answer[k] = min(answer[k], cost) if cost < 1e5 else answer[k]
    return answer
