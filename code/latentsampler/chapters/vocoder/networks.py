"""The vocoders that a ``Config`` can name."""

from latentsampler.chapters.vocoder.harmonic import HarmonicVocoder
from latentsampler.chapters.vocoder.mcnn import MCNN

__all__ = ["MCNN", "HarmonicVocoder"]
