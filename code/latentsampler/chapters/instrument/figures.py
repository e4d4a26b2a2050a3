"""Pictures of the instrument.

Contents
--------
figure_walk      spectrogram of a walk above its steps in both planes
figure_latency   histogram of the time from point to note
"""

import time

import matplotlib.pyplot as plt
import numpy as np
import torch

from latentsampler.chapters.instrument.generative import with_defaults


def figure_walk(sound, points, metadata, notes=None, step_s=None):
    """Return a figure with the spectrogram of a walk above its points in both planes.

    Parameters
    ----------
    sound : numpy.ndarray
        ``(n_samples,)``.
    points : numpy.ndarray
        ``(n, K)`` controls, the first four latent.
    metadata : dict
        Of the ``generative.pt``.
    notes : numpy.ndarray, optional
        ``(N, 5)``, a map as ``notemap`` writes it, drawn behind the walk.
    step_s : float, optional
        Seconds between two starts, drawn as lines.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    figure = plt.figure(figsize=(11, 8), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 1.2))
    axis = figure.add_subplot(grid[0, :])
    axis.specgram(sound + 1e-9, NFFT=2048, Fs=metadata["sample_rate"], noverlap=1536, cmap="magma", vmin=-140, vmax=-30)
    axis.set(xlabel="time (s)", ylabel="frequency (Hz)", title="the walk", ylim=(0, 8000),
             xlim=(0, len(sound) / metadata["sample_rate"]))
    for k in range(len(points) if step_s else 0):
        axis.axvline(k * step_s, color="white", alpha=0.15, linewidth=0.7)
    for plane in (0, 1):
        _plane(figure.add_subplot(grid[1, plane]), notes, points, plane, metadata["controls"])
    return figure


def figure_latency(module, metadata, repeats=100):
    """Return a histogram of the milliseconds from a point to its whole note, after ten warm-up notes."""
    controls = with_defaults(metadata, [])
    times = []
    with torch.inference_mode():
        for _ in range(repeats + 10):
            begin = time.perf_counter()
            module(controls)
            times.append(1000.0 * (time.perf_counter() - begin))
    figure, axis = plt.subplots(figsize=(6, 2.6), layout="constrained")
    axis.hist(times[10:], bins=30, color="#557799")
    seconds = metadata["n_samples"] / metadata["sample_rate"]
    axis.set(xlabel="ms per note", ylabel="notes",
             title=f"median {np.median(times[10:]):.1f} ms for {seconds:.2f} s of sound")
    return figure


def _plane(axis, notes, points, plane, controls):
    x, y = 2 * plane, 2 * plane + 1
    if notes is not None:
        rgb = np.stack([notes[:, 4] // 100, notes[:, 4] // 10 % 10, notes[:, 4] % 10], axis=1) / 9.0
        axis.scatter(notes[:, x], notes[:, y], s=6, c=rgb, alpha=0.35, linewidths=0)
    axis.plot(*points[:, [x, y]].T, color="black", linewidth=0.8)
    steps = axis.scatter(points[:, x], points[:, y], c=np.arange(len(points)), cmap="viridis", s=60,
                         edgecolor="black", zorder=3)
    axis.figure.colorbar(steps, ax=axis, label="step")
    axis.set(xlabel=f"{controls[x]['name']} ({controls[x]['unit']})", aspect="equal",
             ylabel=f"{controls[y]['name']} ({controls[y]['unit']})", title=f"circle {plane + 1}")
