"""A vocoder that is told the pitch: magnitudes from the mel, phases from the known harmonics.

Phase is what a mel lacks. But a note of known fundamental f0 is (mostly) a sum of sinusoids at h f0: in frame t the
h-th one has the phase 2 pi h f0 t hop / sample_rate, and so has every STFT bin in whose main lobe it lies. Setting
each bin to the phase of its nearest harmonic, with the least-squares magnitude of the mel, already gives a sound
near Griffin-Lim's; a small network over frames then corrects magnitudes and phases.

Contents
--------
HarmonicVocoder   mel, pitch -> waveform; ``start`` and ``render`` for the first sound before the whole
"""

import math

import torch
from torch import nn
from torch.nn import functional

from latentsampler.audio import LogMel, mel_inverse
from latentsampler.vocoder.istft import InverseSTFT


class Block(nn.Module):
    """ConvNeXt block over frames (Liu et al., CVPR 2022; as in Vocos, Siuzdak, ICLR 2024)."""

    def __init__(self, width):
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.GroupNorm(1, width)
        self.widen = nn.Conv1d(width, 3 * width, 1)
        self.narrow = nn.Conv1d(3 * width, width, 1)
        nn.init.zeros_(self.narrow.weight)  # the block starts as the identity

    def forward(self, x):
        """Return ``(B, width, T)`` of the same."""
        return x + self.narrow(functional.gelu(self.widen(self.norm(self.depthwise(x)))))


class HarmonicVocoder(nn.Module):
    """Mel ``(B, M, T)`` and pitch ``(B,)`` (MIDI note numbers, NaN = unpitched) -> waveform ``(B, T * hop)``.

    Parameters
    ----------
    mel : MelConfig
        The front-end.
    width, depth : int
        Channels and blocks of the correcting network.
    """

    needs_pitch = True

    def __init__(self, mel, width, depth):
        super().__init__()
        self.sample_rate, self.hop, self.n_bins = mel.sample_rate, mel.hop_length, 1 + mel.n_fft // 2
        self.scale = LogMel()
        self.register_buffer("inverse", mel_inverse(mel))  # (F, M)
        self.register_buffer("noise", _noise_phases(mel))  # (1, F, T): phases of what has no harmonics
        bins = torch.arange(self.n_bins, dtype=torch.float64) * mel.sample_rate / mel.n_fft
        self.register_buffer("bin_hz", bins.float())  # (F,)
        self.register_buffer("flip", (-1.0) ** torch.arange(self.n_bins)[:, None])  # (F, 1)
        self.register_buffer("seconds", torch.arange(mel.n_frames, dtype=torch.float64)
                             * mel.hop_length / mel.sample_rate)  # (T,)
        self.enter = nn.Conv1d(mel.n_mels + 1, width, 3, padding=1)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(depth)])
        self.leave = nn.Conv1d(width, 2 * self.n_bins, 1)
        nn.init.zeros_(self.leave.weight)  # training starts at the uncorrected sound
        nn.init.zeros_(self.leave.bias)
        self.istft = InverseSTFT(mel.n_fft, mel.hop_length, mel.n_frames)

    def forward(self, mel, pitch):
        """Return the waveform of a mel at a pitch."""
        return self.istft(self.spectrum(mel, pitch))

    def spectrum(self, mel, pitch):
        """Return the STFT ``(B, 2 F, T)`` of a mel ``(B, M, T)`` at a pitch ``(B,)``."""
        size = (self.inverse @ mel).clamp(min=0.0)  # (B, F, T)
        phase = self.phases(pitch)  # (B, F, T)
        known = torch.nan_to_num(pitch, nan=0.0) / 64.0 - 1.0  # (B,)
        inside = torch.cat([self.scale(mel), known[:, None, None].expand(-1, 1, mel.shape[2])], dim=1)
        real, imaginary = self.leave(self.blocks(self.enter(inside))).chunk(2, dim=1)  # (B, F, T) each
        c, s = phase.cos() * size, phase.sin() * size
        return torch.cat([c * (1.0 + real) - s * imaginary, s * (1.0 + real) + c * imaginary], dim=1)

    def phases(self, pitch):
        """Return the phase ``(B, F, T)`` in radians of every bin's nearest harmonic.

        Parameters
        ----------
        pitch : torch.Tensor
            ``(B,)`` MIDI note numbers; NaN gives fixed random phases.

        Returns
        -------
        torch.Tensor
            Radians.
        """
        voiced = torch.isfinite(pitch)
        note = torch.where(voiced, pitch, torch.full_like(pitch, 69.0)).double()
        f0 = 440.0 * torch.exp((note - 69.0) * (math.log(2.0) / 12.0))  # (B,) Hz
        harmonic = (self.bin_hz / f0[:, None]).round().clamp(min=1.0)  # (B, F)
        cycles = (harmonic * f0[:, None]).unsqueeze(2) * self.seconds  # (B, F, T), in double: thousands of cycles
        # (-1)^bin: phases are counted from the frame's first sample, half a window before its centre
        turns = (cycles - cycles.floor()).float() + 0.25 * (1.0 - self.flip)
        return torch.where(voiced[:, None, None], 2.0 * math.pi * turns, self.noise)

    @torch.jit.export
    def start(self, mel, pitch):
        """Return the state from which :meth:`render` computes pieces of one note."""
        return [self.spectrum(mel, pitch)]

    @torch.jit.export
    def render(self, state: list[torch.Tensor], first: int, count: int):
        """Return samples ``first`` to ``first + count`` of a started note: ``(B, count)``."""
        return self.istft.render(state[0], first, count)


def _noise_phases(mel):
    """Return the phases ``(1, F, T)`` of white noise: drawn freely, overlapping frames would cancel by 6 dB."""
    noise = torch.randn(1, mel.n_samples, generator=torch.Generator().manual_seed(0))
    spectrum = torch.stft(noise, mel.n_fft, mel.hop_length, window=torch.hann_window(mel.n_fft), pad_mode="constant",
                          return_complex=True)  # (1, F, T + 1)
    return spectrum[..., :mel.n_frames].angle()
