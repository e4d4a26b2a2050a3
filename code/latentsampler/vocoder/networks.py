"""The vocoders that a ``Config`` can name."""

from latentsampler.vocoder.harmonic import HarmonicVocoder
from latentsampler.vocoder.mcnn import MCNN

__all__ = ["MCNN", "HarmonicVocoder"]
