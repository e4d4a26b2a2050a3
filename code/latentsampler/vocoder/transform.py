"""Short-time Fourier transform and its inverse, frame by frame, so that a note can start before it is finished.

There are two ways to the same numbers: Fast Fourier transforms, and matrix products in real arithmetic, for hosts
that have neither these nor complex numbers (ONNX in a browser). The second is four times slower.

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

TABLES = ("cosine_even", "cosine_odd", "sine_even", "sine_odd", "window", "gain")


class Transform(nn.Module):
    """Hann-windowed short-time Fourier transform, and its least-squares inverse.

    Parameters
    ----------
    n_fft, hop_length : int
        Samples; ``n_fft`` a multiple of four and of twice the hop.
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
        if n_fft % (2 * hop_length) or n_fft % 4:
            raise ValueError(f"expected an FFT of an even multiple of the hop {hop_length}, got {n_fft}")
        self.n_fft, self.hop, self.n_frames, self.blocks = n_fft, hop_length, n_frames, n_fft // hop_length
        self.half, self.quarter, self.fast = n_fft // 2, n_fft // 4, True
        for name in TABLES:
            self.register_buffer(name, torch.zeros(0), persistent=False)

    def signal(self, spectrum, first: int):
        """Return the signal ``(B, t + blocks - 1, hop)`` of frames ``first`` to ``first + t`` of a note."""
        if self.fast:
            frames = torch.fft.irfft(torch.view_as_complex(spectrum), self.n_fft)
        else:
            turned = spectrum.permute(3, 0, 2, 1)  # (2, B, F, t)
            frames = self.frames(turned[0], turned[1]).transpose(1, 2)
        parts = (frames * self.window).unflatten(2, (self.blocks, self.hop))  # (B, t, blocks, hop)
        total = functional.pad(parts[:, :, 0], [0, 0, 0, self.blocks - 1])  # (B, t + blocks - 1, hop)
        for block in range(1, self.blocks):
            total = total + functional.pad(parts[:, :, block], [0, 0, block, self.blocks - 1 - block])
        return total * self.gain[first:first + total.shape[1]]

    def analyse(self, signal):
        """Return the spectrum ``(B, t, F, 2)`` of a signal ``(B, t + blocks - 1, hop)``."""
        if self.fast:
            return torch.view_as_real(torch.fft.rfft(signal.flatten(1).unfold(1, self.n_fft, self.hop) * self.window))
        count = signal.shape[1] - self.blocks + 1
        frames = torch.cat([signal[:, block:block + count] for block in range(self.blocks)], dim=2) * self.window
        real, imaginary = self.bins(frames.transpose(1, 2))
        return torch.stack([real, imaginary], dim=3).transpose(1, 2)

    def power(self, spectrum):
        """Return the power ``(B, t, F)`` of a spectrum."""
        squares = spectrum.square()
        return squares[..., 0] + squares[..., 1]  # a sum over so short an axis takes eight times as long

    def scaled(self, spectrum, factor):
        """Return a spectrum times factors ``(B, t, F)``."""
        if self.fast:  # several times as fast as the other way
            return torch.view_as_real(torch.view_as_complex(spectrum) * factor)
        return spectrum * factor[..., None]

    def joined(self, real, imaginary):
        """Return the spectrum of real and imaginary parts ``(B, t, F)``."""
        if self.fast:  # again
            return torch.view_as_real(torch.complex(real, imaginary))
        return torch.stack([real, imaginary], dim=3)

    def bins(self, frames):
        """Return the Fourier transform, two ``(B, F, t)``, of frames ``(B, n_fft, t)``, by matrix products.

        Cosines are even about the middle sample, sines odd; about the quarter, those of even bins and of odd bins
        mirror differently. Both halve the work.
        """
        begin = frames[:, :self.half + 1]  # (B, half + 1, t)
        end = functional.pad(frames[:, self.half + 1:].flip(1), [0, 0, 1, 1])
        even, odd = begin + end, begin - end
        low, high = even[:, :self.quarter + 1], even[:, self.quarter:].flip(1)
        real = self.interleave(self.cosine_even @ (low + high), self.cosine_odd @ (low - high))
        low, high = odd[:, :self.quarter + 1], odd[:, self.quarter:].flip(1)
        return real, -self.interleave(self.sine_even @ (low - high), self.sine_odd @ (low + high))

    def frames(self, real, imaginary):
        """Return the inverse Fourier transform ``(B, n_fft, t)`` of two ``(B, F, t)``, by matrix products."""
        edges = torch.ones_like(real[:, :1])
        twice = torch.cat([edges, 2.0 * torch.ones_like(real[:, 1:-1]), edges], dim=1) / self.n_fft
        real, imaginary = real * twice, imaginary * twice  # both halves of a spectrum, but DC and Nyquist stand once
        c_even, c_odd = self.cosine_even.t() @ real[:, ::2], self.cosine_odd.t() @ real[:, 1::2]
        s_even, s_odd = self.sine_even.t() @ imaginary[:, ::2], self.sine_odd.t() @ imaginary[:, 1::2]
        cosine = torch.cat([(c_even + c_odd)[:, :-1], (2.0 * c_even)[:, -1:], (c_even - c_odd)[:, :-1].flip(1)], dim=1)
        sine = torch.cat([(s_even + s_odd)[:, :-1], (2.0 * s_odd)[:, -1:], (s_odd - s_even)[:, :-1].flip(1)], dim=1)
        return torch.cat([cosine - sine, (cosine + sine)[:, 1:-1].flip(1)], dim=1)

    def interleave(self, even, odd):
        """Return bins 0, 1, 2, ... of even ``(B, n + 1, t)`` and odd ``(B, n, t)`` ones."""
        pairs = torch.stack([even[:, :-1], odd], dim=2).flatten(1, 2)
        return torch.cat([pairs, even[:, -1:]], dim=1)

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
        quarter, even, odd = samples[:self.quarter + 1], samples[:self.half + 1:2], samples[1:self.half:2]
        self.cosine_even, self.sine_even = self.table(even, quarter, 0), self.table(even, quarter, 1)
        self.cosine_odd, self.sine_odd = self.table(odd, quarter, 0), self.table(odd, quarter, 1)
        window = 0.5 - 0.5 * torch.cos(samples.double() * (2.0 * math.pi / self.n_fft))
        self.window = window.float()
        squares = window.square().view(self.blocks, self.hop)
        weight = torch.zeros(self.n_frames + self.blocks - 1, self.hop, device=like.device).double()
        for block in range(self.blocks):
            weight[block:block + self.n_frames] += squares[block]
        inside = torch.zeros_like(weight)
        inside[self.blocks // 2:self.blocks // 2 + self.n_frames] = 1.0  # a note has nothing before and after it
        self.gain = (inside / weight.clamp(min=1e-2)).float()

    def table(self, bins, samples, quarter_turns: int):
        """Return the cosines, or with a quarter turn the sines, ``(bins, samples)``."""
        turns = torch.remainder(bins[:, None] * samples, self.n_fft).double() / self.n_fft
        once = torch.ones_like(turns)
        once[:, -1] = 0.5  # the quarter is its own mirror image
        return (torch.cos(2.0 * math.pi * (turns - 0.25 * quarter_turns)) * once).float()
