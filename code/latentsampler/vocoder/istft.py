"""Inverse short-time Fourier transform in real arithmetic: two matrix products and shifted sums.

Hosts without complex numbers (ONNX, browsers) can run it, and any run of frames can be computed alone, which lets
a note start before it is finished.

Conventions
-----------
* A spectrum is ``(batch, 2 F, T)``, F = 1 + n_fft / 2: real parts, then imaginary parts. Frame ``t`` is centred on
  sample ``t * hop_length``, phases are counted from the frame's *first* sample, as torch.stft does.

Contents
--------
InverseSTFT   spectrum -> waveform, whole or in pieces
"""

import math

import torch
from torch import nn
from torch.nn import functional


class InverseSTFT(nn.Module):
    """Least-squares inverse of a Hann-windowed STFT (Griffin and Lim, IEEE Trans. ASSP 32(2), 1984, eq. 6).

    Parameters
    ----------
    n_fft, hop_length : int
        Samples; ``n_fft`` an even multiple of ``hop_length``.
    n_frames : int
        Frames of a whole note.

    Raises
    ------
    ValueError
        If ``n_fft`` is no such multiple.
    """

    def __init__(self, n_fft, hop_length, n_frames):
        super().__init__()
        if n_fft % (2 * hop_length):
            raise ValueError(f"expected an FFT of an even multiple of the hop {hop_length}, got {n_fft}")
        self.n_fft, self.hop, self.n_frames = n_fft, hop_length, n_frames
        cosine, sine = _bases(n_fft)
        self.register_buffer("cosine", cosine)  # (F, F)
        self.register_buffer("sine", sine)  # (F, F)
        window = torch.hann_window(n_fft)
        self.register_buffer("window", window[:, None])  # (n_fft, 1)
        weight = torch.zeros((n_frames - 1) * hop_length + n_fft)
        for frame in range(n_frames):
            weight[frame * hop_length:frame * hop_length + n_fft] += window.square()
        kept = weight[n_fft // 2:n_fft // 2 + n_frames * hop_length]
        self.register_buffer("gain", 1.0 / kept.clamp(min=1e-2))  # (N,)

    def forward(self, spectrum):
        """Return the waveform ``(B, T * hop)`` of a spectrum ``(B, 2 F, T)``."""
        return self.render(spectrum, 0, self.n_frames * self.hop)

    def render(self, spectrum, first: int, count: int):
        """Return samples ``first`` to ``first + count`` of the waveform: ``(B, count)``.

        Parameters
        ----------
        spectrum : torch.Tensor
            ``(B, 2 F, T)``, the whole note's.
        first, count : int
            Samples.

        Returns
        -------
        torch.Tensor
            ``(B, count)``, equal to that piece of the whole.
        """
        reach = self.n_fft // 2  # a frame reaches this many samples to either side of its centre
        low = max(0, (first - reach) // self.hop)
        high = min(self.n_frames, (first + count + reach) // self.hop + 1)
        frames = self.frames(spectrum[:, :, low:high])  # (B, n_fft, t)
        begin = first + reach - low * self.hop
        piece = self.overlap(frames)[:, begin:begin + count]
        return piece * self.gain[first:first + count]

    def frames(self, spectrum):
        """Return the windowed frames ``(B, n_fft, t)`` of a spectrum ``(B, 2 F, t)``."""
        real, imaginary = spectrum.chunk(2, dim=1)  # (B, F, t)
        even, odd = self.cosine @ real, self.sine @ imaginary  # samples 0 to n_fft / 2 of each: (B, F, t)
        mirrored = (even - odd)[:, 1:-1].flip(1)  # cosines are even about n_fft / 2, sines odd
        return torch.cat([even + odd, mirrored], dim=1) * self.window

    def overlap(self, frames):
        """Return the sum ``(B, (t + n_fft / hop - 1) hop)`` of frames ``(B, n_fft, t)``, a hop apart."""
        blocks = self.n_fft // self.hop
        parts = frames.unflatten(1, (blocks, self.hop))  # (B, blocks, hop, t)
        total = functional.pad(parts[:, 0], [0, blocks - 1])  # (B, hop, t + blocks - 1)
        for block in range(1, blocks):
            total = total + functional.pad(parts[:, block], [block, blocks - 1 - block])
        return total.transpose(1, 2).flatten(1)


def _bases(n_fft):
    """Return the inverse real DFT for the first half of a frame: cosine and sine ``(1 + n_fft / 2, F)``."""
    n_bins = 1 + n_fft // 2
    k = torch.arange(n_bins, dtype=torch.float64)
    angle = 2.0 * math.pi * torch.outer(k, k) / n_fft  # (sample, bin)
    share = torch.full((n_bins,), 2.0 / n_fft, dtype=torch.float64)  # both halves of the spectrum ...
    share[0], share[-1] = 1.0 / n_fft, 1.0 / n_fft  # ... but DC and Nyquist stand once
    return (angle.cos() * share).float(), (-angle.sin() * share).float()
