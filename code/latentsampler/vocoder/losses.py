"""Spectral losses between waveforms, each its own named term.

Conventions
-----------
* Waveforms ``(batch, n_samples)``; every function returns a scalar, 0 for equal signals.

Contents
--------
RESOLUTIONS     FFT sizes, hops of a quarter
spectral_terms  all terms, averaged over resolutions
convergence     relative error of magnitudes
log_magnitude   L1 of logarithmic magnitudes
"""

import torch

from latentsampler.audio import magnitude

RESOLUTIONS = (512, 1024, 2048)
FLOOR = 1e-2  # of a Hann STFT's magnitude, where a full-scale sinusoid gives n_fft / 4: some 85 dB below it


def convergence(estimate, reference):
    r"""Return the mean over notes of :math:`\| S - \hat S \|_F / \| S \|_F` of magnitudes ``(B, F, T)``.

    References
    ----------
    Arik et al., arXiv 1808.06719, eq. 2.
    """
    error = (reference - estimate).flatten(1).norm(dim=1)
    return (error / reference.flatten(1).norm(dim=1).clamp(min=1e-4)).mean()


def log_magnitude(estimate, reference):
    r"""Return the mean of :math:`| \log (S + \epsilon) - \log (\hat S + \epsilon) |` of magnitudes ``(B, F, T)``.

    References
    ----------
    Arik et al., arXiv 1808.06719, eq. 3.
    """
    return (torch.log(estimate + FLOOR) - torch.log(reference + FLOOR)).abs().mean()


def spectral_terms(estimate, reference):
    """Return the terms of a pair of waveforms, averaged over resolutions.

    Parameters
    ----------
    estimate, reference : torch.Tensor
        ``(B, n_samples)``.

    Returns
    -------
    dict
        convergence and log_magnitude, scalars.
    """
    pairs = [(magnitude(estimate, n, n // 4), magnitude(reference, n, n // 4)) for n in RESOLUTIONS]
    return {"convergence": sum(convergence(*pair) for pair in pairs) / len(pairs),
            "log_magnitude": sum(log_magnitude(*pair) for pair in pairs) / len(pairs)}
