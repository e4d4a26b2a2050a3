"""Pictures and tables of the autoencoder, each a function of records or of what is passed in.

Contents
--------
figure_history          loss terms and validation over steps
figure_reconstructions  mels of notes above what the model makes of them
figure_map              codes in both planes, coloured by label
table_records           all records as text
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from latentsampler.records import read_records, table

COLUMNS = ("lsd_db", "lsd_self_db", "pca_lsd_db", "pitch_accuracy", "mmd", "parameters")


def figure_history(history):
    """Return a figure of the loss terms and, on the right-hand axis, of the validation distance in dB."""
    figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
    steps = [row["step"] for row in history]
    for name in history[0]:
        if name not in ("step", "valid", "total"):
            axis.plot(steps, [max(row[name], 1e-4) for row in history], label=name)
    axis.set(xlabel="step", ylabel="loss term", yscale="log")
    right = axis.twinx()
    right.plot(steps, [row["valid"] for row in history], color="black", linestyle=":", label="validation (dB)")
    right.set_ylabel("log-spectral distance (dB)")
    figure.legend(loc="outside right upper")
    return figure


def figure_reconstructions(model, dataset, indices):
    """Return a figure with the mels of some notes above their reconstructions at the true pitch.

    Parameters
    ----------
    model : torch.nn.Module
        With ``encode`` and ``decode``.
    dataset : NoteDataset
        The notes.
    indices : sequence of int
        Which.

    Returns
    -------
    matplotlib.figure.Figure
        Two rows; dB below the loudest value of each note.
    """
    mel = torch.from_numpy(np.array(dataset.mels[np.asarray(indices)]))  # (n, M, T)
    with torch.inference_mode():
        estimate = model.decode(model.encode(mel), dataset.pitch[indices])
    figure, axes = plt.subplots(2, len(indices), figsize=(2.4 * len(indices), 4.4), sharex=True, sharey=True,
                                layout="constrained", squeeze=False)
    for column, index in enumerate(indices):
        peak = float(mel[column].max())
        for row, image in enumerate((mel[column], estimate[column])):
            axes[row, column].imshow(20 * np.log10(image.numpy() / peak + 1e-4), origin="lower", aspect="auto",
                                     cmap="magma", vmin=-80, vmax=0)
        name = dataset.rows[index]
        axes[0, column].set_title(f"{name['Instrument (abbr.)']} {name['Pitch']} {name['Dynamics']}", fontsize=9)
    axes[0, 0].set_ylabel("note: mel band")
    axes[1, 0].set(ylabel="decoded: mel band", xlabel="frame")
    return figure


def figure_map(codes, labels):
    """Return a figure of codes ``(n, >= 4)`` in the planes (z1, z2) and (z3, z4), one colour per label."""
    names = sorted(set(labels))
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for plane, axis in enumerate(axes):
        for k, name in enumerate(names):
            own = codes[np.array(labels) == name]
            axis.scatter(own[:, 2 * plane], own[:, 2 * plane + 1], s=10, color=plt.cm.hsv(k / len(names)), label=name)
        axis.set(xlabel=f"z{2 * plane + 1} (sd)", ylabel=f"z{2 * plane + 2} (sd)", aspect="equal")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right", fontsize=8)
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
        A row per run; distances in dB on held-out recordings.
    """
    return table(read_records("autoencoder") if records is None else records, COLUMNS)
