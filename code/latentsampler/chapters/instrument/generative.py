"""Decoder + vocoder -> one TorchScript module by the contract of ``generative.pt``.

Contents
--------
Generative, StartedGenerative   controls -> waveform; the second one also in pieces
assemble                        model.pt + vocoder.pt -> generative.pt
coordinates                     what the controls mean: origin, directions, ranges
write_map                       where the notes of a dataset lie between them: ``<name>.map.txt`` beside it
load_generative                 generative.pt -> module, metadata; checks the contract
with_defaults                   some controls -> all of them
"""

import torch
from torch import nn

from latentsampler.chapters.instrument.levels import level_db
from latentsampler.contract import notemap
from latentsampler.contract.export import load_scripted, save_scripted, source_hash
from latentsampler.contract.playing import as_player, encode_notes, pitch_control

CHUNK_HOPS = 4  # hops of the first piece, when a host starts a note early; each next one is twice as long
MODEL_KEYS = ("latent_dim", "z_low", "z_high", "pitch_low", "pitch_high", "mel", "axes")
KEYS = ("sample_rate", "n_samples", "controls")


class Generative(nn.Module):
    """Controls ``(B, K)``, K - 1 coordinates and a pitch -> waveform ``(B, n_samples)``.

    Parameters
    ----------
    model, vocoder : torch.nn.Module
        ``decode(z, pitch)``, and ``forward(mel, pitch)``.
    origin : torch.Tensor
        ``(latent_dim,)``, the point that coordinates of zero mean.
    directions : torch.Tensor
        ``(K - 1, latent_dim)``, a step of one along each coordinate.
    """

    def __init__(self, model, vocoder, origin, directions):
        super().__init__()
        self.model, self.vocoder = model, vocoder
        self.register_buffer("origin", origin)
        self.register_buffer("directions", directions)

    def forward(self, controls):
        """Return the waveforms of points."""
        pitch = controls[:, -1]
        return self.vocoder(self.mel(controls), pitch)

    def mel(self, controls):
        """Return the mels ``(B, M, T)`` of points."""
        z = self.origin + controls[:, :-1] @ self.directions  # (B, latent_dim)
        return self.model.decode(z, controls[:, -1])


class StartedGenerative(Generative):
    """The same, with a vocoder that can render a started note in pieces."""

    @torch.jit.export
    def start(self, controls):
        """Return the state from which :meth:`render` computes pieces of the note of ``(1, K)`` controls."""
        return self.vocoder.start(self.mel(controls), controls[:, -1])

    @torch.jit.export
    def render(self, state: list[torch.Tensor], first: int, count: int):
        """Return samples ``first`` to ``first + count`` of a started note: ``(1, count)``."""
        return self.vocoder.render(state, first, count)


def assemble(model_path, vocoder_path, out, reduce=None):
    """Join ``model.pt`` and ``vocoder.pt`` to ``generative.pt``.

    Parameters
    ----------
    model_path, vocoder_path, out : str or pathlib.Path
        Files to read, and the one to write.
    reduce : int, optional
        Number of latent controls: the first principal axes of the training codes. All dimensions if not given.

    Returns
    -------
    dict
        The metadata written.

    Raises
    ------
    ValueError
        If the two have different mel front-ends, or ``reduce`` is not in 1..latent_dim.
    """
    model, about = load_scripted(model_path, MODEL_KEYS)
    vocoder, about_vocoder = load_scripted(vocoder_path, ("mel", "needs_pitch"))
    if about["mel"] != about_vocoder["mel"]:
        raise ValueError(f"expected a vocoder for mels {about['mel']}, got one for {about_vocoder['mel']}")
    origin, directions, ranges = coordinates(about, reduce)
    pieces = about_vocoder["needs_pitch"] and hasattr(vocoder, "render")
    player = as_player(vocoder, about_vocoder)
    module = (StartedGenerative if pieces else Generative)(model, player, origin, directions)
    mel, controls = about["mel"], ranges + [pitch_control(about)]
    metadata = {
        "sample_rate": mel["sample_rate"], "n_samples": mel["hop_length"] * mel["n_frames"],
        "controls": controls, "level_db": level_db(module.eval(), controls, mel["sample_rate"]),
        "chunk": CHUNK_HOPS * mel["hop_length"] if pieces else 0,
        "created_from": {"model": about["created_from"], "vocoder": about_vocoder["created_from"],
                         "source": source_hash()},
    }
    save_scripted(module, out, metadata, keep=("forward", "start", "render") if pieces else ("forward",))
    return load_generative(out)[1]


