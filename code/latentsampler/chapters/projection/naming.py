"""What the axes that nobody named do: a ``generative.pt``'s controls, principal and most-varying directions in words.

Contents
--------
describe_controls   plays random points, measures them -> a few words for each control and direction
write_descriptions  the same, written into the file's metadata
words               slopes in deviations -> "harder, brighter"
"""

from pathlib import Path

import numpy as np
import torch

from latentsampler.attributes.descriptors import ATTRIBUTES, describe
from latentsampler.chapters.projection.directions import most_varying, principal, read_points
from latentsampler.contract.export import load_scripted, write_scripted

MORE = {"depth": "deeper", "brightness": "brighter", "hardness": "harder", "roughness": "rougher",
        "warmth": "warmer", "sharpness": "sharper", "booming": "more booming"}
LESS = {"depth": "less deep", "brightness": "darker", "hardness": "softer", "roughness": "smoother",
        "warmth": "colder", "sharpness": "duller", "booming": "less booming"}
ENOUGH = 0.15  # of the variance of an attribute, explained by one axis, for it to be named after it
MOST = 2  # words


def describe_controls(module, metadata, n=300, seed=0, directions=()):
    """Return what turning each control of a model up does, but the last one's, the pitch; and each direction.

    Parameters
    ----------
    module : torch.nn.Module
        A loaded ``generative.pt``.
    metadata : dict
        Its own.
    n, seed : int
        Random points to play, uniform in the controls' ranges, at a few keys; and their seed.
    directions : sequence of Direction
        What else to describe.

    Returns
    -------
    list of dict
        For each control but the last, then for each direction: name, words, and r2, the signed share of each
        attribute's variance over the points that it explains alone (the square of its correlation, the key's mean
        taken out).
    """
    controls = metadata["controls"]
    low, high = (np.array([control[key] for control in controls]) for key in ("min", "max"))
    rng = np.random.default_rng(seed)
    points = rng.uniform(low, high, (n, len(controls)))
    keys = np.round(np.clip([45, 52, 60, 67], low[-1], high[-1]))
    points[:, -1] = keys[np.arange(n) % len(keys)]
    heard = _heard(module, torch.tensor(points, dtype=torch.float32), metadata["sample_rate"])  # (n, 7)
    kept = np.isfinite(heard).all(axis=1)
    points, heard = points[kept], heard[kept]
    heard = heard - np.stack([heard[points[:, -1] == key].mean(axis=0) for key in points[:, -1]])
    along = np.concatenate([points[:, :-1], *(points[:, :-1] @ d.vector[:, None] for d in directions)], axis=1)
    along = (along - along.mean(axis=0)) / along.std(axis=0)
    correlations = along.T @ heard / len(heard) / np.maximum(heard.std(axis=0), 1e-9)  # (K, 7); 0 of what stays
    names = [*(control["name"] for control in controls[:-1]), *(direction.name for direction in directions)]
    return [_described(name, own) for name, own in zip(names, correlations, strict=True)]


def _heard(module, points, sample_rate):
    parts = []
    with torch.inference_mode():
        for part in points.split(16):
            parts.append(np.stack(list(describe(module(part).numpy(), sample_rate).values()), axis=1))
    return np.concatenate(parts)


def _described(name, correlations):
    signed = {attribute.__name__: np.sign(r) * r ** 2 for attribute, r in zip(ATTRIBUTES, correlations, strict=True)}
    return {"name": name, "words": words(signed), "r2": {key: round(float(value), 3) for key, value in signed.items()}}


def words(signed):
    """Return what an axis does in words, the strongest first.

    Parameters
    ----------
    signed : dict
        Name of an attribute -> share of its variance, negative where the axis lowers it.

    Returns
    -------
    str
        Such as "harder, brighter"; "mixed" where no attribute follows the axis enough.
    """
    strongest = sorted(signed, key=lambda name: -abs(signed[name]))[:MOST]
    named = [(MORE if signed[name] > 0 else LESS)[name] for name in strongest if abs(signed[name]) >= ENOUGH]
    return ", ".join(named) or "mixed"


def write_descriptions(path, n=300, seed=0):
    """Describe the controls and directions of a ``generative.pt`` and write the words into its metadata.

    Parameters
    ----------
    path : str or pathlib.Path
        The file; rewritten with ``controls[k]["description"]`` and ``directions`` (a list of name, vector, share and
        description) added, and nothing else changed. Principal directions are those of the notes in the map beside
        it, where there is one.
    n, seed : int
        As for :func:`describe_controls`.

    Returns
    -------
    list of dict
        From :func:`describe_controls`.
    """
    module, metadata = load_scripted(path, ("sample_rate", "controls"))
    size = len(metadata["controls"]) - 1
    notes = read_points(Path(path), size)
    directions = [*([] if notes is None else principal(notes)), *most_varying(module, metadata, seed=seed)]
    described = describe_controls(module, metadata, n, seed, directions)
    for control, found in zip(metadata["controls"], described, strict=False):
        control["description"] = found["words"]
    metadata["directions"] = [{"name": direction.name, "vector": direction.vector.round(4).tolist(),
                               "share": round(direction.share, 4), "description": found["words"]}
                              for direction, found in zip(directions, described[size:], strict=True)]
    write_scripted(module, path, metadata)
    return described
