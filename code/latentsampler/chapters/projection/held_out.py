"""Instruments that nothing was trained on, from the same SoundFont: whether the knobs turn them, too.

Contents
--------
INSTRUMENTS     six programs outside the dataset's fourteen
build_held_out   their notes -> store
"""

from latentsampler.data.soundfont import Instrument, SoundFontSource
from latentsampler.sound.audio import MelConfig

INSTRUMENTS = (
    Instrument("Winds", "English_Horn", "EHn", "English Horn", 69, 52, 72),
    Instrument("Winds", "Sax_Baritone", "BSax", "Baritone Saxophone", 67, 40, 68),
    Instrument("Brass", "Trumpet_Muted", "TpM", "Muted Trumpet", 59, 54, 72),
    Instrument("Keyboards", "Church_Organ", "Org", "Church Organ", 19, 40, 72),
    Instrument("Strings", "Guitar", "Gtr", "Nylon Guitar", 24, 40, 72),
    Instrument("Winds", "Harmonica", "Harm", "Harmonica", 22, 55, 72),
)


def build_held_out(folder):
    """Build a small store of the held out instruments: every third key, one dynamic.

    Parameters
    ----------
    folder : str or pathlib.Path
        Gets the store.

    Returns
    -------
    pathlib.Path
        The store.
    """
    from latentsampler.data.build import build_store

    return build_store(SoundFontSource(velocities=(80,), instruments=INSTRUMENTS, step=3), folder, MelConfig(),
                       n_jobs=1, progress=False)
