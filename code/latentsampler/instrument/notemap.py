"""Where the notes of a dataset lie in the two planes that a patch draws: ``<name>.map.txt`` beside a model.

One line a note: ``x1 y1 x2 y2 colour``, coordinates in the controls' units, colour a Pure Data data-structure
colour (three digits 0..9 for red, green, blue), one per instrument.

Contents
--------
write_map   model.pt + notes -> file
read_map    file -> points and colours
colours     names -> Pd colours
"""

import colorsys
from pathlib import Path

import numpy as np
import torch

from latentsampler.export import load_scripted
from latentsampler.instrument.generative import coordinates


def colours(names):
    """Return a Pd colour (int 0..999) for each of some distinct names: hues evenly apart, mid lightness."""
    hues = [colorsys.hls_to_rgb(i / len(names), 0.45, 0.7) for i in range(len(names))]
    return {name: sum(round(9 * part) * scale for part, scale in zip(rgb, (100, 10, 1), strict=True))
            for name, rgb in zip(names, hues, strict=True)}


def write_map(model_path, dataset, generative_path, reduce=None):
    """Write the map of a dataset's notes for the patch.

    Parameters
    ----------
    model_path : str or pathlib.Path
        ``model.pt``, which encodes the notes.
    dataset : NoteDataset
        The notes.
    generative_path : pathlib.Path
        The file beside which the map is written.
    reduce : int, optional
        As for ``assemble``.

    Returns
    -------
    pathlib.Path
        The map.

    Raises
    ------
    ValueError
        If there are fewer than four latent controls.
    """
    model, about = load_scripted(model_path)
    origin, directions, ranges = coordinates(about, reduce)
    if len(ranges) < 4:
        raise ValueError(f"expected at least 4 latent controls for a map of two planes, got {len(ranges)}")
    with torch.inference_mode():
        codes = torch.cat([model.encode(torch.from_numpy(np.array(dataset.mels[part])))
                           for part in np.array_split(np.arange(len(dataset)), 1 + len(dataset) // 64)])  # (N, L)
    points = (codes - origin) @ torch.linalg.pinv(directions)  # (N, K - 1)
    names = dataset.column("Instrument (abbr.)")
    colour = colours(sorted(set(names)))
    path = generative_path.with_suffix(".map.txt")
    lines = (" ".join(f"{x:.4f}" for x in point[:4].tolist()) + f" {colour[name]};"
             for point, name in zip(points, names, strict=True))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_map(path):
    """Read a map of notes.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.map.txt``.

    Returns
    -------
    numpy.ndarray
        ``(n, 4)`` coordinates in the controls' units.
    list of str
        Colours as in the file, leading zeros absent.
    """
    rows = [line.rstrip(";").split() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return np.array([row[:4] for row in rows], dtype=float), [row[4] for row in rows]
