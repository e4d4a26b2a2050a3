"""Spectral losses between waveforms, each its own named term.

Conventions
-----------
* Waveforms ``(batch, n_samples)``; every function returns a scalar, 0 for equal signals.

Contents
--------
RESOLUTIONS              FFT sizes, hops of a quarter
spectral_terms           convergence and log magnitude, averaged over resolutions, and mel distance
published_terms          the four of the MCNN paper, at one resolution
convergence              relative error of magnitudes
log_magnitude            L1 of logarithmic magnitudes
mel_distance             root mean square over bands of logarithmic mels
instantaneous_frequency  L1 of phase differences between frames
weighted_phase           L1 of what phase errors leave of the product of two spectra
"""

import math

import torch

from latentsampler.sound.audio import magnitude, mel_spectrogram
from latentsampler.sound.metrics import FLOOR as MEL_FLOOR

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


def mel_distance(estimate, reference, config):
    """Return the log-spectral distance of waveforms' mels in units of 20 dB.

    References
    ----------
    ``metrics.log_spectral_distance``; mel losses of waveforms: Kong, Kim and Bae, NeurIPS 2020, eq. 4.
    """
    size, wanted = mel_spectrogram(estimate, config) + MEL_FLOOR, mel_spectrogram(reference, config) + MEL_FLOOR
    difference = torch.log10(size / wanted)  # (B, M, T)
    return ((difference.square().mean(dim=1) + 1e-6).sqrt() - 1e-3).mean()  # its slope is finite for equal frames, too


def instantaneous_frequency(estimate, reference):
    r"""Return the mean of :math:`| \partial_t \varphi(S) - \partial_t \varphi(\hat S) |` of spectra ``(B, F, T)``.

    The derivative is the difference between neighbouring frames; the error of an angle is at most half a turn.

    References
    ----------
    Arik et al., arXiv 1808.06719, eq. 4.
    """
    turn = (estimate[..., 1:] * estimate[..., :-1].conj()) * (reference[..., 1:] * reference[..., :-1].conj()).conj()
    return torch.atan2(turn.imag, turn.real + 1e-7).abs().mean() / math.pi


def weighted_phase(estimate, reference):
    r"""Return the mean of :math:`| |S||\hat S| - \Re S \Re \hat S - \Im S \Im \hat S |` of spectra ``(B, F, T)``.

    References
    ----------
    Arik et al., arXiv 1808.06719, eq. 5.
    """
    product = _size(estimate) * _size(reference)
    return (product - estimate.real * reference.real - estimate.imag * reference.imag).abs().mean()


def published_terms(estimate, reference, config):
    """Return the four terms of the MCNN paper of a pair of waveforms.

    Parameters
    ----------
    estimate, reference : torch.Tensor
        ``(B, n_samples)``.
    config : MelConfig
        FFT and hop.

    Returns
    -------
    dict
        convergence, log_magnitude, instantaneous_frequency, weighted_phase: scalars.
    """
    window = torch.hann_window(config.n_fft, device=estimate.device)
    ours, theirs = (torch.stft(x, config.n_fft, config.hop_length, window=window, pad_mode="constant",
                               return_complex=True) for x in (estimate, reference))
    return {"convergence": convergence(_size(ours), _size(theirs)),
            "log_magnitude": log_magnitude(_size(ours), _size(theirs)),
            "instantaneous_frequency": instantaneous_frequency(ours, theirs),
            "weighted_phase": weighted_phase(ours, theirs)}


def _size(spectrum):
    return (spectrum.real.square() + spectrum.imag.square() + 1e-10).sqrt()  # its slope at zero is finite


def spectral_terms(estimate, reference, config):
    """Return the terms of a pair of waveforms: two averaged over resolutions, and the distance of their mels.

    Parameters
    ----------
    estimate, reference : torch.Tensor
        ``(B, n_samples)``.
    config : MelConfig
        Of the mels.

    Returns
    -------
    dict
        convergence, log_magnitude, mel_distance: scalars.
    """
    pairs = [(magnitude(estimate, n, n // 4), magnitude(reference, n, n // 4)) for n in RESOLUTIONS]
    return {"convergence": sum(convergence(*pair) for pair in pairs) / len(pairs),
            "log_magnitude": sum(log_magnitude(*pair) for pair in pairs) / len(pairs),
            "mel_distance": mel_distance(estimate, reference, config)}
