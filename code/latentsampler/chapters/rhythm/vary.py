"""A beat of one's own in, another out: vary, humanise, morph.

Conventions
-----------
* A file is cut into two-bar windows from its first bar; each is treated by itself and written back in its place.
* What the model does not copy exactly stays the player's: by default only the difference between the decoded pattern
  with the knobs as they were and as they are wanted is applied (``keep``).

Contents
--------
vary       MIDI file + knobs -> MIDI file
humanise   straight MIDI file -> the same hits with the model's velocities and offsets
morph      two MIDI files -> the patterns on the way from one to the other
apply_difference   pattern, decoded before and after -> pattern
"""

import numpy as np
import torch

from latentsampler.chapters.rhythm.attributes import ATTRIBUTES, measure
from latentsampler.chapters.rhythm.grid import BEATS, to_hits, to_pattern
from latentsampler.chapters.rhythm.midi import read_midi, write_midi
from latentsampler.contract.events import load_events


def vary(model_file, source, out, knobs, keep=True):
    """Write a beat with other knob settings.

    Parameters
    ----------
    model_file, source, out : str or pathlib.Path
        ``rhythm.pt``; MIDI file to read; MIDI file to write.
    knobs : dict
        Attribute -> knob in [0, 1]; the others stay where the beat has them.
    keep : bool
        Apply only the difference that the knobs make to the decoded pattern.

    Returns
    -------
    dict
        Attribute -> (before, after), means over windows.

    Raises
    ------
    ValueError
        If there is no such knob, or its setting is not in [0, 1].
    """
    for name, value in knobs.items():
        if name not in ATTRIBUTES:
            raise ValueError(f"expected a knob ({', '.join(ATTRIBUTES)}), got {name!r}")
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"expected {name} in [0, 1], got {value}")
    model, performance, patterns = _open(model_file, source)
    with torch.inference_mode():
        z = model.encode(patterns)
        after = model.decode(_turned(model, z, knobs))
        if keep:
            after = apply_difference(patterns, model.decode(z), after)
    _write(out, after, performance.bpm)
    return _report(patterns, after)


def humanise(model_file, source, out, amount=1.0):
    """Write the hits of a beat with the velocities and offsets that the model gives to such a pattern.

    Parameters
    ----------
    model_file, source, out : str or pathlib.Path
        As for :func:`vary`.
    amount : float
        0 leaves velocities and offsets, 1 takes the model's.

    Returns
    -------
    dict
        Attribute -> (before, after), means over windows.
    """
    model, performance, patterns = _open(model_file, source)
    with torch.inference_mode():
        z = model.encode(patterns)
        # a straight beat has neither; of every cell come logit, velocity, offset
        played = model.cells(_turned(model, z, {"swing": 0.5, "dynamics": 0.5}))
        onset = patterns[:, :1]
        after = torch.cat([onset, onset * torch.lerp(patterns[:, 1:], played[:, 1:], amount)], 1)
    _write(out, after, performance.bpm)
    return _report(patterns, after)


def morph(model_file, first, second, out, steps=5):
    """Write the patterns on the straight way between the first windows of two beats, one after the other.

    Parameters
    ----------
    model_file, first, second, out : str or pathlib.Path
        ``rhythm.pt``; MIDI files to read; MIDI file to write.
    steps : int
        Patterns, both ends included; at least 2.

    Returns
    -------
    dict
        Attribute -> list of its values along the way.

    Raises
    ------
    ValueError
        If there are fewer than two steps.
    """
    if steps < 2:
        raise ValueError(f"expected at least 2 steps, got {steps}")
    model, performance, one = _open(model_file, first)
    _, other, two = _open(model_file, second)
    with torch.inference_mode():
        ends = model.encode(torch.cat([one[:1], two[:1]]))
        way = torch.linspace(0.0, 1.0, steps)[:, None]
        patterns = model.decode(torch.lerp(ends[:1], ends[1:], way))
    _write(out, patterns, (performance.bpm + other.bpm) / 2)
    return {name: values.tolist() for name, values in zip(ATTRIBUTES, measure(patterns).T, strict=True)}


def apply_difference(patterns, before, after):
    """Return patterns changed as the decoded ones change.

    Parameters
    ----------
    patterns, before, after : torch.Tensor
        ``(B, 3, 9, 32)``: the player's, and decoded with the knobs as they were and as they are wanted.

    Returns
    -------
    torch.Tensor
        Onsets that appear or go in the decoded ones do so here; velocities and offsets move by the same amount; an
        onset that is new takes the decoded ones.
    """
    had, has = before[:, :1] > 0.5, after[:, :1] > 0.5
    mine = patterns[:, :1] > 0.5
    onset = (mine & ~(had & ~has)) | (has & ~had)
    moved = patterns[:, 1:] + torch.where(had & has, after[:, 1:] - before[:, 1:], torch.zeros(()))
    rest = torch.where(mine, moved, after[:, 1:])  # (B, 2, 9, 32)
    velocity, offset = rest[:, :1].clamp(1.0 / 127.0, 1.0), rest[:, 1:].clamp(-0.5, 0.4999)
    return torch.cat([onset.float(), onset * velocity, onset * offset], 1)


def _turned(model, z, knobs):
    """Return points with some knobs elsewhere; the numbers of the others stay exactly as they are."""
    turned = z.clone()
    for name, value in knobs.items():
        index = ATTRIBUTES.index(name)
        turned[:, index] = model.turn(z, torch.full((len(z), len(ATTRIBUTES)), value))[:, index]
    return turned


def _open(model_file, source):
    model, _ = load_events(model_file)
    performance = read_midi(source)
    bars = np.floor(performance.hits[-1, 0] + 0.125)
    starts = np.arange(0.0, max(bars, 1.0), BEATS)
    patterns = np.stack([to_pattern(performance.hits, start)[0] for start in starts])
    return model, performance, torch.from_numpy(patterns)


def _write(out, patterns, bpm):
    hits = []
    for number, pattern in enumerate(patterns.numpy()):
        found = to_hits(pattern)
        found[:, 0] += number * BEATS
        hits.append(found)
    write_midi(out, np.concatenate(hits), bpm)


def _report(before, after):
    one, two = measure(before).mean(0), measure(after).mean(0)
    return {name: (float(a), float(b)) for name, a, b in zip(ATTRIBUTES, one, two, strict=True)}
