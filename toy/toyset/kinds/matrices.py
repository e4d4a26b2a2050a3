"""Distance matrices whose optimal assignment is known without solving anything.

References are directions at least ``--apart`` degrees from each other; each prediction lies nearer to its own reference
than half of the smallest distance between references. Then every other assignment costs more: a pair that is
exchanged costs at least the distance of two references less one displacement, which is less than half of it.
Some references have no prediction, so that both sizes differ. Rows and columns are shuffled.

Writes ``distances.npy``, ``rows.npy``, ``columns.npy``, ``assignment.npy`` and ``info.json``.
"""

import hashlib
import json

import numpy as np

TRIES = 2000


def add_arguments(parser):
    """Add the options of this kind."""
    parser.add_argument("--count", type=int, default=500, metavar="N", help="matrices (default: %(default)s)")
    parser.add_argument("--size", type=int, default=5, metavar="M", help="rows and columns (default: %(default)s)")
    parser.add_argument("--apart", type=float, default=15.0, metavar="DEGREES",
                        help="smallest angle between references (default: %(default)s)")


def make(options):
    """Write the matrices; return what was written."""
    random = np.random.default_rng(options.seed)
    made = [_example(options.size, np.radians(options.apart), random) for _ in range(options.count)]
    arrays = dict(zip(("distances", "rows", "columns", "assignment"), map(np.stack, zip(*made, strict=True)),
                      strict=True))
    digest = hashlib.sha256()
    for name, array in arrays.items():
        np.save(options.out / f"{name}.npy", array)
        digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    about = {"kind": "matrices", "count": options.count, "seed": options.seed, "checksum": digest.hexdigest(),
             "recipe": {"size": options.size, "resolutions": [1], "distance": "chord", "padding": "mask",
                        "shuffle": "both", "jitter": 0.5}}
    (options.out / "info.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return f"{options.count} matrices of {options.size} x {options.size}"


def _example(size, apart, random):
    references = _directions(size, 2.0 * np.sin(apart / 2.0), random)
    between = np.linalg.norm(references[:, None] - references, axis=-1) + 9.0 * np.eye(size)
    reach = 0.49 * min(between.min(), 2.0)
    predictions = references + _sphere(size, random) * random.uniform(0.0, 0.5 * reach, (size, 1))
    predictions /= np.linalg.norm(predictions, axis=1, keepdims=True)  # back on the sphere: at most twice as far
    first, second = random.permutation(size), random.permutation(size)
    number = random.integers(0, size + 1)
    both = np.arange(size) < number  # a reference is present; a prediction only with its reference
    alone = np.arange(size) < random.integers(0, number + 1) if number else both
    rows, columns = (both, alone) if random.random() < 0.5 else (alone, both)
    distances = np.linalg.norm(references[:, None] - predictions, axis=-1) * (rows[:, None] & columns)
    truth = np.eye(size, dtype=bool) & rows[:, None] & columns
    return (distances[first][:, second].astype(np.float32), rows[first], columns[second], truth[first][:, second])


def _sphere(count, random):
    points = random.standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _directions(count, apart, random):
    """Return points ``(count, 3)`` of the sphere at least a chord ``apart``."""
    for _ in range(TRIES):
        points = _sphere(1, random)
        for candidate in _sphere(200 * count, random):
            if np.linalg.norm(points - candidate, axis=1).min() >= apart:
                points = np.vstack([points, candidate])
            if len(points) == count:
                return points
    raise SystemExit(f"matrices: --apart: expected {count} directions to fit, got a chord of {apart:.2f} between them")
