"""How far two right float32 computations of the same thing may lie apart: measured, not chosen.

Another processor, number of threads or graph optimiser orders and fuses the same operations differently. Each result
then moves by about a unit roundoff, and what follows may amplify that: Griffin-Lim iterations do. Monte Carlo
arithmetic (Parker, UCLA CSD-970002, 1997) measures the amplification: compute again with every rounded result
multiplied by 1 + u r, r uniform in -1..1, and see how far the end moves.

A sum of n terms rounds n times: as a random walk its error is sqrt(n / 6) u times the root of its terms' squares, in
the worst order (Higham and Mary, SIAM J. Sci. Comput. 2019). So the factors of a dot product are moved by sqrt(n) u
instead, which makes twice that. Two computations may err in opposite directions: hence ``MARGIN``.

Contents
--------
UNIT     unit roundoff of float32: half of the gap between 1 and the next number
Shaken   context in which every rounded result is moved by about one unit roundoff
spread   largest difference that this makes to what a function returns
bound    what a test allows between two computations: ``MARGIN`` times the spread
"""

import math

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

UNIT = 2.0 ** -24
MARGIN = 2.0
# what moves, selects or counts numbers rounds nothing, and `floor` of a shaken whole number would be another number
ROUNDING = frozenset("""add addcdiv addcmul cos div erf exp expm1 gelu group_norm layer_norm lerp log log10 log1p log2
    logsumexp mul norm pow prod reciprocal rsqrt rsub sigmoid silu sin sinc softmax softplus sqrt square std sub tanh
    var""".split())
SUMS = {  # operation -> number of terms in each sum, from its arguments and its result
    **dict.fromkeys(("matmul", "mm", "bmm", "linear"), lambda args, result: args[0].shape[-1]),
    **dict.fromkeys(("mv", "dot"), lambda args, result: args[1].shape[0]),
    **dict.fromkeys(("addmm", "baddbmm"), lambda args, result: args[1].shape[-1]),
    **dict.fromkeys(("conv1d", "conv2d", "convolution"), lambda args, result: args[1][0].numel()),
    **dict.fromkeys(("conv_transpose1d",), lambda args, result: args[1][:, 0].numel()),
    **dict.fromkeys(("sum", "mean", "cumsum"), lambda args, result: max(1, args[0].numel() // max(1, result.numel()))),
    **dict.fromkeys(("fft_rfft", "fft_irfft", "fft_fft", "fft_ifft"),  # a tree of sums of two
                    lambda args, result: math.log2(max(args[0].shape[-1], result.shape[-1]))),
}


class Shaken(TorchDispatchMode):
    """Move every rounded float32 result by ``UNIT`` r of itself, r uniform in -1..1; TorchScript is shaken, too.

    Parameters
    ----------
    seed : int
        Of r.
    """

    def __init__(self, seed):
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Call an operation and shake what it returns, or what it sums up."""
        name, kwargs = function.__name__.split(".")[0], kwargs or {}
        result = function(*args, **kwargs)
        if name in SUMS:
            size = math.sqrt(SUMS[name](args, result))
            return function(*tree_map(lambda value: self.shake(value, size), args), **kwargs)
        return tree_map(self.shake, result) if name in ROUNDING else result

    def shake(self, value, size=1.0):
        """Return a tensor of float32 or complex64 moved by ``size`` unit roundoffs at most, anything else as it is."""
        if not isinstance(value, torch.Tensor) or value.dtype not in (torch.float32, torch.complex64):
            return value
        return value * (1.0 + size * UNIT * (2.0 * torch.rand(value.shape, generator=self.generator) - 1.0))


def spread(function, draws=3):
    """Return how far rounding moves what a function computes.

    Parameters
    ----------
    function : callable
        No arguments -> tensor or array; it computes by PyTorch, in Python or TorchScript. It is called once before,
        so that what is made at the first call is not shaken.
    draws : int
        How often it is shaken.

    Returns
    -------
    float
        Largest absolute difference to what it returns unshaken.
    """
    exact = torch.as_tensor(function())
    found = []
    for seed in range(draws):
        with torch.no_grad(), Shaken(seed):
            found.append(float((torch.as_tensor(function()) - exact).abs().max()))
    return max(found)


def bound(function, draws=3):
    """Return what two computations of ``function`` may differ by, at most, if both are right; see :func:`spread`."""
    return MARGIN * spread(function, draws)
