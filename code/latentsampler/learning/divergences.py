r"""Distances between a cloud of codes, or the posteriors behind it, and the prior: functions, nothing with parameters.

Conventions
-----------
* Codes and prior samples are ``(batch, latent_dim)``; so are mean and log-variance of a posterior, a normal
  distribution with diagonal covariance. Results are scalars >= 0, unbiased ones up to sampling noise.
* The prior is a standard normal. Logarithms are natural: what has a unit is in *nats per note, summed over the latent
  dimensions*, so that a budget or a price per nat means the same at every latent size.
* Optimal transport is in ``transport``; what owns parameters is in ``autoencoder.regularisers``.

Contents
--------
mmd_imq             maximum mean discrepancy, inverse multiquadratic kernels of many widths, unbiased
mmd_gaussian        the same with Gaussian kernels
cramer_wold         squared distance of smoothed projections, averaged over all directions, without sampling any
kl, kl_between      Kullback-Leibler divergence of the posterior from the prior, or from another normal
renyi               Renyi divergence of the posterior from the prior
geometric_js        Jensen-Shannon divergence with a geometric mean
information_terms   the three parts of the averaged KL: mutual information, total correlation, dimension-wise KL
log_normal          log-density of a diagonal normal, term by term
"""

import math
from functools import lru_cache

import torch
from scipy.special import roots_jacobi

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # one width alone can fall as the variance grows


def mmd_imq(codes, prior):
    r"""Return the unbiased squared MMD with a sum of inverse multiquadratic kernels.

    :math:`k(x, y) = \sum_s C_s / (C_s + \|x - y\|^2)`, :math:`C_s = 2 d s`, so that for a standard normal the
    middle kernel's width is the expected squared distance of two samples.

    Parameters
    ----------
    codes, prior : torch.Tensor
        ``(n, d)`` and ``(m, d)``, n and m at least 2.

    Returns
    -------
    torch.Tensor
        Scalar; its expectation is 0 when both come from one distribution, and below 14 always.

    References
    ----------
    Tolstikhin et al., "Wasserstein auto-encoders", ICLR 2018, algorithm 2; Gretton et al., JMLR 13, 2012, eq. 3.
    """
    return _mmd(codes, prior, lambda squared, width: width / (width + squared))


def mmd_gaussian(codes, prior):
    r"""Return the unbiased squared MMD with a sum of Gaussian (RBF) kernels.

    :math:`k(x, y) = \sum_s \exp(-\|x - y\|^2 / C_s)`, :math:`C_s = 2 d s`, as in :func:`mmd_imq`. Tails are light: a
    code far from all prior samples feels almost no force.

    Parameters
    ----------
    codes, prior : torch.Tensor
        ``(n, d)`` and ``(m, d)``, n and m at least 2.

    Returns
    -------
    torch.Tensor
        Scalar; its expectation is 0 when both come from one distribution, and below 14 always.

    References
    ----------
    Gretton et al., "A kernel two-sample test", JMLR 13, 2012, eq. 3.
    """
    return _mmd(codes, prior, lambda squared, width: torch.exp(-squared / width))


def _mmd(codes, prior, kernel):
    n, m, width = len(codes), len(prior), 2.0 * codes.shape[1]

    def total(x, y):
        squared = _squared_distances(x, y)  # (n, m)
        return sum(kernel(squared, width * scale) for scale in SCALES)

    within_codes = total(codes, codes).sum() - n * len(SCALES)  # the diagonal of k is one per scale
    within_prior = total(prior, prior).sum() - m * len(SCALES)
    across = total(codes, prior).mean()
    return within_codes / (n * (n - 1)) + within_prior / (m * (m - 1)) - 2.0 * across


def _squared_distances(x, y):
    return (x.pow(2).sum(1)[:, None] + y.pow(2).sum(1)[None] - 2.0 * x @ y.T).clamp(min=0.0)


