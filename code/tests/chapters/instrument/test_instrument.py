"""Claims about generative.pt: the contract, pieces, the walk."""

import numpy as np
import pytest
import torch
from latentsampler.chapters.autoencoder import experiment as autoencoder
from latentsampler.chapters.instrument import generative, walk
from latentsampler.contract import notemap
from latentsampler.contract.export import load_scripted, save_scripted
from latentsampler.contract.playing import encode_notes

from tests import rounding


@pytest.mark.parametrize("name", ["harmonic", "mcnn"])
def test_the_union_equals_its_parts_within_rounding(parts, name, tmp_path):
    generative.assemble(parts / "model.pt", parts / f"{name}.pt", tmp_path / "g.pt")
    module, metadata = generative.load_generative(tmp_path / "g.pt")
    model, player = load_scripted(parts / "model.pt")[0], load_scripted(parts / f"{name}.pt")[0]
    controls = generative.with_defaults(metadata, [0.1, -0.2, 0.3, 0.0, 57.0])
    with torch.inference_mode():
        mel = model.decode(controls[:, :4], controls[:, 4])
        expected = player(mel, controls[:, 4]) if name == "harmonic" else player(mel)
        allowed = rounding.bound(lambda: module(controls))
        assert (module(controls) - expected).abs().max() <= allowed < 1e-3


def test_metadata_follows_the_contract(parts, tmp_path):
    metadata = generative.assemble(parts / "model.pt", parts / "harmonic.pt", tmp_path / "g.pt")
    assert metadata["format_version"] == 1 and metadata["n_samples"] == 32768 and metadata["sample_rate"] == 22050
    assert [control["name"] for control in metadata["controls"]] == ["z1", "z2", "z3", "z4", "pitch"]
    assert all(c["min"] <= c["default"] <= c["max"] and c["unit"] for c in metadata["controls"])
    assert {"model", "vocoder", "source"} <= set(metadata["created_from"])


def test_pieces_equal_the_whole_within_rounding(parts, tmp_path):
    metadata = generative.assemble(parts / "model.pt", parts / "harmonic.pt", tmp_path / "g.pt")
    module, chunk = generative.load_generative(tmp_path / "g.pt")[0], metadata["chunk"]
    controls = generative.with_defaults(metadata, [])
    with torch.inference_mode():
        state = module.start(controls)
        pieces = [module.render(state, first, min(chunk, metadata["n_samples"] - first))
                  for first in range(0, metadata["n_samples"], chunk)]
        allowed = rounding.bound(lambda: module.render(state, 0, metadata["n_samples"]))
        assert (torch.cat(pieces, dim=1) - module(controls)).abs().max() <= allowed < 1e-3


def test_two_axes_play_the_plane_of_largest_variance(parts, small_notes, tmp_path):
    metadata = generative.assemble(parts / "model.pt", parts / "harmonic.pt", tmp_path / "g.pt", reduce=2)
    assert [control["name"] for control in metadata["controls"]] == ["axis1", "axis2", "pitch"]
    about = load_scripted(parts / "model.pt")[1]
    origin, directions, _ = generative.coordinates(about, 2)
    codes = encode_notes(load_scripted(parts / "model.pt")[0], small_notes, autoencoder.split(small_notes).train)
    centred = codes - origin
    largest = torch.linalg.eigvalsh(torch.cov(centred.T))[-2:].sum()
    assert float((centred @ directions.T).var(dim=0).sum()) == pytest.approx(float(largest), rel=1e-3)


@pytest.mark.parametrize("number", [0, 5])
def test_an_impossible_number_of_axes_is_named(parts, tmp_path, number):
    with pytest.raises(ValueError, match=f"in 1..4 for a latent space of 4, got {number}"):
        generative.assemble(parts / "model.pt", parts / "harmonic.pt", tmp_path / "g.pt", reduce=number)


def test_a_vocoder_of_another_front_end_is_refused(parts, tmp_path):
    module = torch.nn.Identity()
    save_scripted(module, tmp_path / "v.pt", {"mel": {"n_mels": 7}, "needs_pitch": False})
    with pytest.raises(ValueError, match="expected a vocoder for mels .*256.*got one for .*7"):
        generative.assemble(parts / "model.pt", tmp_path / "v.pt", tmp_path / "g.pt")


class Wrong(torch.nn.Module):
    """Samples of a wrong number or of no value."""

    def __init__(self, length, value):
        super().__init__()
        self.length, self.value = length, value

    def forward(self, controls):
        """Return a constant."""
        return torch.full((controls.shape[0], self.length), self.value)


@pytest.mark.parametrize(("length", "value", "message"), [
    (99, 0.0, r"shape \(1, 100\), got \(1, 99\)"), (100, float("nan"), "finite samples")])
def test_a_file_that_breaks_its_own_metadata_is_refused(tmp_path, length, value, message):
    control = {"name": "a", "unit": "sd", "min": 0.0, "max": 1.0, "default": 0.5}
    save_scripted(Wrong(length, value), tmp_path / "g.pt",
                  {"sample_rate": 22050, "n_samples": 100, "controls": [control]})
    with pytest.raises(ValueError, match=message):
        generative.load_generative(tmp_path / "g.pt")


def test_too_many_controls_are_named():
    metadata = {"controls": [{"name": "a", "default": 0.5}, {"name": "pitch", "default": 60.0}]}
    assert generative.with_defaults(metadata, [0.25]).tolist() == [[0.25, 60.0]]
    with pytest.raises(ValueError, match=r"at most 2 values \(a, pitch\), got 3"):
        generative.with_defaults(metadata, [1, 2, 3])


@pytest.mark.parametrize("k", [0, 1, 5, 13])
def test_the_kth_point_lies_on_its_circle(k):
    point = walk.circle_point((0.5, -1.0), 3.0, 8, k)
    assert np.linalg.norm(point - (0.5, -1.0)) == pytest.approx(1.5, abs=1e-12)
    assert np.angle(np.exp(1j * (np.arctan2(point[1] + 1.0, point[0] - 0.5) - 2 * np.pi * k / 8))) == pytest.approx(0)


def test_a_mix_is_the_shifted_sum_and_cuts_at_the_end():
    notes = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]], dtype=np.float32)
    assert walk.mix(notes, [0, 2], 4).tolist() == [1.0, 2.0, 13.0, 20.0]


def test_the_map_has_a_line_per_note_at_its_code(parts, small_notes, tmp_path):
    path = generative.write_map(parts / "model.pt", small_notes, tmp_path / "g.pt")
    table = notemap.read(path)
    codes = encode_notes(load_scripted(parts / "model.pt")[0], small_notes).numpy()
    assert path.name == "g.map.txt" and table.shape == (len(small_notes), 5)
    assert np.abs(table[:, :4] - codes).max() < 1e-3
    assert len(set(table[:, 4])) == len(set(small_notes.column("Instrument (abbr.)"))) and table[:, 4].max() <= 999