def write_map(model_path, dataset, generative_path, reduce=None):
    """Write where notes lie between the latent controls, for the patch's map.

    Parameters
    ----------
    model_path : str or pathlib.Path
        ``model.pt``, which encodes the notes.
    dataset : NoteDataset
        The notes.
    generative_path : pathlib.Path
        The file beside which the map is written.
    reduce : int, optional
        As for :func:`assemble`.

    Returns
    -------
    pathlib.Path
        The map.

    Raises
    ------
    ValueError
        If there are fewer than four latent controls.
    """
    model, about = load_scripted(model_path)
    origin, directions, ranges = coordinates(about, reduce)
    if len(ranges) < 4:
        raise ValueError(f"expected at least 4 latent controls for a map of two planes, got {len(ranges)}")
    codes = encode_notes(model, dataset)  # (N, L)
    points = (codes - origin) @ torch.linalg.pinv(directions)  # (N, K - 1)
    return notemap.write(generative_path.with_suffix(".map.txt"), points, dataset.column("Instrument (abbr.)"))


def load_generative(path):
    """Load a ``generative.pt`` and check it against its own metadata.

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
    module, metadata = load_scripted(path, KEYS)
    with torch.no_grad():  # not inference mode: what a module makes at its first call must serve gradients, too
        waveform = module(with_defaults(metadata, []))
    expected = (1, metadata["n_samples"])
    if tuple(waveform.shape) != expected:
        raise ValueError(f"expected {path} to give a waveform of shape {expected}, got {tuple(waveform.shape)}")
    if not torch.isfinite(waveform).all():
        raise ValueError(f"expected {path} to give finite samples at its default controls, got NaN or infinity")
    return module, metadata


def with_defaults(metadata, values):
    """Return all controls as ``(1, K)``, the missing last ones at their defaults.

    Parameters
    ----------
    metadata : dict
        Of a ``generative.pt``.
    values : sequence of float
        At most K values, in the controls' own units.

    Returns
    -------
    torch.Tensor
        ``(1, K)`` float32.

    Raises
    ------
    ValueError
        If there are more values than controls.
    """
    controls = metadata["controls"]
    if len(values) > len(controls):
        names = ", ".join(control["name"] for control in controls)
        raise ValueError(f"expected at most {len(controls)} values ({names}), got {len(values)}")
    rest = [control["default"] for control in controls[len(values):]]
    return torch.tensor([[*values, *rest]], dtype=torch.float32)


def coordinates(about, reduce):
    """Return what the latent controls of a model mean.

    Parameters
    ----------
    about : dict
        Metadata of a ``model.pt``.
    reduce : int, optional
        As for :func:`assemble`.

    Returns
    -------
    origin : torch.Tensor
        ``(latent_dim,)``.
    directions : torch.Tensor
        ``(K - 1, latent_dim)``.
    ranges : list of dict
        name, unit, min, max and default of each control but the pitch.

    Raises
    ------
    ValueError
        If ``reduce`` is not in 1..latent_dim.
    """
    size = about["latent_dim"]
    if reduce is None:
        origin, directions = torch.zeros(size), torch.eye(size)
        names, low, high = [f"z{i + 1}" for i in range(size)], about["z_low"], about["z_high"]
    else:
        if not 1 <= reduce <= size:
            raise ValueError(f"expected a number of controls in 1..{size} for a latent space of {size}, got {reduce}")
        axes = about["axes"]
        origin, directions = torch.tensor(axes["mean"]), torch.tensor(axes["directions"])[:reduce]
        names, low, high = [f"axis{i + 1}" for i in range(reduce)], axes["low"], axes["high"]
    ranges = [{"name": name, "unit": "sd", "min": a, "max": b, "default": min(max(0.0, a), b)}
              for name, a, b in zip(names, low, high, strict=False)]
    return origin, directions, ranges
