"""Decoder + projection + vocoder -> one TorchScript module whose controls are deep, bright, hard, dirty and pitch.

Contents
--------
Knobs, StartedKnobs   controls -> waveform; the second one also in pieces
assemble              model.pt + vocoder.pt + projection.pt -> knobs.pt, a generative.pt by the same contract
write_map             where the notes of a dataset lie between the knobs: ``<name>.map.txt`` beside it
"""

import torch
from torch import nn

from latentsampler.attributes.targets import measure_notes
from latentsampler.chapters.instrument.generative import CHUNK_HOPS, load_generative
from latentsampler.chapters.instrument.levels import level_db
from latentsampler.contract import notemap
from latentsampler.contract.export import load_scripted, save_scripted, source_hash
from latentsampler.contract.playing import as_player, pitch_control

PROJECTION_KEYS = ("mel", "knobs", "deviations", "pitch_low", "pitch_high", "created_from")


class Knobs(nn.Module):
    """Controls ``(B, 5)``, four knobs in [0, 1] and a pitch -> waveform ``(B, n_samples)``.

    Parameters
    ----------
    model, projection, vocoder : torch.nn.Module
        ``decode(z, pitch)``; a ``projection.pt``; ``forward(mel, pitch)``.
    """

    def __init__(self, model, projection, vocoder):
        super().__init__()
        self.model, self.projection, self.vocoder = model, projection, vocoder

    def forward(self, controls):
        """Return the waveforms of knob positions."""
        pitch = controls[:, -1]
        mel, amounts = self.mel(controls)
        return self.projection.finish(self.vocoder(mel, pitch), amounts, 0)

    def mel(self, controls):
        """Return the mels ``(B, M, T)`` of knob positions, and what is done to their waveforms ``(B, 4)``."""
        pitch = controls[:, -1]
        z, handles = self.projection(controls[:, :-1].clamp(0.0, 1.0), pitch)
        mel = self.projection.shape(self.model.decode(z, pitch), pitch, handles)
        return mel, self.projection.amounts(mel, pitch, handles)


class StartedKnobs(Knobs):
    """The same, with a vocoder that can render a started note in pieces."""

    @torch.jit.export
    def start(self, controls):
        """Return the state from which :meth:`render` computes pieces of the note of ``(1, 5)`` controls."""
        mel, amounts = self.mel(controls)
        state = self.vocoder.start(mel, controls[:, -1])
        state.append(amounts)
        return state

    @torch.jit.export
    def render(self, state: list[torch.Tensor], first: int, count: int):
        """Return samples ``first`` to ``first + count`` of a started note: ``(1, count)``."""
        piece = self.vocoder.render(state[:-1], first, count)
        return self.projection.finish(piece, state[-1], first)


def assemble(model_path, vocoder_path, projection_path, out):
    """Join ``model.pt``, ``vocoder.pt`` and ``projection.pt`` to a ``generative.pt`` of semantic controls.

    Parameters
    ----------
    model_path, vocoder_path, projection_path, out : str or pathlib.Path
        Files to read, and the one to write.

    Returns
    -------
    dict
        The metadata written.

    Raises
    ------
    ValueError
        If the three have different mel front-ends, or the projection was made for another model or vocoder.
    """
    model, about = load_scripted(model_path, ("mel", "created_from"))
    vocoder, about_vocoder = load_scripted(vocoder_path, ("mel", "needs_pitch", "created_from"))
    projection, knobs = load_scripted(projection_path, PROJECTION_KEYS)
    for name, other in (("vocoder", about_vocoder), ("projection", knobs)):
        if about["mel"] != other["mel"]:
            raise ValueError(f"expected a {name} for mels {about['mel']}, got one for {other['mel']}")
    made_for = {"model": about["created_from"], "vocoder": about_vocoder["created_from"]}
    if any(knobs["created_from"].get(name) != origin for name, origin in made_for.items()):
        raise ValueError(f"expected a projection of this model and this vocoder, got {projection_path} of others; "
                         "train it again with `train projection/knobs`")
    pieces = about_vocoder["needs_pitch"] and hasattr(vocoder, "render")
    player = as_player(vocoder, about_vocoder)
    mel = about["mel"]
    module = (StartedKnobs if pieces else Knobs)(model, projection, player)
    controls = [{"name": name, "unit": "share", "min": 0.0, "max": 1.0, "default": 0.5}
                for name in knobs["knobs"]] + [pitch_control(knobs)]
    save_scripted(module, out, {
        "sample_rate": mel["sample_rate"], "n_samples": mel["hop_length"] * mel["n_frames"],
        "controls": controls, "level_db": level_db(module.eval(), controls, mel["sample_rate"]),
        "chunk": CHUNK_HOPS * mel["hop_length"] if pieces else 0,
        "deviations": knobs["deviations"],  # points of each knob's attribute: the unit in which they compare
        "created_from": {**knobs["created_from"], "source": source_hash()},
    }, keep=("forward", "start", "render") if pieces else ("forward",))
    return load_generative(out)[1]


def write_map(projection_path, dataset, knobs_path):
    """Write where notes lie between the knobs, for the patch's map.

    Parameters
    ----------
    projection_path : str or pathlib.Path
        ``projection.pt``, which says what the knobs mean.
    dataset : NoteDataset
        The notes; silent and unpitched ones are left out.
    knobs_path : pathlib.Path
        The file beside which the map is written.

    Returns
    -------
    pathlib.Path
        The map.
    """
    projection, _ = load_scripted(projection_path, PROJECTION_KEYS)
    points, pitch = torch.tensor(measure_notes(dataset), dtype=torch.float32), dataset.pitch
    kept = torch.isfinite(points).all(1) & torch.isfinite(pitch)
    with torch.inference_mode():
        placed = projection.place(points[kept], pitch[kept])  # (n, 4)
    names = [name for name, ok in zip(dataset.column("Instrument (abbr.)"), kept.tolist(), strict=True) if ok]
    return notemap.write(knobs_path.with_suffix(".map.txt"), placed, names)
