"""``rhythm.pt`` and ``drums.pt`` -> one script for the book's page: the decoder's weights and nine hits.

The page computes patterns itself (``book/web/rhythm/pattern.js``), so it works offline and from a disk. Weights are
half precision; hits are 16 bit at 22,050 Hz, 0.75 s.

Contents
--------
write     files -> script
layers    frozen module -> the decoder's layers in order
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch

from latentsampler.chapters.rhythm.constraint import GAIN, PRICE, ROUNDS, TOLERANCE
from latentsampler.chapters.rhythm.model import N_KNOBS
from latentsampler.contract.events import load_events
from latentsampler.contract.export import load_scripted

SECONDS, RATE = 0.75, 22_050
SHAPE = ("linear", "layer_norm", "linear", "linear", "linear")  # of a decoder with one residual block


def write(rhythm, drums, out):
    """Write the script.

    Parameters
    ----------
    rhythm, drums, out : str or pathlib.Path
        ``rhythm.pt``, ``drums.pt``, and the file to write.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        If the decoder is not of the shape that the page computes.
    """
    model, about = load_events(rhythm)
    sounds, of_drums = load_scripted(drums, ("points", "sample_rate"))
    found = layers(model)
    if tuple(kind for kind, _, _ in found) != SHAPE:
        raise ValueError(f"expected a decoder of {', '.join(SHAPE)}; got {', '.join(kind for kind, _, _ in found)}")
    n_latent = len(about["controls"]) - N_KNOBS
    settings = torch.linspace(0.0, 1.0, 101)[:, None].expand(-1, N_KNOBS)
    with torch.inference_mode():
        origin = model.point(torch.zeros(1, n_latent + N_KNOBS))[0, N_KNOBS:]
        unit = torch.cat([torch.eye(n_latent), torch.zeros(n_latent, N_KNOBS)], 1)
        directions = model.point(unit)[:, N_KNOBS:] - origin
        quantiles = model.turn(torch.zeros(101, about["latent_dim"]), settings)[:, :N_KNOBS]
        hits = {name: _hit(sounds(torch.tensor([point]))[0].numpy(), of_drums["sample_rate"])
                for name, point in of_drums["points"].items()}
    content = {
        "controls": about["controls"], "voices": about["voices"], "beats": about["beats"], "rate": RATE,
        "means": about["means"], "deviations": about["deviations"], "origin": origin.tolist(),
        "directions": directions.tolist(), "quantiles": quantiles.tolist(),
        "constraint": {"rounds": ROUNDS, "gain": GAIN, "price": PRICE, "tolerance": TOLERANCE},
        "layers": [{"kind": kind, "shape": list(weight.shape), "weight": _half(weight), "bias": _half(bias)}
                   for kind, weight, bias in found], "hits": hits}
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(f"window.rhythmModel = {json.dumps(content)};\n", encoding="utf-8")
    return out


def layers(model):
    """Return (kind, weight, bias) of the decoder's layers, in order, from the graph of ``cells``."""
    found = []
    for node in model.cells.graph.nodes():
        kind = node.kind().removeprefix("aten::")
        if kind in ("linear", "layer_norm"):
            weight, bias = list(node.inputs())[-2:] if kind == "linear" else list(node.inputs())[2:4]
            found.append((kind, weight.toIValue().detach(), bias.toIValue().detach()))
    return found


def _half(tensor):
    return base64.b64encode(tensor.numpy().astype("<f2").tobytes()).decode()


def _hit(samples, rate):
    """Return a hit at half its rate as 16-bit numbers in base64, its end faded."""
    from scipy.signal import resample_poly

    short = resample_poly(samples, RATE, rate)[:round(SECONDS * RATE)]
    short[-1000:] *= np.linspace(1.0, 0.0, 1000)
    peak = max(1.0, float(np.abs(short).max()))
    return base64.b64encode(np.round(short / peak * 32_767).astype("<i2").tobytes()).decode()
