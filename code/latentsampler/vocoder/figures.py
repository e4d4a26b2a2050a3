"""Pictures and tables of the vocoders, each a function of records or of what is passed in.

Contents
--------
figure_sounds   spectrograms of some sounds, side by side
table_records   all records as text
"""

import matplotlib.pyplot as plt
import numpy as np

from latentsampler.audio import magnitude
from latentsampler.records import read_records, table

COLUMNS = ("sc_db", "lsd_db", "decoded_sc_db", "decoded_lsd_db", "parameters")


def figure_sounds(sounds, config):
    """Return a figure of the spectrograms of some sounds.

    Parameters
    ----------
    sounds : dict
        Name -> ``(1, n_samples)`` tensor.
    config : MelConfig
        FFT and hop.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a sound; dB below its loudest value, up to 5 kHz.
    """
    figure, axes = plt.subplots(1, len(sounds), figsize=(3.2 * len(sounds), 3), sharey=True, layout="constrained")
    for axis, (name, sound) in zip(np.atleast_1d(axes), sounds.items(), strict=True):
        size = magnitude(sound, config.n_fft, config.hop_length)[0].numpy()  # (F, T)
        axis.imshow(20 * np.log10(size / size.max() + 1e-5), origin="lower", aspect="auto", cmap="magma", vmin=-80,
                    extent=(0, config.seconds, 0, config.sample_rate / 2000))
        axis.set(title=name, xlabel="time (s)", ylim=(0, 5))
    np.atleast_1d(axes)[0].set_ylabel("frequency (kHz)")
    return figure


def table_records(records=None):
    """Return the records of this chapter as text; the committed ones if none are given.

    Parameters
    ----------
    records : dict, optional
        From ``read_records``.

    Returns
    -------
    str
        A row per run; in dB on held-out recordings; ``decoded``: from an autoencoder's mels.
    """
    return table(read_records("vocoder") if records is None else records, COLUMNS)
