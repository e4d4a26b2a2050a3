"""Four physical handles on a note, for what a small latent space cannot move alone.

Four latent dimensions cannot turn four correlated attributes one at a time (the notebook shows the condition numbers).
Each handle moves mostly one: a shelf below (deep), a shelf above 2 kHz (bright), a fast and bright or slow and dull
onset with a little noise, as of a hammer or of breath (hard), and, together, what fills the gaps between partials and a
beating of every partial with itself, an amplitude modulation of at most 70 Hz, where the ear hears most roughness
(dirty). Shelves, the onset's brightness and gaps act on the mel, before the vocoder; rise, noise and beating on the
waveform. The rise is never quite sudden and the noise never loudest: between two things that could be the attack the
measured time of attack jumps; and the noise lasts about as long as what an attack's centroid is measured on.

Conventions
-----------
* Handles are ``(batch, 4)`` in [-1, 1], in the order of the knobs; 0 is neutral.
* A piece of a waveform begins at sample ``first`` of its note, so that a host can play pieces.

Contents
--------
Handles   ``shape`` mels, ``amounts`` of what is heard in the waveform, ``finish`` waveforms
"""

import math

import torch
from torch import nn

SHELF_DB = 18.0  # at the ends of the handle
LOW_HZ, LOW_PARTIALS, HIGH_HZ = 500.0, 1.5, 2000.0  # depth is energy below 500 Hz, brightness above 2 kHz
ATTACK_DB, ATTACK_HZ, ATTACK_SECONDS = 15.0, 1000.0, 0.1  # gain above, at the onset; its decay
RISE_SECONDS, RISE_RANGE = 0.012, 4.0  # of an exponential onset, at 0; shorter by so much at 1, longer at -1
BURST_DB, BURST_RANGE_DB = -60.0, 7.0  # of the loudest frame's norm, at 0; louder, it and not the note is the attack
BURST_SECONDS, ONSET_SECONDS = 0.06, 0.01  # decay; where prepared notes begin
GAPS, GAP_BANDS = 0.5, 6  # power of (mel / largest of so many neighbours), at 1: gaps of -20 dB rise by 10
BEAT_DEPTH, BEAT_RANGE_DB = 0.9, 40.0  # at 1; and down to -1
BEAT_HZ, BEAT_PARTIALS = 70.0, 0.5  # between the partials of a low note, 70 Hz beside those of a high one


