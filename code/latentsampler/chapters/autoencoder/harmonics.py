r"""A last layer that knows where the harmonics of a pitch lie.

A note's harmonics sit at whole multiples of its fundamental. That is arithmetic, not something to be learned again for
every pitch from the few recordings that have it. So the weights of this layer, one spectrum per channel, are a
function of each band's place in the spectrum *and* of its place among the harmonics:

.. math:: \log \hat S_{mt} = \sum_c w_c(m, p)\, x_{ct}, \quad w = \mathrm{MLP}(m, \log f_m / f_0, \text{comb}_p(m)).

A timbre found at one pitch then carries over to the others, also between the notes of a keyboard.

Contents
--------
HarmonicLayer   frames of channels, pitch -> log mel
comb            pitch -> level of a harmonic spectrum in every mel band
"""

import math

import torch
from torch import nn

from latentsampler.sound.audio import mel_filter_bank

OCTAVES = torch.linspace(-2.0, 8.0, 21)  # centres of a band's place above the fundamental
PLACES = 17  # centres of a band's place in the spectrum


class HarmonicLayer(nn.Module):
    """Channels ``(B, C, T)``, condition ``(B, D)`` and pitch ``(B,)`` -> log mel ``(B, M, T)``.

    Parameters
    ----------
    mel : MelConfig
        The front-end.
    channels, condition : int
        C and D.
    spectra : int
        How many spectra are mixed in every frame.
    """

    def __init__(self, mel, channels, condition, spectra=32):
        super().__init__()
        bank = mel_filter_bank(mel)  # (M, F)
        bank = bank / bank.sum(dim=1, keepdim=True).clamp(min=1e-9)
        hz = torch.arange(bank.shape[1]) * (mel.sample_rate / mel.n_fft)  # (F,)
        hidden = max(8, channels // 2)
        self.bin_hz = mel.sample_rate / mel.n_fft
        self.register_buffer("bank", bank, persistent=False)
        self.register_buffer("hz", hz, persistent=False)
        self.register_buffer("band_hz", (bank @ hz).clamp(min=self.bin_hz / 2), persistent=False)  # (M,)
        self.register_buffer("octaves", OCTAVES.clone(), persistent=False)
        self.register_buffer("places", _bumps(torch.linspace(0.0, 1.0, mel.n_mels)[:, None],
                                              torch.linspace(0.0, 1.0, PLACES)), persistent=False)  # (M, 17)
        self.spectra = nn.Sequential(nn.Linear(4 + len(OCTAVES) + PLACES, hidden), nn.GELU(),
                                     nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, spectra))
        self.mix = nn.Conv1d(channels, spectra, 1)
        self.level = nn.Linear(condition, spectra)  # what is constant over a note need not pass the frames

    def forward(self, x, condition, pitch):
        """Return the log mel of frames at a pitch."""
        weights = self.spectra(self.features(pitch))  # (B, M, spectra)
        return weights @ (self.mix(x) + self.level(condition).unsqueeze(2))  # (B, M, T)

    def features(self, pitch):
        """Return what is known of every band ``(B, M, 42)`` at pitches ``(B,)``, MIDI note numbers or NaN."""
        pitched = torch.isfinite(pitch)
        note = torch.where(pitched, pitch, torch.full_like(pitch, 69.0)).double()  # 268 harmonics up, f0's digits count
        f0 = 440.0 * torch.exp((note - 69.0) * (math.log(2.0) / 12.0))  # (B,) Hz
        combs = [self.comb(f0, 1.0, 1.0), self.comb(f0, 1.0, 2.0), self.comb(f0, 2.0, 2.0)]  # all, odd, even harmonics
        octave = torch.log2(self.band_hz / f0.unsqueeze(1)).float().unsqueeze(2)  # (B, M, 1)
        known = torch.cat([torch.stack(combs, dim=2), torch.ones_like(octave), _bumps(octave, self.octaves)], dim=2)
        return torch.cat([known * pitched[:, None, None], self.places.expand(len(pitch), -1, -1)], dim=2)

    def comb(self, f0, first: float, step: float):
        """Return log levels ``(B, M)`` of equal sinusoids at ``f0 (first + k step)``, f0 double, in a Hann window."""
        place = self.hz / f0.unsqueeze(1)  # (B, F): in harmonics
        nearest = (((place - first) / step).round() * step + first).clamp(min=first)
        away = ((place - nearest) * f0.unsqueeze(1) / self.bin_hz).abs()  # (B, F): in bins
        near = away < 0.5
        x = torch.where(near, away, 1.0 - away)  # sin(pi x) is the same, and the quotient has digits at both zeros
        # the window's main lobe, sinc(away) / (1 - away^2): Harris, Proc. IEEE 66(1), 1978, eq. 21
        lobe = torch.sinc(x) / torch.where(near, 1.0 - x * x, away * (1.0 + away))
        lobe = torch.where(away < 2.0, lobe, torch.zeros_like(x)).float()
        return 0.5 * torch.log(lobe @ self.bank.T + 0.01) + 1.0  # (B, M): about -1.3 to 1


def _bumps(values, centres):
    """Return Gaussian bumps as wide as the centres are apart: ``(..., 1)`` -> ``(..., n)``."""
    return torch.exp(-0.5 * ((values - centres) / (centres[1] - centres[0])) ** 2)
