"""Pictures and tables of the vocoders, each a function of records or of what is passed in.

Contents
--------
figure_sounds       spectrograms of some sounds, side by side
figure_iterations   spectral convergence over iterations of Griffin-Lim, from several starts
figure_mcnn         the layers of one head of an MCNN
figure_learning     learning curves of recorded runs
table_records       all records as text
table_benchmark     a recorded benchmark as text
table_parts         the effect of each part, as text
"""

import matplotlib.pyplot as plt
import numpy as np

from latentsampler.runtime.records import read_record, read_records, table
from latentsampler.sound.audio import magnitude

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


def figure_iterations(curves):
    """Return a figure of spectral convergence over iterations.

    Parameters
    ----------
    curves : dict
        Name -> {number of iterations: dB}.

    Returns
    -------
    matplotlib.figure.Figure
        One line a start.
    """
    figure, axis = plt.subplots(figsize=(5.5, 3), layout="constrained")
    for name, curve in curves.items():
        axis.plot(list(curve), list(curve.values()), "o-", label=name)
    axis.set(xscale="symlog", xlabel="iterations", ylabel="spectral convergence (dB)")
    axis.legend(frameon=False)
    return figure


def figure_mcnn(config):
    """Return a figure of the layers of one head of an MCNN.

    Parameters
    ----------
    config : Config
        Of an MCNN run.

    Returns
    -------
    matplotlib.figure.Figure
        A box per layer: its width is the samples per frame, its height the channels, both on logarithmic scales.
    """
    channels = [config.mel.n_mels, *config.sizes["widths"], 1]
    figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
    left = 0.0
    for layer, count in enumerate(channels):
        samples = config.sizes["stride"] ** layer
        width, height = 1.0 + np.log2(samples), 0.5 + np.log2(count)
        colour = plt.cm.viridis(layer / len(channels))
        axis.add_patch(plt.Rectangle((left, -height / 2), width, height, facecolor=colour, alpha=0.7))
        axis.text(left + width / 2, 0, f"{count}\nx {samples}", ha="center", va="center", fontsize=8)
        left += width + 0.6
    axis.set(xlim=(-0.3, left), ylim=(-5, 5))
    axis.set_title(f"one of {config.sizes['heads']} heads, from a mel frame to {config.mel.hop_length} samples: "
                   "channels x samples per frame", fontsize=9)
    axis.axis("off")
    return figure


def figure_learning(records=None):
    """Return the learning curves of recorded runs.

    Parameters
    ----------
    records : dict, optional
        From ``read_records``; the committed ones if none are given.

    Returns
    -------
    matplotlib.figure.Figure
        Spectral convergence on validation notes over steps; one line a run and seed.
    """
    records = read_records("vocoder") if records is None else records
    figure, axis = plt.subplots(figsize=(5.5, 3), layout="constrained")
    for run, seeds in records.items():
        for record in seeds:
            axis.plot([row["step"] for row in record["history"]], [row["valid"] for row in record["history"]], "o-",
                      label=run)
    axis.set(xlabel="step", ylabel="spectral convergence (dB)")
    if records:
        axis.legend(frameon=False)
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


def table_benchmark(record=None):
    """Return a recorded benchmark as text; the committed one (the full one where there is one) if none is given.

    Parameters
    ----------
    record : dict, optional
        From ``read_record``.

    Returns
    -------
    str
        See :func:`latentsampler.chapters.vocoder.benchmark.table`.
    """
    from latentsampler.chapters.vocoder.benchmark import table as text

    if record is None:
        there = read_records("vocoder-benchmark")
        record = there.get("full", there.get("small"))[0]
    return text(record["metrics"], record["provenance"]["timings"])


def table_parts(record=None):
    """Return the effect of each part of the vocoder as text; the committed record if none is given.

    Parameters
    ----------
    record : dict, optional
        From ``read_record``.

    Returns
    -------
    str
        See :func:`latentsampler.chapters.vocoder.parts.table`.
    """
    from latentsampler.chapters.vocoder.parts import table as text

    return text((read_record("vocoder-benchmark", "parts") if record is None else record)["metrics"])
