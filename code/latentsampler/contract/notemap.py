"""Where notes lie in the two planes that a patch draws: ``<name>.map.txt`` beside a model.

One line a note: ``x1 y1 x2 y2 colour;``, coordinates in the controls' units, colour a Pure Data data-structure
colour (three digits 0..9 for red, green, blue), one per instrument.

Contents
--------
write    points and names -> file
read     file -> points and colours
colours  names -> Pd colours
"""

import colorsys
from pathlib import Path

import numpy as np


def write(path, points, names):
    """Write a map of notes.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    points : array_like
        ``(n, 4)`` or more columns, in the controls' units; the first four are written, to 1e-4.
    names : sequence of str
        ``n``, of their instruments.

    Returns
    -------
    pathlib.Path
        The file.
    """
    colour = colours(sorted(set(names)))
    lines = (" ".join(f"{x:.4f}" for x in point[:4]) + f" {colour[name]};"
             for point, name in zip(np.asarray(points).tolist(), names, strict=True))
    path = Path(path)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path):
    """Return a map of notes as ``(n, 5)``: coordinates, and colours as numbers 0..999."""
    with open(path, encoding="utf-8") as file:
        return np.loadtxt((line.rstrip(";\n") for line in file), ndmin=2)


def colours(names):
    """Return a Pd colour (int 0..999) for each of some distinct names: hues evenly apart, mid lightness."""
    hues = [colorsys.hls_to_rgb(i / len(names), 0.45, 0.7) for i in range(len(names))]
    return {name: sum(round(9 * part) * scale for part, scale in zip(rgb, (100, 10, 1), strict=True))
            for name, rgb in zip(names, hues, strict=True)}
