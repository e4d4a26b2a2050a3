"""The commands of the chapter, as a user calls them."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from latentsampler.chapters.projection import experiment, measuring, studies
from latentsampler.chapters.projection.held_out import INSTRUMENTS
from latentsampler.chapters.projection.naming import write_descriptions
from latentsampler.chapters.projection.quantiles import Quantiles
from latentsampler.chapters.projection.studies import shrunk
from latentsampler.contract.export import load_scripted, save_scripted

from .test_steering import LinearInstrument, quantiles  # noqa: F401 (a fixture)


def test_every_run_is_known_by_its_method():
    for name, config in experiment.RUNS.items():
        assert config.method == "Steering" or hasattr(experiment.methods, config.method), name
    assert experiment.RUNS["knobs"].handles and not experiment.RUNS["latent"].handles


def test_a_small_benchmark_plays_a_tenth_of_the_notes():
    config = experiment.RUNS["knobs"]
    assert shrunk(config).first == config.first // 10 and shrunk(config).pitch_low == config.pitch_low


def test_a_cell_of_other_files_notes_or_config_is_another_one(tmp_path, monkeypatch):
    files = {name: tmp_path / name for name in ("model", "vocoder", "other")}
    for name, path in files.items():
        path.write_text(name)
    monkeypatch.setattr(studies, "open_data", lambda path: SimpleNamespace(checksum=str(path)))
    sources = {"data": "n", "model": files["model"], "vocoder": files["vocoder"]}
    told = {studies.identity(studies.Setting(small=small), {**sources, **changed}, cell)
            for small in (False, True) for changed in ({}, {"data": "m"}, {"model": files["other"]})
            for cell in ("linear", "flow")}
    assert len(told) == 12
    assert studies.identity(studies.Setting(), sources, "linear") in told


def test_held_out_instruments_are_not_in_the_dataset():
    from latentsampler.data.soundfont import INSTRUMENTS as TRAINED

    assert not {i.program for i in INSTRUMENTS} & {i.program for i in TRAINED}


class Encoded(LinearInstrument):
    """The linear instrument with two notes whose codes are known."""

    def encode(self, dataset, indices):
        """Return the codes ``(n, 4)`` of notes."""
        return torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0]])[torch.as_tensor(indices)]


class Exact(torch.nn.Module):
    """The steering that is right everywhere on the linear instrument without its keys' offsets."""

    def __init__(self, asked, mix):
        super().__init__()
        self.asked, self.inverse = asked, torch.linalg.inv(mix)

    def forward(self, knobs, pitch):
        """Return points and neutral handles."""
        return (self.asked(knobs, pitch) - 50.0) @ self.inverse, torch.zeros_like(knobs)

    def around(self, points, knobs, pitch):
        """Return points moved as the middle would be, and neutral handles."""
        middle, _ = self(torch.full_like(knobs, 0.5), pitch)
        return points + self(knobs, pitch)[0] - middle, torch.zeros_like(knobs)


def test_knobs_that_are_right_around_the_middle_turn_a_note_alike(quantiles):  # noqa: F811
    from .test_steering import MIX

    notes = SimpleNamespace(pitch=torch.tensor([50.0, 60.0]))
    config = replace(experiment.RUNS["knobs"], note_sweeps=8)
    found = measuring.around_notes("recordings", Exact(quantiles, MIX), quantiles, Encoded(), config, notes,
                                   np.arange(2), 0)
    assert abs(found["recordings_spearman"] - 1.0) < 1e-9 and found["recordings_monotone"] == 1.0
    assert found["recordings_crosstalk"] < 1e-3


def test_axes_are_named_inside_the_file(tmp_path):
    path = tmp_path / "sine.pt"
    controls = [{"name": "z1", "unit": "sd", "min": 0.0, "max": 1.0, "default": 0.5},
                {"name": "pitch", "unit": "MIDI", "min": 40.0, "max": 80.0, "default": 60.0}]
    save_scripted(Sine(), path, {"sample_rate": 22050, "n_samples": 8192, "controls": controls})
    described = write_descriptions(path, n=24)
    module, metadata = load_scripted(path)
    assert metadata["controls"][0]["description"] == described[0]["words"] != "mixed"
    assert {**metadata["controls"][0], "description": ""} == {**controls[0], "description": ""}
    only = metadata["directions"][0]
    assert (only["name"], only["vector"], only["share"]) == ("most varying 1", [1.0], 1.0)
    assert only["description"] == described[1]["words"] == described[0]["words"]
    assert module(torch.zeros(1, 2)).shape == (1, 8192) and json.dumps(metadata)


class Sine(torch.nn.Module):
    """A sine whose octave is its first control."""

    def forward(self, controls):
        """Return ``(B, 8192)``."""
        seconds = torch.arange(8192) / 22050.0
        return 0.5 * torch.sin(2763.0 * torch.exp2(3.0 * controls[:, :1]) * seconds)


def test_the_scripted_quantiles_equal_the_eager_ones():
    rng = np.random.default_rng(0)
    fitted = Quantiles(rng.normal(50, 10, (400, 4)), rng.uniform(40, 72, 400))
    knobs, pitch = torch.rand(5, 4), torch.linspace(40, 72, 5)
    torch.testing.assert_close(torch.jit.script(fitted)(knobs, pitch), fitted(knobs, pitch))
