"""Module -> TorchScript file that answers controls with events; reload; check.

A file of kind ``"events"`` is a pattern model: ``forward(controls (B, K)) -> events (B, N, 5)``. Whatever plays
patterns relies on this module and on the metadata inside the file, and on nothing else of a chapter.

Conventions
-----------
* A row is one onset: beat, voice, pitch, velocity, length (``COLUMNS``). Beats count from the pattern's start in
  [0, ``beats``): a pattern is a loop, so a hit just before the start stands at its end. Voice is an index into
  ``voices``; pitch a MIDI number, NaN where the voice has none; velocity in (0, 1]; length in beats, above 0.
* Rows are sorted by beat. Unused rows are NaN throughout and come last, so N is the largest number of onsets.
* metadata: ``kind``, ``beats`` (float), ``voices`` (names), ``controls`` (name, unit, min, max, default), and
  optionally ``points``: voice name -> controls of the instrument that plays the voice, without its pitch.

Contents
--------
COLUMNS, KIND   names of the columns; the kind
save_events     module + metadata -> file, checked
load_events     file -> module, metadata, checked
with_points     file + points of an instrument -> the same file, saying which point plays each voice
default_controls   metadata -> controls (1, K)
check_events    events + metadata -> nothing, or what breaks the contract
"""

import math

import torch

from latentsampler.contract.export import load_scripted, save_scripted, write_scripted

COLUMNS = ("beat", "voice", "pitch", "velocity", "length")
KIND = "events"
KEYS = ("kind", "beats", "voices", "controls", "created_from")
CONTROL_KEYS = ("name", "unit", "min", "max", "default")


def save_events(module, path, metadata, keep=("forward",)):
    """Write a pattern model and check the file by loading it.

    Parameters
    ----------
    module : torch.nn.Module
        ``forward(controls (B, K)) -> events (B, N, 5)``, scriptable.
    path : str or pathlib.Path
        File to write, atomically.
    metadata : dict
        beats, voices, controls, created_from, and optionally points and more; ``kind`` is added.
    keep : sequence of str
        Methods that must survive freezing.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    ValueError
        If the metadata or the events at the default controls break the contract; nothing is written for the former.
    """
    metadata = {"kind": KIND, **metadata}
    _check_metadata(metadata, path)
    path = save_scripted(module, path, metadata, keep)
    load_events(path)
    return path


def load_events(path):
    """Load a pattern model and check it at its default controls.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.

    Returns
    -------
    tuple
        The ScriptModule, and the metadata as a dict.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it breaks the contract; the message says what was expected and what came.
    """
    module, metadata = load_scripted(path)
    _check_metadata(metadata, path)
    with torch.no_grad():
        events = module(default_controls(metadata))
    check_events(events, metadata)
    return module, metadata


def with_points(path, points):
    """Say in a pattern model which point of an instrument plays each voice; the model itself stays as it is.

    Parameters
    ----------
    path : str or pathlib.Path
        The file, which is rewritten atomically.
    points : dict
        Voice -> controls of the instrument, without its pitch.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    ValueError
        If a voice is not the model's.
    """
    module, metadata = load_events(path)
    metadata["points"] = points
    _check_metadata(metadata, path)
    return write_scripted(module, path, metadata)


def default_controls(metadata):
    """Return the controls of a pattern model at their defaults: ``(1, K)`` float32."""
    return torch.tensor([[control["default"] for control in metadata["controls"]]], dtype=torch.float32)


def check_events(events, metadata):
    """Raise if events break the contract.

    Parameters
    ----------
    events : torch.Tensor
        ``(B, N, 5)``.
    metadata : dict
        beats and voices of the model.

    Raises
    ------
    ValueError
        With the first rule that is broken.
    """
    if events.ndim != 3 or events.shape[2] != len(COLUMNS) or events.dtype != torch.float32:
        raise ValueError(f"expected float32 events (B, N, {len(COLUMNS)}), got {events.dtype} {tuple(events.shape)}")
    used = ~torch.isnan(events).all(2)  # (B, N)
    if (used[:, 1:] & ~used[:, :-1]).any():
        raise ValueError("expected unused rows (all NaN) at the end, got one before an event")
    beat, voice, pitch, velocity, length = events[used].unbind(1)  # (M,) each
    rules = (
        ("beats", beat, (beat >= 0) & (beat < metadata["beats"]), f"in [0, {metadata['beats']})"),
        ("voices", voice, (voice >= 0) & (voice < len(metadata["voices"])) & (voice == voice.round()),
         f"whole numbers below {len(metadata['voices'])}"),
        ("pitches", pitch, torch.isnan(pitch) | ((pitch >= 0) & (pitch < 128)), "NaN or in [0, 128)"),
        ("velocities", velocity, (velocity > 0) & (velocity <= 1), "in (0, 1]"),
        ("lengths", length, (length > 0) & (length < math.inf), "above 0"))
    for name, values, good, wanted in rules:
        if not good.all():
            raise ValueError(f"expected {name} {wanted}, got {float(values[~good][0])}")
    if (events[:, 1:, 0] < events[:, :-1, 0]).any():  # false where a row is unused
        raise ValueError("expected rows sorted by beat, got an earlier one after a later one")


def _check_metadata(metadata, path):
    missing = [key for key in KEYS if key not in metadata]
    if missing:
        raise ValueError(f"expected the metadata of {path} to have {', '.join(missing)}; it has {', '.join(metadata)}")
    if metadata["kind"] != KIND:
        raise ValueError(f"expected a file of kind {KIND!r} at {path}, got {metadata['kind']!r}")
    if not metadata["beats"] > 0 or not metadata["voices"]:
        raise ValueError(f"expected beats above 0 and at least one voice, got {metadata['beats']} beats and "
                         f"{len(metadata['voices'])} voices")
    for control in metadata["controls"]:
        if any(key not in control for key in CONTROL_KEYS):
            raise ValueError(f"expected each control to have {', '.join(CONTROL_KEYS)}, got {control}")
        if not control["min"] <= control["default"] <= control["max"]:
            raise ValueError(f"expected min <= default <= max of control {control['name']}, got {control}")
    if strangers := set(metadata.get("points", {})) - set(metadata["voices"]):
        raise ValueError(f"expected points of voices {', '.join(metadata['voices'])}, got {', '.join(strangers)}")
