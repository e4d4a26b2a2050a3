"""A vocoder that is told the pitch: magnitudes from the mel, phases from the harmonics that it hears in it.

Phase is what a mel lacks. But a note of known pitch is (mostly) a sum of sinusoids at h f0(t), and where f0 moves
(vibrato, a string that is not quite in tune) the mel shows it: the harmonics' lobes move. So

1. the least-squares magnitude of every bin comes from the mel, which a small network corrects;
2. f0 in every frame comes from the asked pitch and from how far the lobes' centres lie from its harmonics;
3. every bin gets the phase of its nearest harmonic, the integral of h f0; what is between them gets a noise's;
4. a few fast Griffin-Lim iterations, which from such a start get further than sixty from a random one.

The iterations see only a few frames to either side, so that any piece of a note can be rendered alone.

Contents
--------
HarmonicVocoder   mel, pitch -> waveform; ``start`` and ``render`` for the first sound before the whole
"""

import math
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional

from latentsampler.audio import LogMel, mel_filter_bank
from latentsampler.vocoder.transform import Transform

BANDS = 32  # in which the network says what it says of bins
MADE = ("inverse", "noise_real", "noise_imaginary")  # at construction, or in a loaded file at the first call


class Block(nn.Module):
    """ConvNeXt block over frames (Liu et al., CVPR 2022; as in Vocos, Siuzdak, ICLR 2024)."""

    def __init__(self, width):
        super().__init__()
        self.across = nn.Parameter(torch.randn(7, width) / 7.0)  # a depthwise convolution, frames first
        self.norm = nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        nn.init.zeros_(self.narrow.weight)  # the block starts as the identity

    def forward(self, x):
        """Return ``(B, T, width)`` of the same."""
        around = functional.pad(x, [0, 0, 3, 3])
        mixed = around[:, :-6] * self.across[0]
        for k in range(1, 7):
            mixed = mixed + around[:, k:k + x.shape[1]] * self.across[k]
        return x + self.narrow(functional.gelu(self.widen(self.norm(mixed))))


