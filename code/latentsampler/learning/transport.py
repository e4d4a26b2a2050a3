r"""Distances between clouds by optimal transport: what it costs to carry one onto the other.

Conventions
-----------
* Clouds are ``(n, d)`` and ``(m, d)``; the cost is the squared Euclidean distance; results are scalars.
* *Total* convention: a translation by :math:`\delta` costs :math:`\|\delta\|^2` at every dimension.

Contents
--------
sliced_wasserstein   mean of one-dimensional transports, which are sorts
directions           random unit vectors
sinkhorn_cost        transport with an entropic penalty, in the log domain
sinkhorn             Sinkhorn divergence: the same without its bias
"""

import math

import torch


def sliced_wasserstein(codes, prior, projections):
    r"""Return the squared sliced 2-Wasserstein distance, times the dimension.

    :math:`d \cdot \frac1K \sum_k \frac1n \sum_i \big( (X v_k)_{(i)} - (Y v_k)_{(i)} \big)^2` with sorted projections. A
    random direction sees 1 / d of a squared translation; the factor makes up for that.

    Parameters
    ----------
    codes, prior : torch.Tensor
        ``(n, d)`` each.
    projections : torch.Tensor
        ``(d, K)`` unit vectors, from :func:`directions`.

    Returns
    -------
    torch.Tensor
        Scalar >= 0; biased: two samples of one distribution are not at distance zero.

    Raises
    ------
    ValueError
        If the clouds differ in shape.

    References
    ----------
    Kolouri et al., "Sliced Wasserstein auto-encoders", ICLR 2019, eq. 12 (arXiv 1804.01947).
    """
    if codes.shape != prior.shape:
        raise ValueError(f"expected clouds of one shape, got {tuple(codes.shape)} and {tuple(prior.shape)}")
    ours, theirs = (codes @ projections).sort(dim=0)[0], (prior @ projections).sort(dim=0)[0]  # (n, K)
    return codes.shape[1] * (ours - theirs).pow(2).mean()


def directions(dimension, count, generator=None, device="cpu"):
    """Return random unit vectors as columns ``(dimension, count)``.

    Parameters
    ----------
    dimension, count : int
        Sizes.
    generator : torch.Generator, optional
        The source of randomness.
    device : str or torch.device
        Where they are made.

    Returns
    -------
    torch.Tensor
        ``(dimension, count)``.
    """
    vectors = torch.randn(dimension, count, generator=generator, device=device)
    return vectors / vectors.norm(dim=0, keepdim=True).clamp(min=1e-12)


def sinkhorn_cost(x, y, blur, iterations=50):
    r"""Return what entropic transport costs, penalty included.

    :math:`\min_\pi \langle \pi, C \rangle + \varepsilon \mathrm{KL}(\pi \| a \otimes b)` with :math:`\varepsilon` =
    ``blur``, from its dual. The potentials are iterated in the log domain, where small blurs do not underflow,
    symmetrically (each the mean of old and new) and with the blur falling geometrically from the clouds' extent. They
    are found without a gradient; one last step of one of them carries it, which is exact at the fixed point (envelope
    theorem).

    Parameters
    ----------
    x, y : torch.Tensor
        ``(n, d)`` and ``(m, d)``.
    blur : float
        Entropic penalty, in units of the squared distance.
    iterations : int
        Number of steps at the final blur.

    Returns
    -------
    torch.Tensor
        Scalar.

    References
    ----------
    Cuturi, "Sinkhorn distances", NeurIPS 2013; Feydy et al., "Interpolating between optimal transport and MMD using
    Sinkhorn divergences", AISTATS 2019, eq. 8 and algorithm 1 (arXiv 1810.08278).
    """
    cost = _cost(x, y)  # (n, m)
    with torch.no_grad():
        f, g = torch.zeros_like(cost[:, 0]), torch.zeros_like(cost[0])
        for epsilon in _blurs(float(cost.max()), blur, iterations):
            f, g = 0.5 * (f + _soft_minimum(cost, g, epsilon)), 0.5 * (g + _soft_minimum(cost.T, f, epsilon))
        g = _soft_minimum(cost.T, f, blur)
    return _soft_minimum(cost, g, blur).mean() + g.mean()  # the gradient by the cost is the plan


def _cost(x, y):
    return (x.pow(2).sum(1)[:, None] + y.pow(2).sum(1)[None] - 2.0 * x @ y.T).clamp(min=0.0)


def _blurs(extent, blur, iterations):
    falls = max(0, math.ceil(math.log2(max(extent, blur) / blur)))
    return [blur * 2.0 ** k for k in range(falls, 0, -1)] + [blur] * iterations


def _soft_minimum(cost, potential, epsilon):
    """Return the potential that makes the plan's rows right: -eps log mean exp((g - C) / eps)."""
    return -epsilon * (((potential - cost) / epsilon).logsumexp(1) - math.log(cost.shape[1]))


def sinkhorn(codes, prior, blur=0.1, iterations=20):
    r"""Return the Sinkhorn divergence :math:`W(x, y) - \frac12 W(x, x) - \frac12 W(y, y)` of entropic costs.

    The entropic penalty pulls a cloud inwards; taking off what each costs against itself cancels that. It lies between
    the squared 2-Wasserstein distance (no blur) and a kernel distance (wide blur).

    Parameters
    ----------
    codes, prior : torch.Tensor
        ``(n, d)`` and ``(m, d)``.
    blur : float
        Entropic penalty as a share of 2 d, the expected squared distance of two prior samples.
    iterations : int
        Steps at the final blur.

    Returns
    -------
    torch.Tensor
        Scalar >= 0; biased: two samples of one distribution are not at distance zero.

    References
    ----------
    Feydy et al., AISTATS 2019, eq. 3; Genevay, Peyre and Cuturi, AISTATS 2018, eq. 7; in autoencoders: Patrini et al.,
    "Sinkhorn autoencoders", UAI 2019 (arXiv 1810.01118).
    """
    epsilon = blur * 2.0 * codes.shape[1]
    return (sinkhorn_cost(codes, prior, epsilon, iterations)
            - 0.5 * sinkhorn_cost(codes, codes, epsilon, iterations)
            - 0.5 * sinkhorn_cost(prior, prior, epsilon, iterations))
