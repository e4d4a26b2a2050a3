"""The progressions of a ``chords.pt`` as a script for browsers.

Contents
--------
progressions   model -> dict that JSON can hold: a grid of points and their chords
write_page     the same as ``progressions.js``, which a page reads without a server
"""

import base64
import itertools
import json
from pathlib import Path

import torch

from latentsampler.chapters.chords.alphabet import QUALITIES, TABLE, WRITTEN

LIMIT, POINTS = 2.4, 7  # deviations; per axis


def progressions(model):
    """Return the chords of a grid of the four latent controls, at the tonic C.

    Parameters
    ----------
    model : torch.nn.Module
        A loaded ``chords.pt``.

    Returns
    -------
    dict
        limit, points (per axis); symbols: base64 of ``points^4 * 16`` bytes, the first control slowest; written and
        pitch_classes of the 14 qualities.
    """
    line = torch.linspace(-LIMIT, LIMIT, POINTS).tolist()
    controls = torch.tensor(list(itertools.product(line, repeat=4)))  # (points^4, 4)
    with torch.no_grad():
        symbols = torch.cat([model.symbols(part) for part in controls.split(512)])
    return {"limit": LIMIT, "points": POINTS, "symbols": base64.b64encode(bytes(symbols.flatten().tolist())).decode(),
            "written": list(WRITTEN),
            "pitch_classes": [[int(i) for i in TABLE[q]["pitch_classes"].split()] for q in QUALITIES]}


def write_page(model, path):
    """Write ``progressions.js``."""
    Path(path).write_text(f"window.chordProgressions = {json.dumps(progressions(model))};\n", encoding="utf-8")