class HarmonicVocoder(nn.Module):
    """Mel ``(B, M, T)`` and pitch ``(B,)`` (MIDI note numbers, NaN = unpitched) -> waveform ``(B, T * hop)``.

    Parameters
    ----------
    mel : MelConfig
        The front-end.
    width, depth : int
        Channels and blocks of the correcting network; depth 0 leaves it out.
    iterations : int
        Of fast Griffin-Lim.
    bend : bool
        Follow f0 in every frame; else the asked pitch is kept.
    noise : bool
        Give what lies between harmonics the phases of a noise.
    disperse : bool
        Schroeder's start phases; else all harmonics start in phase, which makes a click.
    """

    needs_pitch = True

    def __init__(self, mel, width, depth, iterations=3, bend=True, noise=True, disperse=True):
        super().__init__()
        self.iterations, self.bends, self.noisy, self.disperse = iterations, bend, noise, disperse
        self.corrects = depth > 0
        self.n_frames, self.hop, self.n_mels = mel.n_frames, mel.hop_length, mel.n_mels
        self.n_bins, self.bin_hz = 1 + mel.n_fft // 2, mel.sample_rate / mel.n_fft
        self.seconds_per_frame = mel.hop_length / mel.sample_rate
        self.harmonics, self.reach = 24, 3  # whose lobes are looked at; bins to either side of one
        self.tallest_hz = 4000.0  # above it, bands are wider than a lobe
        self.silent = 0.03  # power of a lobe (a full-scale sinusoid's is 65,536) from which on it counts
        self.small = 1e-5  # power of a bin (-98 dB) below which it has no phase worth a gradient
        self.scale, self.transform = LogMel(), Transform(mel.n_fft, mel.hop_length, mel.n_frames)
        self.register_buffer("bank", mel_filter_bank(mel))  # (M, F), nearly all zeros
        triangles = mel_filter_bank(replace(mel, n_mels=BANDS, norm="none"))  # (BANDS, F)
        self.register_buffer("spread", triangles / triangles.sum(0).clamp(min=1e-3))
        for name in MADE:
            self.register_buffer(name, torch.zeros(0), persistent=False)
        self.enter = nn.Linear(mel.n_mels + 1, width)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(depth)])
        self.leave = nn.Linear(width, mel.n_mels + 3 * BANDS)
        nn.init.zeros_(self.leave.weight)  # training starts at the uncorrected sound
        nn.init.zeros_(self.leave.bias)
        self.momentum = nn.Parameter(torch.linspace(0.8, 0.6, max(1, iterations - 1)))
        self.prepare(self.bank)

    def forward(self, mel, pitch):
        """Return the waveform of a mel at a pitch."""
        return self.render(self.start(mel, pitch), 0, self.n_frames * self.hop)

    @torch.jit.export
    def start(self, mel, pitch):
        """Return the state from which :meth:`render` computes pieces of one note: magnitude and first spectrum."""
        self.prepare(mel)
        voiced = torch.isfinite(pitch)
        note = torch.where(voiced, pitch, torch.full_like(pitch, 69.0)).double()
        f0 = 440.0 * torch.exp((note - 69.0) * (math.log(2.0) / 12.0))  # (B,) Hz
        position = torch.arange(self.n_bins, device=mel.device) * (self.bin_hz / f0)[:, None]  # (B, F) harmonics
        number = position.round().clamp(1.0, self.n_bins - 1.0)
        away = ((position - number).abs() * (f0 / self.bin_hz)[:, None]).float()[:, None]  # (B, 1, F) bins
        noisiness = (2.0 * (away - 3.5)).clamp(-4.0, 4.0).expand(-1, self.n_frames, -1)
        if self.corrects:
            comb = torch.cos(2.0 * math.pi * position).float()[:, None]  # 1 on harmonics, -1 half way between
            size, noisiness = self.correct(mel.transpose(1, 2).contiguous(), note, comb, noisiness)
        else:
            size = self.magnitude(mel.transpose(1, 2))
        real, imaginary = self.harmonic_phasors(number, f0, self.bend(size.detach(), f0))
        share = torch.sigmoid(noisiness) if self.noisy else torch.zeros_like(noisiness)
        share = torch.where(voiced[:, None, None], share, torch.ones_like(noisiness))
        real = real + share * (self.noise_real - real)
        imaginary = imaginary + share * (self.noise_imaginary - imaginary)
        unit = size * torch.rsqrt(real * real + imaginary * imaginary + self.small)
        return [size, unit * real, unit * imaginary]

    @torch.jit.export
    def render(self, state: list[torch.Tensor], first: int, count: int):
        """Return samples ``first`` to ``first + count`` of a started note: ``(B, count)``.

        Parameters
        ----------
        state : list of torch.Tensor
            From :meth:`start`.
        first, count : int
            Samples.

        Returns
        -------
        torch.Tensor
            ``(B, count)``, equal to that piece of the whole.
        """
        margin = (self.transform.blocks - 1) * (1 + self.iterations)  # frames overlap with three to either side
        begin = max(0, first // self.hop - margin)
        end = min(self.n_frames, (first + count - 1) // self.hop + 1 + margin)
        size, real, imaginary = state[0][:, begin:end], state[1][:, begin:end], state[2][:, begin:end]
        real, imaginary = self.refine(size, real, imaginary, begin)
        skip = first - (begin - self.transform.blocks // 2) * self.hop
        return self.transform.signal(real, imaginary, begin).flatten(1)[:, skip:skip + count]

    def refine(self, size, real, imaginary, first: int):
        """Return a spectrum after fast Griffin-Lim iterations (Perraudin et al., WASPAA 2013, algorithm 2).

        Parameters
        ----------
        size, real, imaginary : torch.Tensor
            ``(B, t, F)`` each: wanted magnitudes, and where to begin.
        first : int
            Frame of the note at which they begin.

        Returns
        -------
        tuple of torch.Tensor
            Real and imaginary parts ``(B, t, F)``.
        """
        last_real, last_imaginary = real, imaginary
        for iteration in range(self.iterations):
            new_real, new_imaginary = self.transform.analyse(self.transform.signal(real, imaginary, first))
            real, imaginary = new_real, new_imaginary
            if iteration > 0:
                momentum = self.momentum[iteration - 1]
                real = real + momentum * (real - last_real)
                imaginary = imaginary + momentum * (imaginary - last_imaginary)
            last_real, last_imaginary = new_real, new_imaginary
            unit = size * torch.rsqrt(real * real + imaginary * imaginary + self.small)
            real, imaginary = unit * real, unit * imaginary
        return real, imaginary

    def magnitude(self, mel):
        """Return the least-squares magnitude ``(B, T, F)`` of a mel ``(B, T, M)``."""
        return (mel @ self.inverse).clamp(min=0.0)

    def correct(self, mel, note, comb, noisiness):
        """Return the network's magnitudes ``(B, T, F)``, and the logit of each bin's share of noise."""
        known = (note / 64.0 - 1.0).float()[:, None, None].expand(-1, self.n_frames, 1)  # (B, T, 1)
        said = self.leave(self.blocks(self.enter(torch.cat([self.scale(mel), known], dim=2))))  # (B, T, M + 3 BANDS)
        bins = said[:, :, self.n_mels:].unflatten(2, (3, -1)) @ self.spread  # (B, T, 3, F)
        size = self.magnitude(mel * torch.exp(said[:, :, :self.n_mels])) * torch.exp(comb * bins[:, :, 0])
        return size, noisiness + bins[:, :, 1] + comb * bins[:, :, 2]

    def bend(self, size, f0):
        """Return the factor ``(B, T)`` by which f0 in each frame differs from the asked one.

        The centre of gravity of power around a harmonic's bin is the harmonic's frequency, because a Hann window's
        lobe is symmetric; the h-th is h times as far off as f0, so that least squares weighs it by h.

        Parameters
        ----------
        size : torch.Tensor
            ``(B, T, F)`` magnitudes.
        f0 : torch.Tensor
            ``(B,)`` Hz, double.

        Returns
        -------
        torch.Tensor
            Double, 1 = as asked, at most a semitone off.
        """
        if not self.bends:
            return torch.ones_like(size[:, :, 0]).double()
        number = torch.arange(1, self.harmonics + 1, device=size.device).double()  # (H,)
        exact = number * (f0 / self.bin_hz)[:, None]  # (B, H) bins
        around = exact.round()[:, :, None] + torch.arange(-self.reach, self.reach + 1, device=size.device)  # (B, H, R)
        away = around - exact[:, :, None]
        half = (0.5 * f0 / self.bin_hz).clamp(max=2.5)[:, None, None]
        inside = torch.logical_and(around > 0, around < self.n_bins - 1)
        heard = torch.logical_and(away.abs() <= half, inside)
        heard = torch.logical_and(heard, exact[:, :, None] < self.tallest_hz / self.bin_hz)
        index = around.clamp(0, self.n_bins - 1).long().flatten(1)[:, None]  # (B, 1, H R)
        power = torch.gather(size, 2, index.expand(-1, size.shape[1], -1)).square()  # (B, T, H R)
        shift = ((number[:, None] * away) * heard).flatten(1).float()[:, :, None]  # (B, H R, 1)
        weight = ((number * number)[:, None] * heard).flatten(1).float()[:, :, None]
        bins = (power @ shift) / (power @ weight + self.silent)  # (B, T, 1) of f0
        return (1.0 + bins[:, :, 0].double() * (self.bin_hz / f0)[:, None]).clamp(0.944, 1.06)

    def harmonic_phasors(self, number, f0, bent):
        """Return cosine and sine ``(B, T, F)`` of the phase of every bin's harmonic.

        Parameters
        ----------
        number : torch.Tensor
            ``(B, F)``, which harmonic.
        f0 : torch.Tensor
            ``(B,)`` Hz, double.
        bent : torch.Tensor
            ``(B, T)`` factors of it, double.

        Returns
        -------
        tuple of torch.Tensor
            Both float.
        """
        steps = 0.5 * (bent[:, 1:] + bent[:, :-1]) * (f0 * self.seconds_per_frame)[:, None]  # (B, T - 1) cycles
        cycles = functional.pad(steps, [1, 0]).cumsum(1)  # (B, T), in double: thousands of cycles
        turn = 2.0 * math.pi * (cycles - cycles.floor())[:, :, None]
        real, imaginary = turn.cos().float(), turn.sin().float()  # (B, T, 1): the fundamental's
        for _ in range(9):  # the h-th harmonic's is its h-th power: 2, 4, 8, ... 512 of them
            c, s = real[:, :, -1:], imaginary[:, :, -1:]
            real, imaginary = (torch.cat([real, real * c - imaginary * s], dim=2),
                               torch.cat([imaginary, real * s + imaginary * c], dim=2))
        index = (number - 1.0).clamp(max=511.0).long()[:, None].expand(-1, self.n_frames, -1)
        real, imaginary = torch.gather(real, 2, index), torch.gather(imaginary, 2, index)  # (B, T, F)
        # half a turn for odd bins: phases are counted from the frame's first sample, half a window before its centre
        begin = 0.5 * torch.remainder(torch.arange(self.n_bins, device=f0.device), 2)
        if self.disperse:  # Schroeder's phases: all harmonics in phase would make a click of the first sample
            begin = begin + 0.5 * number * number * (f0 / (self.n_bins * self.bin_hz))[:, None]
        begin = 2.0 * math.pi * (begin + torch.zeros_like(number))  # (B, F)
        c, s = begin.cos().float()[:, None], begin.sin().float()[:, None]
        return real * c - imaginary * s, real * s + imaginary * c

    @torch.jit.export
    def plain(self):
        """Use real matrix products from now on, and no complex numbers: for recording what ONNX knows."""
        self.transform.fast = False

    @torch.jit.unused
    def forget(self):
        """Empty what :meth:`prepare` makes, before saving."""
        self.transform.forget()
        for name in MADE:
            setattr(self, name, torch.zeros(0))

    def prepare(self, like):
        """Make what files do not hold, if it is not there: tables, inverse of the mel, spectrum of a noise."""
        self.transform.prepare(like)
        if self.inverse.numel() > 0:
            return
        bank = self.bank.double()
        square = bank @ bank.t()  # (M, M); low bands are narrower than a bin and depend on each other
        ridge = 1e-9 * square.diagonal().max() * torch.eye(self.n_mels, device=like.device).double()
        self.inverse = torch.linalg.solve(square + ridge, bank).float()  # (M, F), the pseudo-inverse, transposed
        noise = _noise((self.n_frames + self.transform.blocks - 1) * self.hop).to(like.device)
        real, imaginary = self.transform.analyse(noise.view(1, -1, self.hop))  # (1, T, F)
        unit = torch.rsqrt(real * real + imaginary * imaginary + 1e-12)
        self.noise_real, self.noise_imaginary = real * unit, imaginary * unit


def _noise(count: int):
    """Return the same noise everywhere, about uniform in -1..1: Lehmer's generator (Park and Miller, CACM 1988)."""
    modulus = 2147483647
    numbers, factor = torch.tensor([1234567]), 48271
    while numbers.numel() < count:  # twice as many each time
        numbers = torch.cat([numbers, numbers * factor % modulus])
        factor = factor * factor % modulus
    return (numbers[:count].double() / (0.5 * modulus) - 1.0).float()
