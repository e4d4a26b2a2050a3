"""Griffin-Lim, the baseline: a figure in tables, never a sound of the instrument.

Contents
--------
griffin_lim            magnitude -> waveform by alternating projections, batched
griffin_lim_from_mel   the same from the least-squares magnitude of a mel
"""

import math

import torch
from torch.nn import functional

from latentsampler.sound.audio import mel_inverse


def griffin_lim(size, n_iterations=60, momentum=0.0, n_fft=1024, hop_length=256, n_samples=None, seed=0):
    """Return waveforms whose STFT magnitudes approach the given ones.

    Parameters
    ----------
    size : torch.Tensor
        ``(B, F, T)`` linear magnitudes, centred frames.
    n_iterations : int
        Projections.
    momentum : float
        0 = Griffin and Lim's; 0.99 = fast Griffin-Lim.
    n_fft, hop_length : int
        Samples.
    n_samples : int, optional
        Length; ``hop_length * (T - 1)`` if not given.
    seed : int, optional
        Of the first phases; None = all zero.

    Returns
    -------
    torch.Tensor
        ``(B, n_samples)``.

    References
    ----------
    Perraudin, Balazs and Soendergaard, "A fast Griffin-Lim algorithm", WASPAA 2013; ``librosa.griffinlim``.
    """
    window = torch.hann_window(n_fft)
    length = n_samples or hop_length * (size.shape[-1] - 1)
    angle = torch.zeros_like(size)
    if seed is not None:
        angle = 2.0 * math.pi * torch.rand(size.shape, generator=torch.Generator().manual_seed(seed))
    spectrum, previous = torch.polar(size, angle), torch.zeros_like(size, dtype=torch.complex64)
    for _ in range(n_iterations):
        waveform = torch.istft(spectrum, n_fft, hop_length, window=window, length=length)
        rebuilt = torch.stft(waveform, n_fft, hop_length, window=window, pad_mode="constant", return_complex=True)
        target = rebuilt - momentum / (1.0 + momentum) * previous
        spectrum, previous = size * target / target.abs().clamp(min=1e-16), rebuilt
    return torch.istft(spectrum, n_fft, hop_length, window=window, length=length)


def griffin_lim_from_mel(mel, config, n_iterations=60, momentum=0.0, seed=0):
    """Return waveforms by Griffin-Lim from the least-squares magnitudes of mels.

    Parameters
    ----------
    mel : torch.Tensor
        ``(B, M, T)``.
    config : MelConfig
        Its front-end.
    n_iterations : int
        Projections.
    momentum : float
        0 = Griffin and Lim's; 0.99 = fast Griffin-Lim.
    seed : int, optional
        Of the first phases; None = all zero.

    Returns
    -------
    torch.Tensor
        ``(B, T * hop)``.
    """
    size = (mel_inverse(config) @ mel).clamp(min=0.0)  # (B, F, T)
    size = functional.pad(size, (0, 1))  # the frame after the note, which a mel leaves out
    n_samples = mel.shape[2] * config.hop_length
    return griffin_lim(size, n_iterations, momentum, config.n_fft, config.hop_length, n_samples, seed)