class Handles(nn.Module):
    """What is done to the mel before the vocoder, and to the waveform after it.

    Parameters
    ----------
    mel : MelConfig
        The front-end.
    """

    def __init__(self, mel):
        super().__init__()
        # TorchScript reads attributes, not module-level constants
        self.sample_rate, self.shelf, self.gaps, self.gap_bands = mel.sample_rate, SHELF_DB, GAPS, GAP_BANDS
        self.low_hz, self.low_partials, self.high_octaves = LOW_HZ, LOW_PARTIALS, math.log2(HIGH_HZ)
        self.register_buffer("octaves", torch.log2(_centres(mel)))  # (M,)
        seconds = (torch.arange(mel.n_frames) * mel.hop_length / mel.sample_rate - ONSET_SECONDS).clamp(min=0.0)
        above = torch.sigmoid(3.0 * (self.octaves - math.log2(ATTACK_HZ)))
        self.register_buffer("attack", ATTACK_DB * above[:, None] * torch.exp(-seconds / ATTACK_SECONDS))  # (M, T) dB
        self.burst_db, self.burst_range = BURST_DB, BURST_RANGE_DB
        self.rise_seconds, self.rise_range, self.onset = RISE_SECONDS, math.log(RISE_RANGE), ONSET_SECONDS
        self.beat_depth, self.beat_range = BEAT_DEPTH, BEAT_RANGE_DB
        self.beat_hz, self.beat_partials = BEAT_HZ, BEAT_PARTIALS
        self.register_buffer("burst", _burst(mel.sample_rate))  # (n,)

    def fundamental(self, pitch):
        """Return Hz of MIDI note numbers ``(B,)``; unpitched notes are treated as middle C."""
        note = torch.nan_to_num(pitch, nan=60.0)
        return 440.0 * torch.exp((note - 69.0) * (math.log(2.0) / 12.0))

    def shape(self, mel, pitch, handles):
        """Return mels ``(B, M, T)`` with shelves, attack and gaps changed, at the level they had.

        Parameters
        ----------
        mel : torch.Tensor
            ``(B, M, T)`` amplitude.
        pitch, handles : torch.Tensor
            ``(B,)`` and ``(B, 4)``.

        Returns
        -------
        torch.Tensor
            ``(B, M, T)``.
        """
        edge = (self.low_partials * self.fundamental(pitch)).clamp(min=self.low_hz)  # (B,)
        low = torch.sigmoid(3.0 * (torch.log2(edge)[:, None] - self.octaves))  # (B, M)
        high = torch.sigmoid(3.0 * (self.octaves - self.high_octaves))  # (M,)
        gain = self.shelf * (handles[:, 0:1] * low + handles[:, 1:2] * high)  # (B, M) dB
        gain = gain.unsqueeze(2) + handles[:, 2, None, None] * self.attack  # (B, M, T) dB
        top = nn.functional.max_pool1d(mel.transpose(1, 2), 2 * self.gap_bands + 1, 1, self.gap_bands).transpose(1, 2)
        below = (mel / top.clamp(min=1e-6)).clamp(min=1e-4, max=1.0)  # (B, M, T): 1 on partials
        filled = mel * torch.exp(torch.log(below) * (-self.gaps * handles[:, 3])[:, None, None])
        shaped = filled * torch.exp(gain * (math.log(10.0) / 20.0))
        return shaped * (self.level(mel) / self.level(shaped).clamp(min=1e-9))[:, None, None]

    def level(self, mel):
        """Return the norm ``(B,)`` of each mel's loudest frame."""
        return mel.square().sum(1).amax(1).sqrt()

    def amounts(self, mel, pitch, handles):
        """Return, for each note, depth and rate (Hz) of the beating, amplitude of the burst, rise (s): ``(B, 4)``."""
        depth = self.beat_depth * torch.exp((handles[:, 3] - 1.0) * (0.5 * self.beat_range * math.log(10.0) / 20.0))
        rate = (self.beat_partials * self.fundamental(pitch)).clamp(max=self.beat_hz)
        level = self.burst_db + self.burst_range * handles[:, 2]
        burst = self.level(mel) * torch.exp(level * (math.log(10.0) / 20.0))
        rise = self.rise_seconds * torch.exp(-self.rise_range * handles[:, 2])
        return torch.stack([depth, rate, burst, rise], dim=1)

    def finish(self, waveform, amounts, first: int):
        """Return a piece of waveform ``(B, n)`` with rise, beating and burst.

        Parameters
        ----------
        waveform : torch.Tensor
            ``(B, n)``, of the vocoder.
        amounts : torch.Tensor
            ``(B, 4)``, from :meth:`amounts`.
        first : int
            Place of its first sample in the note.

        Returns
        -------
        torch.Tensor
            ``(B, n)``, no louder at its peaks than the piece and the burst.
        """
        count = waveform.shape[1]
        seconds = torch.arange(first, first + count, device=waveform.device) / float(self.sample_rate)  # (n,)
        depth = amounts[:, 0:1]
        beating = (1.0 + depth * torch.cos(2.0 * math.pi * amounts[:, 1:2] * seconds)) / (1.0 + depth)  # (B, n)
        end = min(first + count, self.burst.shape[0])
        burst = torch.nn.functional.pad(self.burst[min(first, end):end], [0, count - max(end - first, 0)])  # (n,)
        rise = 1.0 - torch.exp(-(seconds - self.onset).clamp(min=0.0) / amounts[:, 3:4])  # (B, n)
        return waveform * beating * rise + amounts[:, 2:3] * burst


def _centres(mel):
    """Centre frequencies ``(M,)`` in Hz of the bands: where each triangle of the filter bank has its mass."""
    from latentsampler.sound.audio import mel_filter_bank

    bank = mel_filter_bank(mel)  # (M, F)
    hz = torch.linspace(0.0, mel.sample_rate / 2, bank.shape[1])
    return ((bank @ hz) / bank.sum(1).clamp(min=1e-9)).clamp(min=20.0)


def _burst(sample_rate):
    """Differenced white noise that rises in half a millisecond and decays; silence after five decays."""
    lead, count = round(ONSET_SECONDS * sample_rate), round(5.0 * BURST_SECONDS * sample_rate)
    noise = torch.randn(count + 1, generator=torch.Generator().manual_seed(0)).diff()
    seconds = torch.arange(count) / sample_rate
    shape = (seconds / 0.0005).clamp(max=1.0) * torch.exp(-seconds / BURST_SECONDS)
    return torch.cat([torch.zeros(lead), noise * shape])
