"""A recorded graph without complex numbers: Fourier transforms as matrix products of real and imaginary parts.

ONNX in a browser has neither complex numbers nor Fourier transforms. A complex tensor ``(..., F)`` becomes a real one
``(..., F, 2)``. Cosines are even about the middle sample, sines odd; about the quarter, those of even bins and of odd
bins mirror differently. Both halve the work.

Contents
--------
real_arithmetic   graph -> the same graph, real
forward           samples -> spectrum
inverse           spectrum -> samples
tables            what both need
"""

import math

import torch
from torch.nn import functional

ATEN = torch.ops.aten
NAMES = ("cosine_even", "cosine_odd", "sine_even", "sine_odd")


def real_arithmetic(graph):
    """Replace what works on complex numbers.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As ``make_fx`` records it; changed in place.

    Raises
    ------
    ValueError
        If it does with complex numbers what is not written here.
    """
    for node in list(graph.graph.nodes):
        value = node.meta.get("val")
        tensors = [other.meta.get("val") for other in node.all_input_nodes]
        if not any(torch.is_tensor(tensor) and tensor.is_complex() for tensor in [value, *tensors]):
            continue
        if node.target in (ATEN.view_as_complex.default, ATEN.view_as_real.default):
            node.target = _same
        elif node.target is ATEN.complex.default:
            node.target = _pair
        elif node.target is ATEN.mul.Tensor and sorted(tensor.is_complex() for tensor in tensors) == [False, True]:
            node.target = _scaled
            node.args = node.args if tensors[0].is_complex() else node.args[::-1]
        elif node.target is ATEN._fft_r2c.default and node.args[1:] == ([value.ndim - 1], 0, True):
            node.target, node.args = forward, (node.args[0], *_held(graph, node, tensors[0].shape[-1]))
        elif node.target is ATEN._fft_c2r.default and node.args[1:] == ([value.ndim - 1], 2, value.shape[-1]):
            node.target, node.args = inverse, (node.args[0], *_held(graph, node, value.shape[-1]))
        else:
            raise ValueError("expected of complex numbers only transforms of the last axis, parts, and products with "
                             f"real ones, got {node.target} {node.args[1:]}")


def forward(samples, cosine_even, cosine_odd, sine_even, sine_odd):
    """Return the Fourier transform ``(..., 1 + n / 2, 2)`` of samples ``(..., n)``, as torch.fft.rfft."""
    half = samples.shape[-1] // 2
    quarter = half // 2
    begin, end = samples[..., :half + 1], functional.pad(samples[..., half + 1:].flip(-1), [1, 1])
    even, odd = begin + end, begin - end
    low, high = even[..., :quarter + 1], even[..., quarter:].flip(-1)
    real = _interleave((low + high) @ cosine_even, (low - high) @ cosine_odd)
    low, high = odd[..., :quarter + 1], odd[..., quarter:].flip(-1)
    return torch.stack([real, -_interleave((low - high) @ sine_even, (low + high) @ sine_odd)], dim=-1)


def inverse(spectrum, cosine_even, cosine_odd, sine_even, sine_odd):
    """Return the samples ``(..., n)`` of a spectrum ``(..., 1 + n / 2, 2)``, as torch.fft.irfft."""
    real, imaginary = spectrum[..., 0], spectrum[..., 1]
    edge = torch.ones_like(real[..., :1])
    twice = torch.cat([edge, 2.0 * torch.ones_like(real[..., 1:-1]), edge], dim=-1) / (2 * (real.shape[-1] - 1))
    real, imaginary = real * twice, imaginary * twice  # both halves of a spectrum, but DC and Nyquist stand once
    even, odd = real[..., ::2] @ cosine_even.t(), real[..., 1::2] @ cosine_odd.t()
    cosine = torch.cat([(even + odd)[..., :-1], 2.0 * even[..., -1:], (even - odd)[..., :-1].flip(-1)], dim=-1)
    even, odd = imaginary[..., ::2] @ sine_even.t(), imaginary[..., 1::2] @ sine_odd.t()
    sine = torch.cat([(even + odd)[..., :-1], 2.0 * odd[..., -1:], (odd - even)[..., :-1].flip(-1)], dim=-1)
    return torch.cat([cosine - sine, (cosine + sine)[..., 1:-1].flip(-1)], dim=-1)


def tables(n):
    """Return cosines of even and odd bins, and sines, of the first quarter's samples.

    Parameters
    ----------
    n : int
        Samples of a transform, a multiple of four.

    Returns
    -------
    list of torch.Tensor
        Four, ``(n / 4 + 1, bins)``.

    Raises
    ------
    ValueError
        If ``n`` is no such multiple.
    """
    if n % 4:
        raise ValueError(f"expected a Fourier transform of a multiple of four samples, got {n}")
    samples = torch.arange(n // 4 + 1)
    weight = torch.ones(len(samples), 1, dtype=torch.float64)
    weight[-1] = 0.5  # the quarter is its own mirror image
    return [(torch.cos(2.0 * math.pi * (torch.remainder(samples[:, None] * bins, n).double() / n - turn)) * weight)
            .float().contiguous() for turn in (0.0, 0.25)
            for bins in (torch.arange(0, n // 2 + 1, 2), torch.arange(1, n // 2, 2))]


def _held(graph, node, n):
    """Return nodes that read the tables of ``n`` samples, which the graph holds once."""
    names = [f"{name}_{n}" for name in NAMES]
    if not hasattr(graph, names[0]):
        for name, table in zip(names, tables(n), strict=True):
            graph.register_buffer(name, table)
    with graph.graph.inserting_before(node):
        return [graph.graph.get_attr(name) for name in names]


def _same(tensor):
    return tensor


def _pair(real, imaginary):
    return torch.stack([real, imaginary], dim=-1)


def _scaled(spectrum, factor):
    return spectrum * factor[..., None]


def _interleave(even, odd):
    """Return bins 0, 1, 2, ... of even ``(..., n + 1)`` and odd ``(..., n)`` ones."""
    pairs = torch.stack([even[..., :-1], odd], dim=-1).flatten(-2)
    return torch.cat([pairs, even[..., -1:]], dim=-1)
