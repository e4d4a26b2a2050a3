"""A vocoder that is told the pitch: magnitudes from the mel, phases from the harmonics that it hears in it.

Phase is what a mel lacks. But a note of known pitch is (mostly) a sum of sinusoids at h f0(t), and where f0 moves
(vibrato, a string that is not quite in tune) the mel shows it: the harmonics' lobes move. So

1. the least-squares magnitude of every bin comes from the mel, which a small network corrects;
2. f0 in every frame comes from the asked pitch and from how far the lobes' centres lie from its harmonics;
3. every bin gets the phase of its nearest harmonic, the integral of h f0; what is between them gets a noise's;
   phases are mixed as unit phasors, not as angles, because an angle jumps by a turn where nothing is heard to change;
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

from latentsampler.chapters.vocoder.transform import Transform
from latentsampler.sound.audio import LogMel, mel_filter_bank

BANDS = 32  # in which the network says what it says of bins
MADE = ("inverse", "noise")  # at construction, or in a loaded file at the first call


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
            mixed = torch.addcmul(mixed, around[:, k:k + x.shape[1]], self.across[k])
        return x + self.narrow(torch.relu(self.widen(self.norm(mixed))))


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
    """

    needs_pitch = True

    def __init__(self, mel, width, depth, iterations=3, bend=True, noise=True):
        super().__init__()
        self.iterations, self.bends, self.noisy = iterations, bend, noise
        self.corrects = depth > 0
        self.n_frames, self.hop, self.n_mels = mel.n_frames, mel.hop_length, mel.n_mels
        self.n_bins, self.bin_hz = 1 + mel.n_fft // 2, mel.sample_rate / mel.n_fft
        self.seconds_per_frame = mel.hop_length / mel.sample_rate
        self.harmonics = 24  # whose lobes are looked at, below 4 kHz: above, bands are wider than a lobe
        self.heard = round(4000.0 / self.bin_hz)
        self.silent = 0.03  # power of a lobe (a full-scale sinusoid's is 65,536) from which on it counts
        self.small = 1e-5  # power of a bin (-98 dB) below which it has no phase worth a gradient
        self.cancelled = 3e-3  # of its wanted power: a bin in which sinusoids cancel so far has no phase worth copying
        self.step_hz = 0.05  # of a whole note's f0: finer is what rounding a mel makes of it
        self.scale, self.transform = LogMel(), Transform(mel.n_fft, mel.hop_length, mel.n_frames)
        self.register_buffer("bank", mel_filter_bank(mel))  # (M, F), nearly all zeros
        triangles = mel_filter_bank(replace(mel, n_mels=BANDS, norm="none"))  # (BANDS, F)
        self.register_buffer("spread", triangles / triangles.sum(0).clamp(min=1e-3))
        self.spread_spans, self.inverse_spans = _spans(self.spread), _spans(_inverse(self.bank))
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
        noisiness = (2.0 * (away - 3.5)).clamp(-4.0, 4.0) + (1e4 * (1.0 - voiced.float()))[:, None, None]
        if self.corrects:
            comb = torch.cos(2.0 * math.pi * position).float()[:, None]  # 1 on harmonics, -1 half way between
            size, noisiness = self.correct(mel.transpose(1, 2).contiguous(), note, comb, noisiness)
        else:
            size = self.magnitude(mel.transpose(1, 2))
        angle = 2.0 * math.pi * self.harmonic_turns(number, f0, self.bend(size.detach(), f0))  # (B, T, F)
        share = torch.sigmoid(noisiness) if self.noisy else (noisiness > 1e3).float()
        real = torch.lerp(angle.cos(), self.noise[..., 0], share)
        imaginary = torch.lerp(angle.sin(), self.noise[..., 1], share)
        size_of_unit = size * torch.rsqrt(real.square() + imaginary.square() + self.cancelled)
        return [size, self.transform.joined(size_of_unit * real, size_of_unit * imaginary)]

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
        spectrum = self.refine(state[0][:, begin:end], state[1][:, begin:end], begin)
        skip = first - (begin - self.transform.blocks // 2) * self.hop
        return self.transform.signal(spectrum, begin).flatten(1)[:, skip:skip + count]

    def refine(self, size, spectrum, first: int):
        """Return a spectrum after fast Griffin-Lim iterations (Perraudin et al., WASPAA 2013, algorithm 2).

        Parameters
        ----------
        size, spectrum : torch.Tensor
            ``(B, t, F)`` and ``(B, t, F, 2)``: wanted magnitudes, and where to begin.
        first : int
            Frame of the note at which they begin.

        Returns
        -------
        torch.Tensor
            ``(B, t, F, 2)``.
        """
        last, floor = spectrum, self.cancelled * size.square() + self.small
        for iteration in range(self.iterations):
            new = self.transform.analyse(self.transform.signal(spectrum, first))
            ahead = torch.lerp(last, new, 1.0 + self.momentum[iteration - 1]) if iteration > 0 else new
            unit = size * torch.rsqrt(self.transform.power(ahead) + floor)
            spectrum, last = self.transform.scaled(ahead, unit), new
        return spectrum

    def magnitude(self, mel):
        """Return the least-squares magnitude ``(B, T, F)`` of a mel ``(B, T, M)``."""
        return _product(mel, self.inverse, self.inverse_spans).clamp(min=0.0)

    def correct(self, mel, note, comb, noisiness):
        """Return the network's magnitudes ``(B, T, F)``, and the logit of each bin's share of noise."""
        known = (note / 64.0 - 1.0).float()[:, None, None].expand(-1, self.n_frames, 1)  # (B, T, 1)
        said = self.leave(self.blocks(self.enter(torch.cat([self.scale(mel), known], dim=2))))  # (B, T, M + 3 BANDS)
        bands = said[:, :, self.n_mels:].reshape(-1, 3 * self.n_frames, self.spread.shape[0])
        bins = _product(bands, self.spread, self.spread_spans).unflatten(1, (-1, 3))  # (B, T, 3, F)
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
        spacing = (f0 / self.bin_hz)[:, None]  # (B, 1) bins
        bins = torch.arange(self.heard, device=size.device).double()  # (F',)
        number = (bins / spacing).round()  # (B, F') of the nearest harmonic
        away = bins - number * spacing
        heard = (away.abs() <= (0.5 * spacing).clamp(max=2.5)) * (number >= 1.0) * (number <= self.harmonics)
        weight = torch.stack([number * away, number * number], dim=2) * heard[:, :, None]  # (B, F', 2)
        sums = size[:, :, :self.heard].square() @ weight.float()  # (B, T, 2)
        off = sums[:, :, 0] / (sums[:, :, 1] + self.silent)  # (B, T) bins of f0
        mean, step = off.mean(1, keepdim=True), self.step_hz / self.bin_hz
        off = off + ((mean / step).round() * step - mean)  # a phase sums up even the last digit, over a whole note
        return (1.0 + off.double() / spacing).clamp(0.944, 1.06)

    def harmonic_turns(self, number, f0, bent):
        """Return the phase ``(B, T, F)`` of every bin's harmonic, from the start of each frame.

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
        torch.Tensor
            Float, turns, -1/2 to 1/2.
        """
        steps = 0.5 * (bent[:, 1:] + bent[:, :-1]) * (f0 * self.seconds_per_frame)[:, None]  # (B, T - 1) turns
        turns = functional.pad(steps, [1, 0]).cumsum(1)  # (B, T), in double: thousands of turns
        first = (turns - turns.floor()).float()[:, :, None]  # the fundamental's, (B, T, 1)
        # half a turn for odd bins: phases are counted from the frame's first sample, half a window before its centre
        odd = 0.5 * torch.remainder(torch.arange(self.n_bins, device=f0.device), 2)
        turns = first * number.float()[:, None] + odd
        return turns - turns.round()

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
        self.inverse = _inverse(self.bank)
        noise = _noise((self.n_frames + self.transform.blocks - 1) * self.hop).to(like.device)
        spectrum = self.transform.analyse(noise.view(1, -1, self.hop))  # (1, T, F, 2)
        self.noise = self.transform.scaled(spectrum, torch.rsqrt(self.transform.power(spectrum) + 1e-12))  # phasors


def _inverse(bank):
    """Return the pseudo-inverse ``(M, F)`` of a filter bank, transposed."""
    exact = bank.double()
    square = exact @ exact.t()  # (M, M); low bands are narrower than a bin and depend on each other
    ridge = 1e-9 * square.diagonal().max() * torch.eye(square.shape[0], device=bank.device).double()
    return torch.linalg.solve(square + ridge, exact).float()


def _spans(matrix):
    """Return where a matrix is not (nearly) zero: four times [first row, last + 1, first column, last + 1]."""
    size, columns = matrix.abs(), matrix.shape[1]
    edges = [k * columns // 4 for k in range(5)]
    found = []
    for begin, end in zip(edges[:-1], edges[1:], strict=True):
        rows = (size[:, begin:end].amax(1) > 1e-6 * size[:, begin:end].max()).nonzero()
        found.append([int(rows.min()), int(rows.max()) + 1, begin, end])
    return found


def _product(x, matrix, spans: list[list[int]]):
    """Return ``x @ matrix``, but only where the matrix is not zero: a third of the work."""
    parts = []
    for span in spans:
        parts.append(x[:, :, span[0]:span[1]] @ matrix[span[0]:span[1], span[2]:span[3]])
    return torch.cat(parts, dim=2)


def _noise(count: int):
    """Return the same noise everywhere, about uniform in -1..1: Lehmer's generator (Park and Miller, CACM 1988)."""
    modulus = 2147483647
    numbers, factor = torch.tensor([1234567]), 48271
    while numbers.numel() < count:  # twice as many each time
        numbers = torch.cat([numbers, numbers * factor % modulus])
        factor = factor * factor % modulus
    return (numbers[:count].double() / (0.5 * modulus) - 1.0).float()
