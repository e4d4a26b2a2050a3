"""TorchScript by the contract of ``generative.pt`` -> ONNX.

Any such file is converted, whatever is inside: its operations are recorded while it plays one note, so that no
Python source is needed and TorchScript's unknown shapes do not matter. Control flow that depends on a value cannot be
recorded, and is refused; :func:`convert` compares other notes to make sure that the recording holds for them.

Contents
--------
convert      generative.pt -> model.onnx, model.json
record       ScriptModule -> graph of plain tensor operations
difference   how far the two are apart, over points drawn from the controls' ranges
write_map    the patch's map of notes -> JSON
embed        files of a folder -> one script that holds them, for pages opened without a server
"""

import base64
import contextlib
import io
import json
import math
import os
import warnings
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from latentsampler.contract import notemap
from latentsampler.contract.export import load_scripted
from latentsampler.products.web.fourier import real_arithmetic

OPSET = 17
TOLERANCE = 1e-4  # of a note's root mean square difference
LARGEST = 1e-3  # of a sample's
KEYS = ("sample_rate", "n_samples", "controls")


def convert(generative, folder, points=8):
    """Write a ``generative.pt`` as ``model.onnx`` with ``model.json``, its metadata, and compare the two.

    Parameters
    ----------
    generative : str or pathlib.Path
        The TorchScript file.
    folder : str or pathlib.Path
        Where to write; made if it is not there.
    points : int
        Random points at which the two are compared.

    Returns
    -------
    tuple of float
        The largest root mean square difference of a note, and the largest difference of a sample.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file breaks the contract, cannot be recorded, ONNX lacks one of its operations, or a note differs
        by more than 1e-4 (root mean square) or a sample by more than 1e-3.
    """
    module, metadata = load_scripted(generative, KEYS)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    defaults = torch.tensor([[control["default"] for control in metadata["controls"]]])
    with torch.no_grad():
        module(defaults)  # what a module makes at its first call is no part of a recording
    graph = record(module, defaults)
    model = _to_onnx(graph, torch.zeros(1, len(metadata["controls"])))
    note, sample = difference(module, model, metadata, points)
    if not (note <= TOLERANCE and sample <= LARGEST):  # NaN fails, too
        raise ValueError(f"expected ONNX within {TOLERANCE} of {generative} (a sample within {LARGEST}), "
                         f"got {note:.2g} and {sample:.2g}")
    for name, content in (("model.onnx", model), ("model.json", json.dumps(metadata, indent=1).encode())):
        partial = folder / f"{name}.partial"
        partial.write_bytes(content)
        os.replace(partial, folder / name)
    return note, sample


def record(module, controls):
    """Return the operations of a ScriptModule on ``(1, K)`` controls as a ``torch.fx.GraphModule``."""
    from torch.fx.experimental.proxy_tensor import make_fx

    try:
        with torch.no_grad(), torch.jit.optimized_execution(False):
            graph = make_fx(lambda inputs: module(inputs))(controls)
    except RuntimeError as error:
        raise ValueError("expected a model whose computation does not depend on the values of its controls, got one "
                         f"that cannot be recorded: {str(error).strip().splitlines()[-1]}") from error
    real_arithmetic(graph)
    for node in graph.graph.nodes:
        if node.op == "call_function" and node.target in _WRITABLE:
            node.target, keep = _WRITABLE[node.target]
            node.kwargs = {name: value for name, value in node.kwargs.items() if name in keep}
    graph.graph.eliminate_dead_code()  # the statistics that the normalisations return besides
    graph.recompile()
    return graph


def difference(module, model, metadata, points, seed=0):
    """Return how far a module and its ONNX are apart.

    Parameters
    ----------
    module : torch.nn.Module
        Controls ``(1, K)`` -> waveform ``(1, n_samples)``.
    model : bytes
        The same as ONNX.
    metadata : dict
        Of the ``generative.pt``: the ranges of its controls.
    points : int
        How many points to compare.
    seed : int
        Of their choice.

    Returns
    -------
    tuple of float
        The largest root mean square difference of a note, and the largest difference of a sample.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    low, high = (np.array([control[key] for control in metadata["controls"]]) for key in ("min", "max"))
    drawn = np.random.default_rng(seed).uniform(low, high, (points, len(low))).astype(np.float32)  # (points, K)
    worst = np.zeros(2)
    with torch.inference_mode():
        for point in drawn:
            ours = session.run(None, {"controls": point[None]})[0]  # (1, n_samples)
            apart = ours - module(torch.from_numpy(point[None])).numpy()
            worst = np.maximum(worst, [np.sqrt(np.mean(apart ** 2)), np.abs(apart).max()])
    return float(worst[0]), float(worst[1])


def write_map(path, out):
    """Write the patch's map of notes as JSON: a list of ``[x1, y1, x2, y2, "#rgb"]``, colours no longer Pd's."""
    notes = []
    for *point, colour in notemap.read(path).tolist():
        rgb = (round(int(digit) * 15 / 9) for digit in f"{int(colour):03d}")  # 0..9 each
        notes.append([*point, "#" + "".join(f"{part:x}" for part in rgb)])
    Path(out).write_text(json.dumps(notes), encoding="utf-8")


def embed(folder, out):
    """Write all files of a folder into one script: a page opened from a disk may run scripts, but not read files."""
    files = {path.name: base64.b64encode(path.read_bytes()).decode() for path in sorted(Path(folder).iterdir())
             if path != Path(out)}
    Path(out).write_text(f"window.embeddedFiles = {json.dumps(files)};\n", encoding="utf-8")


def _cast(tensor, dtype):
    return tensor.to(dtype)


def _same(tensor):
    return tensor


def _exp(tensor):
    # onnxruntime's own is wrong in the last digit; as a frequency, a second later that is a phase gone astray
    return torch.exp(tensor.double()).to(tensor.dtype)


def _exp2(tensor):
    return _exp(tensor * math.log(2.0))


def _sinc(tensor):
    angle = math.pi * torch.where(tensor == 0.0, torch.ones_like(tensor), tensor)
    return torch.where(tensor == 0.0, torch.ones_like(tensor), torch.sin(angle) / angle)


def _group_norm(x, weight, bias, _n, _channels, _rest, groups, eps):
    return (functional.group_norm(x, groups, weight, bias, eps),)


def _layer_norm(x, shape, weight, bias, eps):
    return (functional.layer_norm(x, shape, weight, bias, eps),)


# operations that a recording contains and ONNX does not know -> what they do, and which of their options it needs
_WRITABLE = {
    torch.ops.aten._to_copy.default: (_cast, ("dtype",)),
    torch.ops.aten._unsafe_view.default: (torch.reshape, ()),
    torch.ops.aten.view.default: (torch.reshape, ()),
    torch.ops.aten.clone.default: (_same, ()),
    torch.ops.aten.detach.default: (_same, ()),
    torch.ops.aten.exp.default: (_exp, ()),
    torch.ops.aten.exp2.default: (_exp2, ()),
    torch.ops.aten.sinc.default: (_sinc, ()),
    torch.ops.aten.native_group_norm.default: (_group_norm, ()),
    torch.ops.aten.native_layer_norm.default: (_layer_norm, ()),
}


def _to_onnx(graph, controls):
    file = io.BytesIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")  # the exporter announces its own retirement, and prints the whole graph
            torch.onnx.export(graph, (controls,), file, input_names=["controls"], output_names=["waveform"],
                              dynamo=False, opset_version=OPSET)
    except torch.onnx.errors.OnnxExporterError as error:
        raise ValueError(f"expected operations that ONNX knows; {str(error).splitlines()[0]}") from error
    return file.getvalue()
