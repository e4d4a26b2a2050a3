"""Pictures and tables of the autoencoder, each a function of records or of what is passed in.

Contents
--------
figure_history          loss terms and validation over steps
figure_reconstructions  mels of notes above what the model makes of them
figure_map              codes in both planes, coloured by label
figure_benchmark        each method of the benchmark: sound against agreement with the prior
figure_sizes            what each latent size buys
table_records           all records as text
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from latentsampler.chapters.autoencoder.studies import comparison
from latentsampler.runtime.records import read_records, table

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


def figure_benchmark(record, size=4):
    """Return a figure of all methods at one size: distance on held-out recordings by distance of codes to the prior.

    Parameters
    ----------
    record : dict
        Of the benchmark.
    size : int
        Latent size.

    Returns
    -------
    matplotlib.figure.Figure
        A point per method, mean over seeds, with the range of seeds; towards the lower left is better.
    """
    methods = [method for method, other in comparison.rows(record) if other == size]
    both = {method: [comparison.values(record, method, size, name) for name in ("sw2_effect", "lsd_db")]
            for method in methods}
    top = 1.25 * np.median([y.mean() for _, y in both.values()])
    figure, axis = plt.subplots(figsize=(9, 5), layout="constrained")
    for k, (method, (x, y)) in enumerate(both.items()):
        inside = y.mean() <= top  # one row far above would press all others into a line
        axis.errorbar(x.mean(), min(y.mean(), top), xerr=[[x.mean() - x.min()], [x.max() - x.mean()]],
                      yerr=[[y.mean() - y.min()], [y.max() - y.mean()]] if inside else None, linewidth=0.8,
                      fmt="osDvP"[k // 10 % 5] if inside else "^", color=plt.cm.tab10(k % 10),
                      label=method if inside else f"{method} (above: {y.mean():.1f} dB)")
    axis.axvline(comparison.MULTIPLE, color="grey", linestyle=":")
    axis.set(xscale="log", xlabel="sliced Wasserstein distance of codes to prior (prior-against-prior 95 % quantiles)",
             ylabel="log-spectral distance, held-out recordings (dB)")
    figure.legend(loc="outside right upper", fontsize=8)
    return figure


def figure_sizes(record, metric="lsd_db", label="log-spectral distance, held-out recordings (dB)"):
    """Return a figure of a metric over latent size, a line per method that ran at several.

    Parameters
    ----------
    record : dict
        Of the benchmark.
    metric, label : str
        Name in the record, and text of the axis.

    Returns
    -------
    matplotlib.figure.Figure
        Mean over seeds, bars from the least to the largest.
    """
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    found = comparison.rows(record)
    ticks = sorted({size for _, size in found})
    for method in dict.fromkeys(method for method, _ in found):
        sizes = sorted(size for other, size in found if other == method)
        figures = [comparison.values(record, method, size, metric) for size in sizes]
        if len(sizes) > 1 and all(len(numbers) for numbers in figures):
            mean = np.array([numbers.mean() for numbers in figures])
            low, high = (np.array([pick(numbers) for numbers in figures]) for pick in (np.min, np.max))
            axis.errorbar(sizes, mean, yerr=[mean - low, high - mean], marker="o", capsize=3, label=method,
                          linestyle="--" if "PCA" in method else "-")
    axis.set(xscale="log", xticks=ticks, xticklabels=ticks, xlabel="latent size", ylabel=label)
    axis.minorticks_off()
    figure.legend(loc="outside right upper", fontsize=8)
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
