"""Distances between a cloud of codes and the prior: functions, nothing with parameters.

Conventions
-----------
* Codes and prior samples are ``(batch, latent_dim)``; results are scalars >= 0 up to sampling noise.
* The prior is a standard normal.

Contents
--------
mmd_imq   maximum mean discrepancy, inverse multiquadratic kernels of many widths, unbiased
"""


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
        Scalar; its expectation is 0 when both come from one distribution.

    References
    ----------
    Tolstikhin et al., "Wasserstein auto-encoders", ICLR 2018, algorithm 2; Gretton et al., JMLR 13, 2012, eq. 3.
    """
    n, m = len(codes), len(prior)
    within_codes = _imq(codes, codes).sum() - n * len(SCALES)  # the diagonal of k is one per scale
    within_prior = _imq(prior, prior).sum() - m * len(SCALES)
    across = _imq(codes, prior).mean()
    return within_codes / (n * (n - 1)) + within_prior / (m * (m - 1)) - 2.0 * across


def _imq(x, y):
    squared = (x.pow(2).sum(1)[:, None] + y.pow(2).sum(1)[None] - 2.0 * x @ y.T).clamp(min=0.0)  # (n, m)
    width = 2.0 * x.shape[1]
    return sum(width * scale / (width * scale + squared) for scale in SCALES)
