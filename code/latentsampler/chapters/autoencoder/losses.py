"""How far a decoded log mel is from its note's: the parts of the reconstruction term.

Conventions
-----------
* Log mels ``(batch, n_mels, n_frames)``; results are scalars >= 0, means over the batch.

Contents
--------
l1, l2, spectral_convergence   by name, in ``Config.reconstruction``
"""

from torch.nn import functional


def l1(estimate, target, inverse):
    """Return the mean absolute difference of log mels.

    Parameters
    ----------
    estimate, target : torch.Tensor
        ``(B, M, T)`` log mels.
    inverse : callable
        Log mel -> amplitude; not used here.

    Returns
    -------
    torch.Tensor
        Scalar.
    """
    return functional.l1_loss(estimate, target)


def l2(estimate, target, inverse):
    """Return the mean squared difference of log mels.

    Parameters
    ----------
    estimate, target : torch.Tensor
        ``(B, M, T)`` log mels.
    inverse : callable
        Log mel -> amplitude; not used here.

    Returns
    -------
    torch.Tensor
        Scalar.
    """
    return functional.mse_loss(estimate, target)


def spectral_convergence(estimate, target, inverse):
    r"""Return :math:`\| S - \hat S \|_F / \| S \|_F` of amplitude mels, which hears the strongest partials most.

    Parameters
    ----------
    estimate, target : torch.Tensor
        ``(B, M, T)`` log mels.
    inverse : callable
        Log mel -> amplitude.

    Returns
    -------
    torch.Tensor
        Scalar.

    References
    ----------
    Arik, Jun and Diamos, "Fast spectrogram inversion using multi-head convolutional neural networks", IEEE SPL 26(1),
    2019, eq. 1.
    """
    true = inverse(target)
    return ((true - inverse(estimate)).flatten(1).norm(dim=1) / true.flatten(1).norm(dim=1).clamp(min=1e-6)).mean()
