"""Where matrices come from: drawn by a recipe, or a folder.

Conventions
-----------
* ``generated:size=10,seed=5,count=4000`` is a source without a folder; further fields are those of ``Recipe``
  (``distance=angle``, ``resolutions=10``, ...); ``recipe=published`` begins from the published one.
* A folder holds ``distances.npy``, ``rows.npy``, ``columns.npy``, ``assignment.npy`` as ``generate`` gives them, and
  ``info.json`` with recipe, seed, count and checksum.

Contents
--------
Source      matrices with a checksum
open_data   folder or specification -> Source
build       specification -> folder
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from latentsampler.chapters.assignment.generate import PUBLISHED, Matrices, Recipe, generate

PREFIX = "generated:"
COUNT = 4000


class Source:
    """Matrices, drawn when they are asked for or read from a folder.

    Parameters
    ----------
    recipe : Recipe
        How they are drawn.
    count, seed : int
        How many, and of which draw.
    folder : pathlib.Path, optional
        Where they lie.
    """

    def __init__(self, recipe, count=COUNT, seed=0, folder=None):
        self.recipe, self.count, self.seed, self.folder = recipe, count, seed, folder

    @cached_property
    def matrices(self):
        """The examples."""
        if self.folder is None:
            return generate(self.recipe, self.count, self.seed)
        return Matrices(*(np.load(self.folder / f"{name}.npy") for name in Matrices._fields))

    @cached_property
    def checksum(self):
        """Identity of the examples: SHA-256 over their bytes."""
        return _checksum(self.matrices)

    @property
    def published(self):
        """Whether absent directions lie far away, as the published network expects them."""
        return self.recipe.padding == "far"

    def at(self, size):
        """Return examples of another size: drawn anew, or those of the folder, which has one size."""
        if not size or size == self.recipe.size:
            return self
        if self.folder is not None:
            raise ValueError(f"expected the size of {self.folder}, {self.recipe.size}, got {size}")
        return Source(replace(self.recipe, size=size), self.count, self.seed)


def open_data(path):
    """Open a folder or a specification.

    Parameters
    ----------
    path : str or pathlib.Path
        Folder made by ``main.py assignment build``, or ``generated:...``.

    Returns
    -------
    Source
        With ``checksum``.

    Raises
    ------
    ValueError
        If a field of the specification is unknown.
    FileNotFoundError
        If there is no such folder.
    """
    if str(path).startswith(PREFIX):
        return _specified(str(path).removeprefix(PREFIX))
    folder = Path(path)
    if not (folder / "info.json").is_file():
        raise FileNotFoundError(f"expected a folder of `assignment build` or generated:size=N,seed=S, got {path}")
    about = json.loads((folder / "info.json").read_text(encoding="utf-8"))
    recipe = Recipe(**{**about["recipe"], "resolutions": tuple(about["recipe"]["resolutions"])})
    source = Source(recipe, about["count"], about["seed"], folder)
    if source.checksum != about["checksum"]:
        raise ValueError(f"expected arrays with checksum {about['checksum']} in {folder}, got {source.checksum}")
    return source


def _specified(text):
    fields = dict(part.split("=", 1) for part in text.split(",") if part)
    recipe = PUBLISHED if fields.pop("recipe", "own") == "published" else Recipe()
    count, seed = int(fields.pop("count", COUNT)), int(fields.pop("seed", 0))
    kinds = {"size": int, "jitter": float, "distance": str, "padding": str, "shuffle": str,
             "resolutions": lambda value: tuple(int(part) for part in value.split("+"))}
    if unknown := set(fields) - set(kinds):
        raise ValueError(f"expected count, seed, recipe, {', '.join(kinds)}; got {', '.join(sorted(unknown))}")
    return Source(replace(recipe, **{name: kinds[name](value) for name, value in fields.items()}), count, seed)


def build(spec, out):
    """Write a folder of matrices.

    Parameters
    ----------
    spec : str
        As for :func:`open_data`.
    out : str or pathlib.Path
        The folder; it must not be there.

    Returns
    -------
    pathlib.Path
        ``out``.

    Raises
    ------
    FileExistsError
        If the folder is there.
    """
    source, out = open_data(spec), Path(out)
    if out.exists():
        raise FileExistsError(f"expected no folder at {out}; remove it first")
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, array in source.matrices._asdict().items():
        np.save(partial / f"{name}.npy", array)
    about = {"kind": "matrices", "count": source.count, "seed": source.seed, "recipe": asdict(source.recipe),
             "checksum": source.checksum}
    (partial / "info.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, out)
    return out


def _checksum(matrices):
    digest = hashlib.sha256()
    for array in matrices:
        digest.update(f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
