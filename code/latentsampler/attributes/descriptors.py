"""Perceptual attributes of sounds: depth, brightness, hardness, roughness, warmth, sharpness, booming.

Our own vectorised form of the published AudioCommons timbral models; the coefficients are their regressions
onto listeners' ratings of 0 to 100.

Conventions
-----------
* A waveform is ``(batch, n_samples)``, mono, or ``(batch, channels, n_samples)``; NumPy or torch.
* An attribute is in points of the listeners' scale; values outside 0..100 occur.
* A silent sound (no 0.4 s block of -70 LUFS) cannot be brought to the loudness of the rated sounds: NaN.

Contents
--------
describe    waveform -> the seven attributes by name
Sound       sounds at -24 LUFS and 44.1 kHz or more, and what several attributes share, computed once
ATTRIBUTES  the seven functions of a `Sound`, in the order of the table that the command ``describe`` prints

References
----------
Pearce, Brookes and Mason, "Release of timbral characterisation tools for semantically annotating non-musical
content", AudioCommons deliverable D5.8, 2019; ``timbral_models`` 0.4.0.
"""

from functools import cached_property

import numpy as np

from latentsampler.attributes.hardness import hardness, warmth
from latentsampler.attributes.loudness import level_to, specific_loudness
from latentsampler.attributes.onsets import peak_envelope
from latentsampler.attributes.spectra import butterworth, resample, short_time_spectrum
from latentsampler.attributes.timbre import booming, brightness, depth, roughness, sharpness

LOWEST_RATE = 44100  # Hz; the loudness bands reach 14 kHz
_FRAME = 4096
_AT_ONCE = 8  # sounds whose spectrograms share the processor's cache


class Sound:
    """Sounds ready for analysis, and what several attributes share.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(batch, n_samples)``, mono, levelled, none silent.
    rate : int
        Hz, at least 44,100.
    """

    def __init__(self, waveform, rate):
        self.waveform, self.rate = waveform, rate

    @cached_property
    def frames(self):
        """Frames of 4,096 samples ``(batch, n_frames, 4096)``, the last filled with (or all of) silence."""
        batch, n = self.waveform.shape
        return np.pad(self.waveform, ((0, 0), (0, _FRAME - n % _FRAME))).reshape(batch, -1, _FRAME)

    @cached_property
    def loudness(self):
        """Specific loudness, sone/Bark, ``(batch, n_frames, 240)``; loudness, sone, ``(batch, n_frames)``."""
        specific, total = specific_loudness(self.frames.reshape(-1, _FRAME), self.rate)
        shape = self.frames.shape[:2]
        return specific.reshape(*shape, -1), total.reshape(shape)

    @cached_property
    def frame_levels(self):
        """Root mean square of the frames, ``(batch, n_frames)``."""
        return np.sqrt(np.mean(self.frames ** 2, axis=-1))

    @cached_property
    def envelope(self):
        """Peak envelope that falls in 0.1 s, ``(batch, n_samples)``."""
        return np.stack([peak_envelope(row, self.rate, 0.1) for row in self.waveform])

    @cached_property
    def spectrum(self):
        """Complex Hann spectrogram, ``(batch, n_frames, 1025)``."""
        return short_time_spectrum(self.waveform)

    @cached_property
    def rumble_free(self):
        """The waveform above 20 Hz, scaled to peak 1."""
        filtered = butterworth(self.waveform, 20.0, "high", self.rate)
        return filtered / np.abs(filtered).max(axis=1, keepdims=True)

    def bark_level(self, first, last):
        """Return each frame's loudness under a bell from ``first`` to ``last``, in tenths of a Bark."""
        place = np.arange(first, last) - (first + last) / 2.0
        bell = np.exp(-0.5 * (0.01 * place) ** 2)  # width as published: 100 steps
        bell = (bell - bell.min()) / np.ptp(bell)
        return self.loudness[0][:, :, first:last] @ bell

    def weighted(self, per_frame, power=1):
        """Return the mean over frames, weighted by a power of their root mean square, ``(batch,)``."""
        return np.average(per_frame, axis=1, weights=self.frame_levels ** power)


ATTRIBUTES = (depth, brightness, hardness, roughness, warmth, sharpness, booming)


def describe(waveform, sample_rate, attributes=ATTRIBUTES):
    """Return the perceptual attributes of a batch of sounds.

    Parameters
    ----------
    waveform : numpy.ndarray or torch.Tensor
        ``(batch, n_samples)``, or ``(batch, channels, n_samples)`` whose first three channels are summed.
    sample_rate : int
        Hz.
    attributes : sequence of callable, optional
        Functions of a `Sound`; all seven by default.

    Returns
    -------
    dict
        Name -> ``(batch,)`` float64 points; NaN for a silent sound, and where an attribute is a logarithm of
        nothing (the booming of a tone at 10 kHz, the hardness of a sound of less than about 10 ms).

    Raises
    ------
    ValueError
        Where the shape or the rate is unusable.
    """
    waveform, sample_rate = _checked(waveform, sample_rate), int(sample_rate)
    levelled, rate = level_to(waveform, sample_rate), max(sample_rate, LOWEST_RATE)
    result = {attribute.__name__: np.full(len(waveform), np.nan) for attribute in attributes}
    heard = np.flatnonzero(np.isfinite(levelled[:, 0]))
    for start in range(0, len(heard), _AT_ONCE):
        rows = heard[start:start + _AT_ONCE]
        sound = Sound(resample(levelled[rows], sample_rate, rate), rate)
        with np.errstate(divide="ignore", invalid="ignore"):  # logarithms of nothing
            for attribute in attributes:
                value = attribute(sound)
                result[attribute.__name__][rows] = np.where(np.isfinite(value), value, np.nan)
    return result


def _checked(waveform, sample_rate):
    waveform = np.asarray(waveform, dtype=float)
    if waveform.ndim == 3:
        waveform = waveform[:, :3].sum(axis=1)
    if waveform.ndim != 2 or waveform.shape[1] < 2:
        raise ValueError("waveform: expected (batch, n_samples) or (batch, channels, n_samples), got "
                         f"{waveform.shape}; pass a single sound as waveform[None]")
    if sample_rate != int(sample_rate) or sample_rate < 1000:
        raise ValueError(f"sample_rate: expected whole Hz, at least 1000, got {sample_rate}; resample first")
    if not np.isfinite(waveform).all():
        raise ValueError("waveform: expected finite samples, got NaN or infinity; look at what made them")
    return waveform
