"""Pages of the datasheet: functions of the table and the audio -> matplotlib figures in A4.

Contents
--------
page_purpose, page_equations, page_factors      what there is
page_distributions, page_correlation            how it is spread
page_sounds, page_measured, page_limits         what it sounds like, what was measured, what to beware of
correlation                                     columns -> correlation matrix
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import ticker

from . import words
from .measure import RATE
from .timbres import FACTORS

A4 = (8.27, 11.69)
INK, ACCENT, PALE = "#222222", "#2a5d8f", "#c9d8e6"
LOGARITHMIC = {factor.column for factor in FACTORS if factor.logarithmic} | {"f0_hz"}
COLUMNS = ["f0_hz", *(factor.column for factor in FACTORS)]


def values(rows, column):
    """Return a column as floats, NaN where empty, ``(n_rows,)``."""
    return np.array([float(row[column] or "nan") for row in rows])


def _page(title, number):
    figure = plt.figure(figsize=A4)
    figure.text(0.08, 0.952, title, fontsize=17, color=ACCENT, weight="bold")
    figure.text(0.92, 0.03, f"Toy notes: datasheet, page {number}", fontsize=8, color="gray", ha="right")
    figure.add_artist(plt.Line2D([0.08, 0.92], [0.94, 0.94], color=ACCENT, lw=1))
    return figure


def _write(figure, y, text, size=9.0, left=0.08, **style):
    """Write text from height ``y`` down, wrapped at the right margin; return the height below it."""
    letter = (0.61 if style.get("family") == "monospace" else 0.535) * size / 72  # inches, on average
    lines = textwrap.wrap(text, int((0.92 - left) * A4[0] / letter))
    figure.text(left, y, "\n".join(lines), fontsize=size, va="top", linespacing=1.35, **{"color": INK, **style})
    return y - (len(lines) * 1.4 + 0.55) * size / 72 / A4[1]


def _heading(figure, y, text):
    figure.text(0.08, y, text, fontsize=11.5, color=ACCENT, weight="bold", va="top")
    return y - 0.026


def _instruments(rows):
    names = {}
    for row in rows:
        names.setdefault(row["Instrument (in full)"], row)
    return names


def _short(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def page_purpose(rows):
    """Draw what the set is for and what is in it, one line an instrument."""
    figure, y = _page("Toy notes with known parameters", 1), 0.925
    for text in words.PURPOSE:
        y = _write(figure, y, text)
    y = _heading(figure, y - 0.008, "In numbers")
    instruments, f0 = _instruments(rows), values(rows, "f0_hz")
    pitched = [row["Pitch"] for row in rows if row["Pitch"]]
    counts = [f"{len(rows):,} notes of {len(instruments)} instruments; {len(pitched):,} pitched, {len(set(pitched))} "
              f"pitches from {np.nanmin(f0):.1f} to {np.nanmax(f0):.1f} Hz "
              f"({np.log2(np.nanmax(f0) / np.nanmin(f0)):.1f} "
              f"octaves); dynamics {', '.join(sorted({row['Dynamics'] for row in rows}))}; 5 balanced folds.",
              "Each note: 32,768 samples (1.486 s) at 22,050 Hz, mono, 16 bits, onset at sample 0; 65,580 bytes "
              "as WAV.",
              "notes.csv: the 14 columns of TinySOL, 12 factors, SHA-256 of each WAV file."]
    for text in counts:
        y = _write(figure, y, text)
    y = _heading(figure, y - 0.008, "Instruments")
    for name, row in instruments.items():
        own = [column for column in COLUMNS[1:] if row[column]]
        figure.text(0.08, y, name, fontsize=9, weight="bold", color=INK, va="top")
        figure.text(0.25, y, f"{row['Instrument (abbr.)']} · {row['Family']}", fontsize=8, color="gray", va="top")
        y = _write(figure, y, ", ".join(own), 8, 0.42, color=ACCENT) - 0.004
    return figure


def page_equations(rows):
    """Draw how each instrument is made."""
    figure, y = _page("Synthesis", 2), 0.925
    for text in words.SYMBOLS:
        figure.text(0.08, y, text, fontsize=8.6, color=INK, va="top")
        y -= 0.026
    y -= 0.012
    step = (y - 0.055) / len(_instruments(rows))
    for name in _instruments(rows):
        equation, meaning = words.EQUATIONS[name]
        figure.text(0.08, y, name, fontsize=9.5, weight="bold", color=ACCENT, va="top")
        figure.text(0.28, y - 0.001, meaning, fontsize=8, color="gray", va="top")
        figure.text(0.28, y - 0.016, equation, fontsize=9.5, color=INK, va="top")
        y -= step
    return figure


def page_factors(rows):
    """Draw unit, range and meaning of each factor, and which instrument has which."""
    figure, y = _page("Factors", 3), 0.915
    for left, text in ((0.08, "column"), (0.29, "unit"), (0.39, "range in this set"), (0.57, "meaning")):
        figure.text(left, y, text, fontsize=9, weight="bold", color=INK)
    lines = [("f0_hz", "Hz", "frequency of partial 1, equal temperament, A4 = 440 Hz; vibrato swings around it"),
             *((factor.column, factor.unit, factor.meaning) for factor in FACTORS)]
    for column, unit, meaning in lines:
        y -= 0.031
        low, high = np.nanmin(values(rows, column)), np.nanmax(values(rows, column))
        scale = " (log)" if column in LOGARITHMIC else ""
        for left, text in ((0.08, column), (0.29, unit), (0.39, f"{_short(low)} … {_short(high)}{scale}")):
            figure.text(left, y, text, fontsize=8.5, color=INK)
        figure.text(0.57, y + 0.008, "\n".join(textwrap.wrap(meaning, 50)), fontsize=8, va="top", color=INK)
    instruments = _instruments(rows)
    axes = figure.add_axes((0.27, 0.08, 0.65, 0.36))
    has = np.array([[bool(row[column]) for column in COLUMNS] for row in instruments.values()], dtype=float)
    axes.imshow(has, cmap=plt.matplotlib.colors.ListedColormap(["#f4f4f4", ACCENT]), aspect="auto", vmin=0, vmax=1)
    axes.set_xticks(range(len(COLUMNS)), COLUMNS, rotation=35, ha="left", fontsize=7.5)
    axes.set_yticks(range(len(instruments)), instruments, fontsize=8)
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(-0.5, len(COLUMNS)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(instruments)), minor=True)
    axes.grid(which="minor", color="white", lw=1.5)
    axes.tick_params(which="both", length=0)
    return figure


def page_distributions(rows):
    """Draw histograms of every factor, and notes per fold, dynamics and pitch."""
    figure = _page("Distributions", 4)
    grid = figure.add_gridspec(5, 3, left=0.09, right=0.93, top=0.9, bottom=0.08, hspace=0.62, wspace=0.3)
    for k, column in enumerate(COLUMNS):
        axes, known = figure.add_subplot(grid[divmod(k, 3)]), values(rows, column)
        known = known[~np.isnan(known)]
        spread = np.geomspace if column in LOGARITHMIC else np.linspace
        axes.hist(known, bins=spread(known.min(), known.max(), 26), color=ACCENT)
        if column in LOGARITHMIC:
            _logarithmic(axes.xaxis, axes.set_xscale)
        axes.set_title(f"{column}  (n = {len(known)})", fontsize=8.5, color=INK)
    for k, column in enumerate(("Pitch ID", "Dynamics", "Fold")):
        axes = figure.add_subplot(grid[4, k])
        names, counts = np.unique([row[column] for row in rows if row[column]], return_counts=True)
        order = np.argsort([float(n) if n.isdigit() else ("pp", "mf", "ff").index(n) for n in names])
        axes.bar(names[order], counts[order], color=ACCENT)
        axes.set_title(f"notes per {column}", fontsize=8.5, color=INK)
        if column == "Pitch ID":
            axes.set_xticks(range(0, len(names), 12))
    for axes in figure.axes:
        axes.tick_params(labelsize=7.5)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _logarithmic(axis, set_scale):
    set_scale("log")
    low, high = axis.get_view_interval()
    few = high / low < 30  # under a decade and a half, powers of ten alone leave an axis nearly bare
    axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if few else (1,)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(ticker.NullFormatter())


def correlation(table):
    """Return the correlation matrix of columns with gaps: each pair over the rows that have both, NaN where none.

    Parameters
    ----------
    table : numpy.ndarray
        ``(n_rows, n_columns)``, NaN where empty.

    Returns
    -------
    numpy.ndarray
        ``(n_columns, n_columns)``.
    """
    matrix = np.full((table.shape[1],) * 2, np.nan)
    for i, a in enumerate(table.T):
        for j, b in enumerate(table.T):
            both = ~np.isnan(a + b)
            if both.sum() > 2 and np.ptp(a[both]) > 0 and np.ptp(b[both]) > 0:
                matrix[i, j] = np.corrcoef(a[both], b[both])[0, 1]
    return matrix


def page_correlation(rows):
    """Draw the correlation of all factors, pooled, and the largest one within each instrument."""
    figure = _page("Independence", 5)
    names = [*COLUMNS, "Dynamics ID", "Fold"]
    table = np.stack([np.log(values(rows, n)) if n in LOGARITHMIC else values(rows, n) for n in names], axis=1)
    matrix = correlation(table)
    axes = figure.add_axes((0.24, 0.48, 0.62, 0.35))
    image = axes.imshow(np.abs(matrix), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, j in np.argwhere(~np.isnan(matrix)):
        axes.text(j, i, f"{abs(matrix[i, j]):.2f}".replace("0.", "."), ha="center", va="center", fontsize=6,
                  color="white" if abs(matrix[i, j]) > 0.6 else INK)
    axes.set_xticks(range(len(names)), names, rotation=40, ha="left", fontsize=7.5)
    axes.set_yticks(range(len(names)), names, fontsize=7.5)
    axes.xaxis.tick_top()
    figure.colorbar(image, cax=figure.add_axes((0.88, 0.48, 0.015, 0.35))).ax.tick_params(labelsize=7)
    off = np.abs(matrix[~np.eye(len(names), dtype=bool)])
    _write(figure, 0.46, "Absolute value of Pearson's r over all notes that have both factors (logarithms of "
                         "f0, attack, decay and "
           f"inharmonicity); blank: no instrument has both. Largest |r| off the diagonal: {np.nanmax(off):.3f}.", 8.5)
    largest = {}
    for name in _instruments(rows):
        own = correlation(table[[row["Instrument (in full)"] == name for row in rows]])
        largest[name] = np.nanmax(np.abs(own[~np.eye(len(names), dtype=bool)]))
    axes = figure.add_axes((0.24, 0.09, 0.68, 0.3))
    axes.barh(list(largest)[::-1], list(largest.values())[::-1], color=ACCENT)
    axes.set_xlabel("largest |r| between two factors, pitch, dynamics or fold within the instrument", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def page_sounds(rows, read):
    """Draw a spectrogram per instrument, of the note nearest to A3 and ff."""
    figure = _page("Sounds", 6)
    instruments = _instruments(rows)
    grid = figure.add_gridspec((len(instruments) + 2) // 3, 3, left=0.08, right=0.94, top=0.91, bottom=0.09,
                               hspace=0.55, wspace=0.24)
    for k, name in enumerate(instruments):
        own = [row for row in rows if row["Instrument (in full)"] == name]
        row = min(own, key=lambda row: (abs(float(row["Pitch ID"] or 57) - 57), -float(row["Dynamics ID"])))
        _spectrogram(figure.add_subplot(grid[divmod(k, 3)]), read(row), f"{name}  {row['Pitch']} {row['Dynamics']}")
    figure.text(0.08, 0.055, "Log frequency in kHz against seconds, 70 dB below each note's maximum; note "
                             "nearest to A3, "
                "loudest dynamics.", fontsize=8, color="gray")
    return figure


def _spectrogram(axes, x, title):
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(x, 1024), 2048)[::256] * np.hanning(2048)
    level = 20 * np.log10(np.abs(np.fft.rfft(frames, 4096, axis=1)).T + 1e-9)  # (2049, n_frames)
    hz = np.fft.rfftfreq(4096, 1 / RATE)
    bands = np.geomspace(50, 11000, 240)
    rows = np.clip(np.searchsorted(hz, bands), 1, len(hz) - 1)
    axes.imshow(level[rows], origin="lower", aspect="auto", cmap="magma", vmin=level.max() - 70, vmax=level.max(),
                extent=(0, len(x) / RATE, 0, 1), interpolation="nearest", rasterized=True)
    ticks = np.array([100, 300, 1000, 3000, 10000])
    axes.set_yticks(np.log(ticks / 50) / np.log(11000 / 50), ["0.1", "0.3", "1", "3", "10"])
    axes.tick_params(labelsize=6.5)
    axes.set_title(title, fontsize=8, color=INK)


def page_measured(rows, found):
    """Draw what the table says against what was measured on the audio."""
    figure = _page("Written and measured", 7)
    grid = figure.add_gridspec(4, 3, left=0.09, right=0.94, top=0.9, bottom=0.16, hspace=0.5, wspace=0.32)
    for k, column in enumerate(c for c in COLUMNS if c != "shape"):
        pairs = np.array([(float(row[column]), seen[column]) for row, seen in zip(rows, found, strict=True)
                          if column in seen])
        axes = figure.add_subplot(grid[divmod(k, 3)])
        axes.plot(pairs[:, 0], pairs[:, 0], color=PALE, lw=3)
        axes.plot(pairs[:, 0], pairs[:, 1], ".", ms=2.5, color=ACCENT)
        relative = column in LOGARITHMIC
        error = np.abs(pairs[:, 1] / pairs[:, 0] - 1) * 100 if relative else np.abs(pairs[:, 1] - pairs[:, 0])
        if relative:
            _logarithmic(axes.xaxis, axes.set_xscale)
            _logarithmic(axes.yaxis, axes.set_yscale)
        axes.set_title(f"{column}\nmedian |error| {np.median(error):.2g}{' %' if relative else ''}, 95 %: "
                       f"{np.quantile(error, 0.95):.2g}{' %' if relative else ''}", fontsize=7.8, color=INK)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    _write(figure, 0.12, f"Each point is one of {len(rows)} notes: the table's value across, the value found in "
                         f"the audio "
           "upwards, by estimators that share no code with the synthesis (toyset/measure.py). Scatter is "
           "theirs: a noise "
           "of finite length, an attack shorter than a period, a partial that is gone after a few periods.", 8.5)
    return figure


def page_limits(rows):
    """Write what the set cannot do, how to make it again, and the licence."""
    figure, y = _page("Limits, regeneration, licence", 8), 0.925
    y = _heading(figure, y, "Known limits")
    for text in words.LIMITS:
        y = _write(figure, y, "–  " + text)
    y = _heading(figure, y - 0.01, "How to regenerate")
    for text in words.COMMANDS:
        y = _write(figure, y, text, 7.5, family="monospace")
    y = _write(figure, y, "The same seed gives the same bytes with any number of processes; seed 0 gives the "
                          "set described "
               f"here. SHA-256 of the first note: {rows[0]['sha256']}.")
    y = _write(figure, y, "The repository holds the whole table (toy/data/notes.csv) and a balanced sample of "
                          "144 notes "
               "as FLAC (toy/data/sample). A test regenerates both and compares them.")
    y = _heading(figure, y - 0.01, "Licence")
    _write(figure, y, "Code: MIT, as the rest of the project. The notes are synthetic, no recording was used; "
                      "do with them "
           "what you like (CC0 1.0).")
    return figure
