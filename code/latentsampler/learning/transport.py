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
sinkhorn_plan        the plan itself, for batches of cost matrices, with absent rows and columns
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


def sinkhorn_plan(cost, blur, iterations, rows=None, columns=None):
    r"""Return the logarithm of entropic plans in which the smaller side is assigned whole, by Sinkhorn's iterations.

    Each present row has mass 1 and so has each present column; where there are more of one side, the excess goes to a
    slack row or column at no cost. All is in the log domain and differentiable through the iterations.

    Parameters
    ----------
    cost : torch.Tensor
        ``(B, R, C)``.
    blur : float
        Entropic penalty, in units of the cost.
    iterations : int
        Of both sides.
    rows, columns : torch.Tensor, optional
        ``(B, R)`` and ``(B, C)`` bool: which are present; all by default.

    Returns
    -------
    torch.Tensor
        ``(B, R, C)``, at most 0 in columns, which were set last; ``-1e4`` where absent.

    References
    ----------
    Cuturi, "Sinkhorn distances", NeurIPS 2013; Mena et al., "Learning latent permutations with Gumbel-Sinkhorn
    networks", ICLR 2018.
    """
    rows = torch.ones_like(cost[:, :, 0], dtype=torch.bool) if rows is None else rows
    columns = torch.ones_like(cost[:, 0], dtype=torch.bool) if columns is None else columns
    gain, low = -cost / blur, -1e4
    excess = (columns.sum(1) - rows.sum(1)).to(cost.dtype)[:, None]  # (B, 1)
    log_rows, log_columns = _log_or(excess, low), _log_or(-excess, low)  # masses of the slack row and column
    off_rows, off_columns = ~rows, ~columns
    f, slack_f = torch.zeros_like(cost[:, :, 0]).masked_fill(off_rows, low), log_rows
    g, slack_g = torch.zeros_like(cost[:, 0]).masked_fill(off_columns, low), log_columns
    for _ in range(iterations):
        f = -torch.cat([gain + g[:, None], slack_g[:, None].expand(-1, f.shape[1], 1)], 2).logsumexp(2)  # (B, R)
        f = f.masked_fill(off_rows, low)
        slack_f = (log_rows - g.logsumexp(1, keepdim=True)).where(excess > 0, torch.full_like(excess, low))
        g = -torch.cat([gain + f[:, :, None], slack_f[:, None].expand(-1, 1, g.shape[1])], 1).logsumexp(1)  # (B, C)
        g = g.masked_fill(off_columns, low)
        slack_g = (log_columns - f.logsumexp(1, keepdim=True)).where(excess < 0, torch.full_like(excess, low))
    return (gain + f[:, :, None] + g[:, None]).masked_fill(off_rows[:, :, None] | off_columns[:, None], low)


def _log_or(mass, low):
    """Return the logarithm of positive masses, ``low`` for the others."""
    return mass.clamp(min=1.0).log().where(mass > 0, torch.full_like(mass, low))
