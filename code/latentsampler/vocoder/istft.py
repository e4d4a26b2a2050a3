"""Inverse short-time Fourier transform in real arithmetic, in one transposed convolution.

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
        Samples; ``n_fft`` a multiple of ``2 * hop_length``.
    n_frames : int
        Frames of a whole note.
    """

    def __init__(self, n_fft, hop_length, n_frames):
        super().__init__()
        self.n_fft, self.hop, self.n_frames = n_fft, hop_length, n_frames
        self.register_buffer("basis", _basis(n_fft))  # (2 F, 1, n_fft)
        window = torch.hann_window(n_fft)
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
        frames = spectrum[:, :, low:high]  # (B, 2 F, t)
        added = functional.conv_transpose1d(frames, self.basis, stride=self.hop)  # (B, 1, (t - 1) hop + n_fft)
        begin = first + reach - low * self.hop
        piece = added[:, 0, begin:begin + count]
        return piece * self.gain[first:first + count]


def _basis(n_fft):
    """Windowed inverse real DFT: ``(2 F, 1, n_fft)``."""
    n_bins = 1 + n_fft // 2
    angle = 2.0 * math.pi * torch.outer(torch.arange(n_bins, dtype=torch.float64),
                                        torch.arange(n_fft, dtype=torch.float64)) / n_fft  # (F, n_fft)
    share = torch.full((n_bins, 1), 2.0 / n_fft, dtype=torch.float64)  # both halves of the spectrum ...
    share[0], share[-1] = 1.0 / n_fft, 1.0 / n_fft  # ... but DC and Nyquist stand once
    window = torch.hann_window(n_fft, dtype=torch.float64)
    return (torch.cat([share * angle.cos(), -share * angle.sin()]) * window).float().unsqueeze(1)
