"""knobs.pt: the contract of generative.pt, with semantic controls."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from latentsampler.chapters.instrument import generative, knobs
from latentsampler.chapters.projection import experiment
from latentsampler.contract.export import load_scripted

from tests import rounding

TINY = replace(experiment.RUNS["knobs"], pitch_low=50.0, pitch_high=54.0, first=24, more=8, rounds=1, steps=3,
               turned=4, fit_steps=2, sweeps=4, drift_sweeps=1, note_sweeps=4, probes=False)


@pytest.fixture(scope="module")
def trained(parts, small_notes, tmp_path_factory):
    """A folder with projection.pt and knobs.pt, made for the tiny model and vocoder; and the metrics."""
    folder = tmp_path_factory.mktemp("knobs")
    inputs = [load_scripted(parts / f"{name}.pt") for name in ("model", "harmonic")]
    metrics, history = experiment.run(TINY, 0, folder / "projection.pt", small_notes, *inputs, progress=False)
    knobs.assemble(parts / "model.pt", parts / "harmonic.pt", folder / "projection.pt", folder / "knobs.pt")
    return folder, metrics, history


def test_controls_are_four_knobs_and_a_pitch(trained):
    _, metadata = generative.load_generative(trained[0] / "knobs.pt")
    assert [c["name"] for c in metadata["controls"]] == ["deep", "bright", "hard", "dirty", "pitch"]
    assert all((c["min"], c["max"], c["default"]) == (0.0, 1.0, 0.5) for c in metadata["controls"][:4])
    assert (metadata["controls"][4]["min"], metadata["controls"][4]["max"]) == (50.0, 54.0)


def test_chunks_equal_the_whole(trained):
    module, metadata = generative.load_generative(trained[0] / "knobs.pt")
    controls = torch.tensor([[0.1, 0.9, 0.8, 0.9, 52.0]])
    with torch.inference_mode():
        whole, state = module(controls), module.start(controls)
        count = metadata["chunk"]
        pieces = [module.render(state, first, count) for first in range(0, metadata["n_samples"], count)]
        allowed = rounding.bound(lambda: module.render(state, 0, metadata["n_samples"]))
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=allowed, rtol=0)


def test_what_was_measured_is_what_the_file_plays(trained, parts):
    from latentsampler.chapters.projection.rendering import Renderer

    module, _ = generative.load_generative(trained[0] / "knobs.pt")
    projection, _ = load_scripted(trained[0] / "projection.pt")
    turned, pitch = torch.rand(3, 4), torch.tensor([50.0, 52.0, 54.0])
    with torch.inference_mode():
        renderer = Renderer(*(load_scripted(parts / f"{name}.pt") for name in ("model", "harmonic")))
        expected = renderer.render(*_points(projection, turned, pitch))
        played = module(torch.cat([turned, pitch[:, None]], dim=1))
    allowed = rounding.bound(lambda: module(torch.cat([turned, pitch[:, None]], dim=1)))
    torch.testing.assert_close(played, expected, atol=allowed, rtol=0)


def _points(projection, turned, pitch):
    z, handles = projection(turned, pitch)
    return z, pitch, handles


def test_a_projection_of_another_model_is_refused(trained, parts, small_notes, tmp_path):
    from latentsampler.chapters.autoencoder import experiment as autoencoder

    from .conftest import short

    autoencoder.run(short(autoencoder.RUNS["demo"]), 1, tmp_path / "model.pt", small_notes, progress=False)
    module, metadata = load_scripted(tmp_path / "model.pt")
    assert metadata["created_from"] is not None
    metadata["created_from"] = {"dataset": "another"}
    other = tmp_path / "other.pt"
    torch.jit.save(module, str(other), _extra_files={"metadata.json": __import__("json").dumps(metadata)})
    with pytest.raises(ValueError, match="expected a projection of this model and this vocoder"):
        knobs.assemble(other, parts / "harmonic.pt", trained[0] / "projection.pt", tmp_path / "knobs.pt")


def test_every_figure_is_a_number_and_every_round_is_told(trained):
    _, metrics, history = trained
    assert all(isinstance(value, int | float) for value in metrics.values())
    assert {"spearman", "monotone", "crosstalk", "drift_cents", "range_deep", "error_dirty"} <= set(metrics)
    assert [row["step"] for row in history] == [24, 36]


def test_the_map_places_every_note_between_the_knobs(trained, small_notes):
    path = knobs.write_map(trained[0] / "projection.pt", small_notes, trained[0] / "knobs.pt")
    rows = np.array([line.rstrip(";").split() for line in path.read_text().splitlines()], dtype=float)
    pitched = int(torch.isfinite(small_notes.pitch).sum())
    assert 0.9 * pitched <= len(rows) <= pitched and rows.shape[1] == 5
    assert rows[:, :4].min() >= 0.0 and rows[:, :4].max() <= 1.0
    assert np.abs(np.median(rows[:, :4], axis=0) - 0.5).max() < 0.1
