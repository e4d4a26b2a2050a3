"""Claims about the models that the patch ships."""

import numpy as np
import pytest
import torch
from latentsampler.chapters.instrument import generative, walk
from latentsampler.contract.export import load_scripted
from latentsampler.runtime import records
from latentsampler.sound.pitch import cents, estimate_f0, midi_to_hz

from tests import rounding


@pytest.fixture(scope="module")
def shipped(root):
    """Module and metadata of patch/generative.pt."""
    return generative.load_generative(root / "patch" / "generative.pt")


def test_generative_is_at_most_12_megabytes(root):
    assert (root / "patch" / "generative.pt").stat().st_size <= 12e6


def test_shipped_models_were_trained_on_the_notes_of_their_records(root):
    for name, chapter, run in (("model", "autoencoder", "wae"), ("vocoder", "vocoder", "harmonic")):
        metadata = load_scripted(root / "patch" / f"{name}.pt")[1]
        assert metadata["created_from"]["dataset"] == records.read_record(chapter, run)["provenance"]["dataset"]


def test_it_is_what_assembling_the_shipped_parts_gives(root, shipped, tmp_path):
    generative.assemble(root / "patch" / "model.pt", root / "patch" / "vocoder.pt", tmp_path / "g.pt")
    points = walk.walk_points(shipped[1], 3)
    again = walk.render_points(*generative.load_generative(tmp_path / "g.pt"), points)
    allowed = rounding.bound(lambda: walk.render_points(*shipped, points))
    assert np.abs(again - walk.render_points(*shipped, points)).max() <= allowed < 1e-3


def test_a_walk_of_24_points_is_in_tune_and_never_silent(shipped):
    points = walk.walk_points(shipped[1], 24)
    notes = walk.render_points(*shipped, points)
    off = [abs(float(cents(estimate_f0(note, shipped[1]["sample_rate"]), midi_to_hz(point[-1]))))
           for note, point in zip(notes, points, strict=True)]
    assert np.mean(np.array(off) <= 50.0) >= 0.8
    assert np.abs(notes).max(axis=1).min() > 10 ** (-40 / 20)


def test_the_map_has_a_line_per_note_within_reach_of_the_controls(root, shipped):
    table = np.loadtxt(line.rstrip(";\n") for line in (root / "patch" / "generative.map.txt").open())
    for column, control in enumerate(shipped[1]["controls"][:4]):
        inside = (table[:, column] >= control["min"]) & (table[:, column] <= control["max"])
        assert inside.mean() > 0.95  # the range holds 99 % of the training notes' codes; others may lie beyond


def test_a_second_of_sound_is_in_pieces_what_it_is_at_once(shipped):
    module, metadata = shipped
    controls = generative.with_defaults(metadata, [1.0, -1.0, 0.5, 0.0, 43.0])
    with torch.inference_mode():
        state = module.start(controls)
        pieces = torch.cat([module.render(state, 0, 2048), module.render(state, 2048, 30720)], dim=1)
        whole = module(controls)
    assert (pieces - whole).abs().max() <= rounding.bound(lambda: module.render(state, 0, 32768)) < 1e-3