def cramer_wold(codes):
    r"""Return the squared Cramer-Wold distance of codes to the standard normal.

    The mean over all directions :math:`v` of :math:`\int (p_v(t) - q_v(t))^2 dt`, where :math:`p_v` is the density of
    the codes' projections and :math:`q_v` that of the prior's, both smoothed by a normal kernel of variance
    :math:`\gamma = (4 / 3n)^{2/5}` (Silverman's rule). With :math:`\varphi(s) = {}_1F_1(1/2; d/2; -s)` it is

    .. math:: \frac{1}{2 \sqrt{\pi}} \Big( \frac{1}{n^2 \sqrt\gamma} \sum_{ij} \varphi\big(\tfrac{\|x_i - x_j\|^2}{4
              \gamma}\big) + \frac{1}{\sqrt{1 + \gamma}} - \frac{2}{n \sqrt{\gamma + 1/2}} \sum_i
              \varphi\big(\tfrac{\|x_i\|^2}{2 + 4 \gamma}\big) \Big).

    Knop et al. approximate :math:`\varphi` for d >= 20; here it is the integral over the projection's share of the
    squared length, which is Beta distributed, by quadrature, and right for few dimensions too.

    Parameters
    ----------
    codes : torch.Tensor
        ``(n, d)``.

    Returns
    -------
    torch.Tensor
        Scalar >= 0; biased: a finite normal sample is not at distance zero. A shift of one dimension counts 1 / d.

    References
    ----------
    Knop et al., "Cramer-Wold auto-encoder", JMLR 21, 2020, theorem 1 and eq. 9 (arXiv 1805.09235).
    """
    n, d = codes.shape
    gamma = (4.0 / (3.0 * n)) ** 0.4
    within = _mean_over_directions(_squared_distances(codes, codes) / (4.0 * gamma), d).mean() / math.sqrt(gamma)
    across = _mean_over_directions(codes.pow(2).sum(1) / (2.0 + 4.0 * gamma), d).mean() / math.sqrt(gamma + 0.5)
    return (within + 1.0 / math.sqrt(1.0 + gamma) - 2.0 * across) / (2.0 * math.sqrt(math.pi))


def _mean_over_directions(squared, d):
    """Return 1F1(1/2; d/2; -squared): exp(-squared * t) averaged over t ~ Beta(1/2, (d - 1)/2)."""
    if d == 1:
        return torch.exp(-squared)
    nodes, weights = _beta_quadrature(d)
    share = squared.new_tensor(nodes).view(-1, *[1] * squared.dim())  # (K, 1, ...)
    weight = squared.new_tensor(weights).view_as(share)
    return (weight * torch.exp(-share * squared)).sum(0)


@lru_cache
def _beta_quadrature(d, order=48):
    nodes, weights = roots_jacobi(order, (d - 3) / 2, -0.5)  # on [-1, 1]
    return ((nodes + 1) / 2).tolist(), (weights / weights.sum()).tolist()


def kl(mean, log_variance):
    r"""Return the Kullback-Leibler divergence of the posterior from the prior, mean over notes.

    :math:`\frac12 \sum_j (\mu_j^2 + \sigma_j^2 - \ln \sigma_j^2 - 1)`.

    Parameters
    ----------
    mean, log_variance : torch.Tensor
        ``(B, L)``.

    Returns
    -------
    torch.Tensor
        Scalar, nats summed over dimensions.

    References
    ----------
    Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014, appendix B.
    """
    return 0.5 * (mean.pow(2) + log_variance.exp() - log_variance - 1.0).sum(1).mean()


