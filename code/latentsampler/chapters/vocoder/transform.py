"""Short-time Fourier transform and its inverse, frame by frame, so that a note can start before it is finished.

Conventions
-----------
* A spectrum is a real tensor ``(batch, T, F, 2)``, real and imaginary parts, F = 1 + n_fft / 2. Frame ``t`` is centred
  on sample ``t * hop_length``; phases are counted from the frame's *first* sample, as torch.stft does.
* A signal is ``(batch, T + n_fft / hop - 1, hop)``, a row per hop, beginning half a frame before the note.
* A file does not hold the tables, which would be most of it: a loaded module makes them at its first call.

Contents
--------
Transform   signal -> spectrum, and back; power and scale of a spectrum
"""

import math

import torch
from torch import nn
from torch.nn import functional

TABLES = ("window", "gain")


class Transform(nn.Module):
    """Hann-windowed short-time Fourier transform, and its least-squares inverse.

    Parameters
    ----------
    n_fft, hop_length : int
        Samples; ``n_fft`` a multiple of twice the hop.
    n_frames : int
        Frames of a whole note.

    Raises
    ------
    ValueError
        If ``n_fft`` is no such multiple.

    References
    ----------
    Griffin and Lim, "Signal estimation from modified short-time Fourier transform", IEEE Trans. ASSP 32(2), 1984,
    equation 6.
    """

    def __init__(self, n_fft, hop_length, n_frames):
        super().__init__()
        if n_fft % (2 * hop_length):
            raise ValueError(f"expected an FFT of an even multiple of the hop {hop_length}, got {n_fft}")
        self.n_fft, self.hop, self.n_frames, self.blocks = n_fft, hop_length, n_frames, n_fft // hop_length
        for name in TABLES:
            self.register_buffer(name, torch.zeros(0), persistent=False)

    def signal(self, spectrum, first: int):
        """Return the signal ``(B, t + blocks - 1, hop)`` of frames ``first`` to ``first + t`` of a note."""
        frames = torch.fft.irfft(torch.view_as_complex(spectrum), self.n_fft)
        parts = (frames * self.window).unflatten(2, (self.blocks, self.hop))  # (B, t, blocks, hop)
        total = functional.pad(parts[:, :, 0], [0, 0, 0, self.blocks - 1])  # (B, t + blocks - 1, hop)
        for block in range(1, self.blocks):
            total = total + functional.pad(parts[:, :, block], [0, 0, block, self.blocks - 1 - block])
        return total * self.gain[first:first + total.shape[1]]

    def analyse(self, signal):
        """Return the spectrum ``(B, t, F, 2)`` of a signal ``(B, t + blocks - 1, hop)``."""
        return torch.view_as_real(torch.fft.rfft(signal.flatten(1).unfold(1, self.n_fft, self.hop) * self.window))

    def power(self, spectrum):
        """Return the power ``(B, t, F)`` of a spectrum."""
        squares = spectrum.square()
        return squares[..., 0] + squares[..., 1]  # a sum over so short an axis takes eight times as long

    def scaled(self, spectrum, factor):
        """Return a spectrum times factors ``(B, t, F)``."""
        return torch.view_as_real(torch.view_as_complex(spectrum) * factor)

    def joined(self, real, imaginary):
        """Return the spectrum of real and imaginary parts ``(B, t, F)``."""
        return torch.view_as_real(torch.complex(real, imaginary))

    @torch.jit.unused
    def forget(self):
        """Empty the tables, before saving."""
        for name in TABLES:
            setattr(self, name, torch.zeros(0))

    def prepare(self, like):
        """Make the tables, if they are not there, on the device of a tensor."""
        if self.gain.numel() > 0:
            return
        samples = torch.arange(self.n_fft, device=like.device)
        window = 0.5 - 0.5 * torch.cos(samples.double() * (2.0 * math.pi / self.n_fft))
        self.window = window.float()
        squares = window.square().view(self.blocks, self.hop)
        weight = torch.zeros(self.n_frames + self.blocks - 1, self.hop, device=like.device).double()
        for block in range(self.blocks):
            weight[block:block + self.n_frames] += squares[block]
        inside = torch.zeros_like(weight)
        inside[self.blocks // 2:self.blocks // 2 + self.n_frames] = 1.0  # a note has nothing before and after it
        self.gain = (inside / weight.clamp(min=1e-2)).float()
