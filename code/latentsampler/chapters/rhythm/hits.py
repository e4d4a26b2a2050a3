"""One hit of a drum <-> envelopes: a gliding sine for the skin, filtered noise for the rest.

A harmonic vocoder has no place for a drum: a kick is one partial that falls by two octaves in 50 ms, a hat has none.
So a hit is taken apart: below ``SPLIT`` Hz one sine with its own frequency and amplitude, above (and for what the sine
leaves) white noise whose spectrum changes every 1.5 ms. Both are sampled at times that are dense at the attack.

Conventions
-----------
* 44,100 Hz, ``N_SAMPLES`` = 65,536 (1.49 s), float32 in [-1, 1].
* Envelopes ``(B, 26, 40)``: 24 bands of noise in dB, amplitude of the sine in dB, its frequency in octaves re 100 Hz,
  at ``TIMES``. Silence is ``FLOOR`` dB.

Contents
--------
analyse     waveforms -> envelopes
Synthesis   envelopes -> waveforms, a scriptable module without parameters
"""

import numpy as np
import torch
from scipy.signal import butter, hilbert, sosfiltfilt
from torch import nn

SAMPLE_RATE, N_SAMPLES = 44_100, 65_536
N_FFT, HOP = 256, 64
N_FRAMES = N_SAMPLES // HOP + 1
N_BANDS, N_TIMES = 24, 40
FLOOR, SPLIT = -80.0, 350.0
BINS = np.arange(N_FFT // 2 + 1) * SAMPLE_RATE / N_FFT  # Hz
CENTRES = np.geomspace(250.0, 19_000.0, N_BANDS)  # Hz
TIMES = np.unique(np.concatenate([np.arange(8), np.geomspace(8, N_FRAMES - 1, N_TIMES - 8)]))  # frames


def _interpolation(points, at, scale=np.asarray):
    """Return the matrix ``(len(at), len(points))`` that interpolates linearly, constant beyond the ends."""
    return np.stack([np.interp(scale(at), scale(points), row) for row in np.eye(len(points))], 1).astype(np.float32)


def _average(matrix):
    """Return the means over what an interpolation spreads a point to: ``(points, at)``."""
    return (matrix / matrix.sum(0).clip(1e-9)).T


OVER_BINS = _interpolation(CENTRES, BINS, lambda hz: np.log(np.maximum(hz, 1.0)))  # (129, 24)
OVER_FRAMES = _interpolation(TIMES, np.arange(N_FRAMES))  # (1025, 40)


def analyse(waveforms):
    """Return the envelopes of hits.

    Parameters
    ----------
    waveforms : numpy.ndarray
        ``(B, 65536)``.

    Returns
    -------
    numpy.ndarray
        ``(B, 26, 40)`` float32.
    """
    low = sosfiltfilt(butter(2, (25.0, SPLIT), "band", fs=SAMPLE_RATE, output="sos"), waveforms, axis=1)
    analytic = hilbert(low, axis=1)
    power = np.abs(analytic) ** 2  # of the sine's amplitude
    hertz = np.diff(np.unwrap(np.angle(analytic), axis=1), axis=1, append=0.0) * SAMPLE_RATE / (2.0 * np.pi)
    hertz = hertz.clip(25.0, SPLIT)
    window = np.hanning(4 * HOP + 1)[None]
    smooth = [np.apply_along_axis(np.convolve, 1, x, window[0] / window.sum(), "same")[:, ::HOP]
              for x in (power, power * hertz)]  # (B, 1024) each
    smooth = [np.concatenate([x, x[:, -1:]], 1)[:, :N_FRAMES] for x in smooth]
    times = _average(OVER_FRAMES)  # (40, 1025)
    power_at, weighted = (x @ times.T for x in smooth)  # (B, 40)
    sounding = power_at > 1e-8
    octaves = np.where(sounding, np.log2(np.where(sounding, weighted / power_at.clip(1e-12), 1.0) / 100.0), np.nan)
    noise = torch.stft(torch.from_numpy(waveforms - low).float(), N_FFT, HOP, window=torch.hann_window(N_FFT),
                       pad_mode="constant", return_complex=True).abs().pow(2).numpy()  # (B, 129, 1025)
    bands = np.einsum("kf,bft,nt->bkn", _average(OVER_BINS), noise, times)  # (B, 24, 40)
    bands = 10.0 * np.log10(bands / WHITE + 10.0 ** (FLOOR / 10.0))
    sine = 10.0 * np.log10(power_at + 10.0 ** (FLOOR / 10.0))
    return np.concatenate([bands, sine[:, None], _filled(octaves)[:, None]], 1).astype(np.float32)


WHITE = float((np.hanning(N_FFT + 1)[:-1] ** 2).sum())  # power of white noise of unit variance in a bin


def _filled(octaves):
    """Return frequencies with the gaps filled by the last one before, or the first one after."""
    filled = octaves.copy()
    for row in filled:
        known = np.flatnonzero(np.isfinite(row))
        row[:] = np.interp(np.arange(len(row)), known, row[known]) if len(known) else 0.0
    return filled


class Synthesis(nn.Module):
    """Envelopes ``(B, 26, 40)`` -> waveforms ``(B, 65536)``; the same noise every time."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("noise", torch.randn(N_SAMPLES, generator=generator))
        self.register_buffer("window", torch.hann_window(N_FFT))
        self.register_buffer("over_bins", torch.from_numpy(OVER_BINS))
        self.register_buffer("over_frames", torch.from_numpy(OVER_FRAMES))
        self.register_buffer("fade", torch.linspace(1.0, 0.0, 2048))
        self.n_fft, self.hop, self.n_samples, self.n_bands = N_FFT, HOP, N_SAMPLES, N_BANDS
        self.rate, self.floor = float(SAMPLE_RATE), FLOOR

    def forward(self, envelopes):
        """Return the waveforms of envelopes."""
        frames = envelopes @ self.over_frames.T  # (B, 26, 1025)
        gain = self.amplitude(self.over_bins @ frames[:, :self.n_bands])  # (B, 129, 1025)
        spectrum = torch.stft(self.noise, self.n_fft, self.hop, window=self.window, pad_mode="constant",
                              return_complex=True)
        noise = torch.istft(spectrum * gain, self.n_fft, self.hop, window=self.window, length=self.n_samples)
        sine = nn.functional.interpolate(frames[:, self.n_bands:], size=self.n_samples, mode="linear")  # (B, 2, N)
        hertz = 100.0 * torch.exp2(sine[:, 1])
        phase = torch.cumsum(hertz.double() / self.rate, 1)  # in turns
        tone = torch.sin(2.0 * torch.pi * (phase - phase.floor())).to(noise.dtype)
        waveform = noise + self.amplitude(sine[:, 0]) * tone
        tail = torch.ones_like(waveform[:, len(self.fade):])
        return waveform * torch.cat([tail, self.fade.expand(len(waveform), -1)], 1)

    def amplitude(self, decibels):
        """Return amplitudes; silence at the floor is exactly 0."""
        return (torch.pow(10.0, decibels / 20.0) - 10.0 ** (self.floor / 20.0)).clamp(0.0, 2.0)
