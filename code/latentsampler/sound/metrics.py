"""How far a reproduced sound or spectrogram is from the true one.

Conventions
-----------
* Waveforms ``(batch, n_samples)``, mels ``(batch, n_mels, n_frames)`` amplitude; results ``(batch,)`` float32.
* Decibels of amplitude: 20 log10.

Contents
--------
spectral_convergence    dB, from waveforms
log_spectral_distance   dB, from mels
"""

import torch

from latentsampler.sound.audio import magnitude

FLOOR = 1e-3  # amplitude under which two mels count as equal: about 75 dB below a loud note's peak


def spectral_convergence(estimate, reference, n_fft=1024, hop_length=256):
    r"""Return :math:`20 \log_{10} (\| S - \hat S \|_F / \| S \|_F)` on linear magnitudes.

    Parameters
    ----------
    estimate, reference : torch.Tensor
        ``(batch, n_samples)``.
    n_fft, hop_length : int
        Samples.

    Returns
    -------
    torch.Tensor
        ``(batch,)`` dB; 0 for silence in place of the reference, more negative is better.

    References
    ----------
    Sturmel and Daudet, "Signal reconstruction from STFT magnitude", DAFx 2011, eq. 6.
    """
    true, got = magnitude(reference, n_fft, hop_length), magnitude(estimate, n_fft, hop_length)  # (B, F, T)
    error = (true - got).flatten(1).norm(dim=1) / true.flatten(1).norm(dim=1).clamp(min=1e-12)
    return 20.0 * torch.log10(error.clamp(min=1e-12))


def log_spectral_distance(estimate, reference, floor=FLOOR):
    r"""Return the mean over frames of the root mean square over bands of a difference in dB.

    Parameters
    ----------
    estimate, reference : torch.Tensor
        ``(batch, n_mels, n_frames)`` amplitude.
    floor : float
        Amplitude added to both, so that inaudible bands do not count.

    Returns
    -------
    torch.Tensor
        ``(batch,)`` dB, >= 0.

    References
    ----------
    Gray and Markel, "Distance measures for speech processing", IEEE Trans. ASSP 24(5), 1976.
    """
    difference = 20.0 * (torch.log10(estimate + floor) - torch.log10(reference + floor))  # (B, M, T) dB
    return difference.pow(2).mean(dim=1).sqrt().mean(dim=1)
