"""A grid of rendered points, which the patch plays where the external is not built.

Conventions
-----------
* The first four controls are latent, and each takes ``points_per_axis`` places at the middles of equal parts of its
  range; the last control varies fastest. All notes have one pitch; the patch transposes by playback speed.
* The index beside the sound, ``<name>.txt``, is what the external would answer to ``describe``, after one line of the
  grid's own: ``grid N FRAMES RATE PITCH;``.

Contents
--------
grid_points   metadata -> the points
write_grid    generative.pt -> wav and index
"""

from itertools import product
from pathlib import Path

import numpy as np
import soundfile

from latentsampler.chapters.instrument.generative import load_generative
from latentsampler.chapters.instrument.walk import render_points

AXES = 4  # coordinates of the two planes
FADE_MS = 30  # at the end of each note, which is cut before it has died away


def grid_points(metadata, points_per_axis):
    """Return the points of a grid.

    Parameters
    ----------
    metadata : dict
        Of a ``generative.pt`` with at least four latent controls.
    points_per_axis : int
        n, 2 or more.

    Returns
    -------
    numpy.ndarray
        ``(n ** 4, 4)`` float64, in the controls' units.

    Raises
    ------
    ValueError
        If there are fewer than four latent controls, or fewer than two points an axis.
    """
    latents = [control for control in metadata["controls"] if control["name"] != "pitch"]
    if len(latents) < AXES:
        raise ValueError(f"expected at least {AXES} controls besides pitch, got {len(latents)}: a grid has two planes")
    if points_per_axis < 2:
        raise ValueError(f"expected at least 2 points an axis, got {points_per_axis}")
    places = (np.arange(points_per_axis) + 0.5) / points_per_axis
    axes = [control["min"] + places * (control["max"] - control["min"]) for control in latents[:AXES]]
    return np.array(list(product(*axes)))


def write_grid(generative_path, out_wav, points_per_axis=4, seconds=0.4, sample_rate=None, pitch=60.0):
    """Render a grid of points to one wav file of notes in a row, and write its index beside it.

    Parameters
    ----------
    generative_path : str or pathlib.Path
        The model.
    out_wav : str or pathlib.Path
        16-bit mono wav to write, ``points_per_axis ** 4 * seconds`` long; the index takes its name with ``.txt``.
    points_per_axis : int
        Places on each of four axes.
    seconds : float
        Length of a note; what is longer is faded out.
    sample_rate : int, optional
        Hz; a whole fraction of the model's rate, which is the default.
    pitch : float
        MIDI note number of all notes, held within the model's range.

    Returns
    -------
    pathlib.Path
        The index.

    Raises
    ------
    ValueError
        If the model has too few controls, or the rate is no whole fraction of its own.
    """
    from scipy.signal import resample_poly

    module, metadata = load_generative(generative_path)
    own_rate = metadata["sample_rate"]
    rate = sample_rate or own_rate
    if own_rate % rate:
        raise ValueError(f"expected a whole fraction of the model's {own_rate} Hz, got {rate}")
    points = _with_pitch(grid_points(metadata, points_per_axis), metadata, pitch)
    frames = int(seconds * rate)
    notes = resample_poly(render_points(module, metadata, points), 1, own_rate // rate, axis=1)[:, :frames]
    notes = notes * _envelope(notes.shape[1], rate)
    soundfile.write(out_wav, 0.9 * notes.ravel() / max(1e-9, np.abs(notes).max()), rate, subtype="PCM_16")
    index = Path(out_wav).with_suffix(".txt")
    index.write_text(_index(metadata, points_per_axis, notes.shape[1], rate, pitch), encoding="utf-8")
    return index


def _with_pitch(points, metadata, pitch):
    last = metadata["controls"][-1]
    if last["name"] != "pitch" or len(metadata["controls"]) != AXES + 1:
        return points  # the rest takes its defaults
    return np.column_stack([points, np.full(len(points), np.clip(pitch, last["min"], last["max"]))])


def _envelope(n_samples, rate):
    fade = min(n_samples, int(FADE_MS * rate / 1000))
    return np.concatenate([np.ones(n_samples - fade), 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / max(1, fade))])


def _index(metadata, points_per_axis, frames, rate, pitch):
    lines = [f"grid {points_per_axis} {frames} {rate} {pitch:g};"]
    for number, control in enumerate(metadata["controls"]):
        limits = " ".join(f"{control[key]:.6g}" for key in ("min", "max", "default"))
        name, unit = (control[key].replace(" ", "_") or "-" for key in ("name", "unit"))  # one word each in Pd
        lines.append(f"control {number} {name} {unit} {limits};")
    return "\n".join([*lines, "controls-end;", ""])