def renyi(mean, log_variance, alpha=0.5):
    r"""Return the Renyi divergence of order alpha of the posterior from the prior, mean over notes.

    With :math:`\sigma_*^2 = \alpha + (1 - \alpha) \sigma^2`:
    :math:`D_\alpha = \frac12 \sum_j \frac{\alpha \mu_j^2}{\sigma_{*j}^2}
    + \frac{1}{1 - \alpha} \ln \frac{\sigma_{*j}^2}{\sigma_j^{2 (1 - \alpha)}}`; its limit for alpha to 1 is :func:`kl`.

    Parameters
    ----------
    mean, log_variance : torch.Tensor
        ``(B, L)``.
    alpha : float
        Order, in (0, 1): there the divergence is finite for every variance.

    Returns
    -------
    torch.Tensor
        Scalar, nats summed over dimensions.

    Raises
    ------
    ValueError
        If ``alpha`` is outside (0, 1).

    References
    ----------
    Gil, Alajaji and Linder, Information Sciences 249, 2013, table 2; in autoencoders: Li and Turner, "Renyi divergence
    variational inference", NeurIPS 2016 (arXiv 1602.02311), who bound the likelihood with it instead.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"expected an order in (0, 1), got {alpha}")
    star = alpha + (1.0 - alpha) * log_variance.exp()  # (B, L)
    terms = 0.5 * alpha * mean.pow(2) / star + 0.5 * (star.log() - (1.0 - alpha) * log_variance) / (1.0 - alpha)
    return terms.sum(1).mean()


def geometric_js(mean, log_variance, alpha=0.5):
    r"""Return the skew geometric Jensen-Shannon divergence of posterior and prior, mean over notes.

    :math:`(1 - \alpha) \mathrm{KL}(q \| g) + \alpha \mathrm{KL}(p \| g)` with
    :math:`g \propto q^\alpha p^{1 - \alpha}`, which is normal again: with the geometric instead of the arithmetic mean
    there is a closed form, at the price of the bound ln 2. It goes from :func:`kl` (alpha to 0) to the reverse
    divergence (alpha to 1).

    Parameters
    ----------
    mean, log_variance : torch.Tensor
        ``(B, L)``.
    alpha : float
        Skew, in (0, 1).

    Returns
    -------
    torch.Tensor
        Scalar, nats summed over dimensions.

    Raises
    ------
    ValueError
        If ``alpha`` is outside (0, 1).

    References
    ----------
    Deasy, Simidjievski and Lio, "Constraining variational inference with geometric Jensen-Shannon divergence",
    NeurIPS 2020, section 3 (arXiv 2006.10599); Nielsen, Entropy 21(5), 2019.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"expected a skew in (0, 1), got {alpha}")
    precision = alpha * (-log_variance).exp() + 1.0 - alpha  # (B, L) of the geometric mean
    centre = alpha * (-log_variance).exp() * mean / precision
    log_width = -precision.log()
    zero = torch.zeros_like(mean)
    terms = ((1.0 - alpha) * kl_between(mean, log_variance, centre, log_width)
             + alpha * kl_between(zero, zero, centre, log_width))
    return terms.sum(1).mean()


def kl_between(mean, log_variance, other_mean, other_log_variance):
    """Return the KL of one diagonal normal from another, per coordinate: tensors of shapes that broadcast, nats."""
    difference = (mean - other_mean).pow(2)
    return 0.5 * ((log_variance.exp() + difference) * (-other_log_variance).exp()
                  + other_log_variance - log_variance - 1.0)


def information_terms(z, mean, log_variance):
    r"""Return the three parts of the KL averaged over notes: mutual information, total correlation, dimension-wise KL.

    With the aggregated posterior :math:`q(z) = \frac1B \sum_j q(z | x_j)` of the batch:
    :math:`\mathrm{E} \ln \frac{q(z|x)}{q(z)}`, :math:`\mathrm{E} \ln \frac{q(z)}{\prod_k q(z_k)}` and
    :math:`\mathrm{E} \ln \prod_k \frac{q(z_k)}{p(z_k)}`. Minibatch-weighted sampling divides by the size of the data
    set as well; that adds a constant to each term and nothing to a gradient, so it is left out.

    Parameters
    ----------
    z, mean, log_variance : torch.Tensor
        ``(B, L)``: samples of the posteriors, and what they were drawn from.

    Returns
    -------
    information : torch.Tensor
        Scalar, nats; it cannot exceed ln B.
    correlation : torch.Tensor
        Scalar, nats; a bias upwards grows with the latent size and falls with the batch.
    dimensions : torch.Tensor
        Scalar, nats; the sum of the three is a one-sample estimate of the KL from the prior.

    References
    ----------
    Chen, Li, Grosse and Duvenaud, "Isolating sources of disentanglement in VAEs", NeurIPS 2018, eq. 2 and appendix C.1
    (arXiv 1802.04942).
    """
    pairs = log_normal(z[:, None], mean[None], log_variance[None])  # (B, B, L): z_i under the posterior of note j
    own = log_normal(z, mean, log_variance).sum(1)  # (B,)
    joint = pairs.sum(2).logsumexp(1) - math.log(len(z))  # (B,)
    product = (pairs.logsumexp(1) - math.log(len(z))).sum(1)  # (B,)
    prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)
    return (own - joint).mean(), (joint - product).mean(), (product - prior).mean()


def log_normal(z, mean, log_variance):
    """Return the log-density of each coordinate under a diagonal normal.

    Parameters
    ----------
    z, mean, log_variance : torch.Tensor
        Shapes that broadcast.

    Returns
    -------
    torch.Tensor
        Of the common shape; not summed.
    """
    return -0.5 * ((z - mean).pow(2) * (-log_variance).exp() + log_variance + math.log(2.0 * math.pi))
