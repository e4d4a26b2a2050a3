"""Figures of a dataset and of its studies.

Contents
--------
figure_mels         one mel per instrument
figure_pitch_map    pitch x instrument, coloured by recording
figure_ceiling      what front-ends and log floors cost
figure_leakage         copies of one recording beside different recordings
table_preparation   the preparation study as text
"""

import matplotlib.pyplot as plt
import numpy as np


def figure_mels(dataset, columns=5, floor_db=-80.0):
    """Draw one mel per instrument: its note of median pitch.

    Parameters
    ----------
    dataset : NoteDataset
        The notes.
    columns : int
        Pictures per line.
    floor_db : float
        dB re the largest value of each mel, the darkest colour.

    Returns
    -------
    matplotlib.figure.Figure
        The grid.
    """
    chosen = _median_notes(dataset)
    lines = -(-len(chosen) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(2.2 * columns, 1.9 * lines), sharex=True, sharey=True,
                                squeeze=False, layout="constrained")
    for axis, (name, index) in zip(axes.flat, chosen.items(), strict=False):
        mel = np.array(dataset.mels[index])  # (M, T)
        level = 20.0 * np.log10(np.maximum(mel / mel.max(), 10.0 ** (floor_db / 20.0)))
        picture = axis.imshow(level, origin="lower", aspect="auto", vmin=floor_db, vmax=0.0, cmap="magma",
                              extent=(0.0, dataset.mel_config.seconds, 0.5, dataset.mel_config.n_mels + 0.5))
        axis.set_title(f"{name} {dataset.rows[index]['Pitch']} {dataset.rows[index]['Dynamics']}", fontsize=8)
    for axis in axes.flat[len(chosen):]:
        axis.set_visible(False)
    figure.supxlabel("time (s)", fontsize=9)
    figure.supylabel("mel band", fontsize=9)
    figure.colorbar(picture, ax=axes, label="dB re maximum", shrink=0.8)
    return figure


def figure_pitch_map(dataset):
    """Draw every note at its pitch and instrument; a change of colour is another recording.

    Parameters
    ----------
    dataset : NoteDataset
        The notes; without "Recording" there is one colour per dynamics.

    Returns
    -------
    matplotlib.figure.Figure
        The map.
    """
    instrument = np.array(dataset.column("Instrument (in full)"))
    names = sorted(set(instrument), key=lambda name: (-np.sum(instrument == name), name))
    key = "Recording" if "Recording" in dataset.rows.columns and any(dataset.column("Recording")) else "Dynamics"
    line = np.array([names.index(name) for name in instrument], dtype=float)
    spread = np.array([{"pp": -0.22, "ff": 0.22}.get(word, 0.0) for word in dataset.column("Dynamics")])
    colours = _alternating(dataset.column(key), instrument, dataset.pitch.numpy())
    figure, axis = plt.subplots(figsize=(9, 0.3 * len(names) + 1.4), layout="constrained")
    axis.scatter(dataset.pitch, line + spread, s=7, c=colours, cmap="tab10", vmin=0, vmax=9, linewidths=0)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set(xlabel="pitch (MIDI note number)", title=f"{len(dataset)} notes; colour: {key.lower()}")
    unpitched = int(dataset.pitch.isnan().sum())
    if unpitched:
        axis.set_title(f"{len(dataset)} notes ({unpitched} without pitch, not drawn); colour: {key.lower()}")
    return figure


def figure_ceiling(metrics):
    """Draw the front-end study: dB against the size of a mel, and the cost of log floors.

    Parameters
    ----------
    metrics : dict
        Of the record ``dataset/frontends``.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained",
                                         gridspec_kw={"width_ratios": (2.6, 1)})
    names = sorted(metrics["front_ends"], key=lambda name: metrics["front_ends"][name]["griffin_lim_db"])
    marks = (("ceiling_db", "ceiling: true phase", "o"), ("full_band_db", "ceiling, against 44.1 kHz", "|"),
             ("magnitude_db", "magnitude only", "s"), ("griffin_lim_db", "Griffin-Lim, no model", "^"))
    for key, label, marker in marks:
        left.plot([metrics["front_ends"][name][key] for name in names], range(len(names)), marker, label=label)
    sizes = [f"{name}  ({metrics['front_ends'][name]['values'] / 1024:.0f} k values)" for name in names]
    left.set_yticks(range(len(names)), sizes)
    left.axvline(-20.0, color="grey", linewidth=0.8)
    left.invert_yaxis()
    left.set(xlabel="spectral convergence (dB, lower is better)", title="mel front-ends")
    figure.legend(*left.get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=4)
    floors = sorted(metrics["floors"], key=float)
    for key, label, marker in marks[:1] + marks[2:3]:
        right.plot([float(floor) for floor in floors], [metrics["floors"][floor][key] for floor in floors],
                   f"-{marker}", label=label)
    right.set(xlabel="floor (dB re the mel's maximum)", title="log floor of the default")
    return figure


def figure_leakage(same, different):
    """Draw the correlation of neighbouring keys, of one recording and of two.

    Parameters
    ----------
    same, different : numpy.ndarray
        Correlations from ``leakage.leakage_study``.

    Returns
    -------
    matplotlib.figure.Figure
        Two histograms.
    """
    figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
    bins = np.linspace(0.0, 1.0, 41)
    axis.hist(same, bins, alpha=0.7, density=True, label=f"same recording, {len(same)} pairs")
    axis.hist(different, bins, alpha=0.7, density=True, label=f"different recordings, {len(different)} pairs")
    axis.set(xlabel="correlation after slowing the upper note down by a semitone", ylabel="density")
    axis.legend(fontsize=8)
    return figure


def table_preparation(metrics):
    """Return the preparation study as rows of text: question, choice, and its figures.

    Parameters
    ----------
    metrics : dict
        Of the record ``dataset/preparation``.

    Returns
    -------
    list of tuple of str
        One row per choice.
    """
    rows = []
    for question in ("onset", "length", "fade_out", "level"):
        for choice, figures in metrics[question].items():
            text = "; ".join(f"{name.replace('_', ' ')}: {value:g}" for name, value in figures.items())
            rows.append((question.replace("_", " "), choice, text))
    return rows


def _median_notes(dataset):
    instrument, pitch = np.array(dataset.column("Instrument (abbr.)")), dataset.pitch.numpy()
    loud, chosen = np.array(dataset.column("Dynamics")), {}
    for name in sorted(set(instrument)):
        own = np.flatnonzero(instrument == name)
        medium = own[loud[own] == "mf"] if np.any(loud[own] == "mf") else own
        order = medium[np.argsort(pitch[medium], kind="stable")]  # NaN last
        chosen[name] = order[np.isfinite(pitch[medium]).sum() // 2]
    return chosen


def _alternating(values, instrument, pitch):
    # ten colours for hundreds of recordings: neighbours of one instrument get different ones
    colours = np.zeros(len(values))
    for name in set(instrument):
        own = np.flatnonzero(instrument == name)
        numbers = {}
        for index in own[np.argsort(pitch[own], kind="stable")]:
            colours[index] = numbers.setdefault(values[index], len(numbers)) % 10
    return colours
