"""ONNX: every sample equal to TorchScript's within 1e-4, and an error where it cannot be."""

import base64
import json
import re

import numpy as np
import onnxruntime
import pytest
import torch
from latentsampler.contract.export import load_scripted, save_scripted
from latentsampler.products.web.convert import convert, difference, embed, write_map
from torch import nn

CONTROLS = [{"name": "z1", "unit": "sd", "min": -1.0, "max": 1.0, "default": 0.0},
            {"name": "pitch", "unit": "MIDI", "min": 20.0, "max": 100.0, "default": 60.0}]


class Sine(nn.Module):
    """A note in closed form."""

    def forward(self, controls):
        """Return a sine of the pitch at the level of z1."""
        hz = 440.0 * torch.exp2((controls[:, 1:] - 69.0) / 12.0)
        seconds = torch.arange(4096) / 22050.0
        return controls[:, :1] * torch.sin(6.283185307179586 * hz * seconds)


class Branching(nn.Module):
    """A note whose computation depends on a value, which a recording of operations cannot hold."""

    def forward(self, controls):
        """Return ones below pitch 60, zeros above."""
        if bool((controls[:, 1] < 60.0).all()):
            return torch.ones(1, 4096)
        return torch.zeros(1, 4096)


class Noise(nn.Module):
    """A note that is never the same."""

    def forward(self, controls):
        """Return white noise at the level of z1."""
        return controls[:, :1] * torch.rand(1, 4096)


def saved(module, folder):
    """Write a module as a generative.pt."""
    return save_scripted(module, folder / "generative.pt",
                         {"sample_rate": 22050, "n_samples": 4096, "controls": CONTROLS})


def played(folder, controls):
    """Return the waveform that onnxruntime makes."""
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    return session.run(None, {"controls": np.array([controls], dtype=np.float32)})[0]


@pytest.mark.parametrize("points", [8, pytest.param(40, marks=pytest.mark.long)])
def test_every_sample_of_notes_of_the_shipped_instrument_in_onnx_equals_torch_within_1e_4(root, tmp_path, points):
    shipped = root / "patch" / "generative.pt"
    _, sample = convert(shipped, tmp_path, points=points)
    assert sample < 1e-4
    module, metadata = load_scripted(shipped)
    assert json.loads((tmp_path / "model.json").read_text())["controls"] == metadata["controls"]
    for place in ("min", "max", "default"):  # corners of the space, which the random points of `convert` miss
        controls = [control[place] for control in metadata["controls"]]
        with torch.inference_mode():
            expected = module(torch.tensor([controls])).numpy()
        ours = played(tmp_path, controls)
        assert ours.shape == (1, metadata["n_samples"])
        assert np.abs(ours - expected).max() < 1e-4


def test_a_sine_in_onnx_is_the_sine_of_the_formula(tmp_path):
    convert(saved(Sine(), tmp_path), tmp_path)
    expected = 0.5 * np.sin(2 * np.pi * 440.0 * np.arange(4096) / 22050)
    assert np.abs(played(tmp_path, [0.5, 69.0]) - expected).max() < 1e-4


@pytest.mark.parametrize(("module", "message"), [
    (Branching(), "does not depend on the values of its controls"),
    (Noise(), r"expected ONNX within 0\.0001 of .*, got 0\.[1-9].* and 0\.[1-9]"),
])
def test_a_model_that_onnx_cannot_equal_is_refused_and_nothing_is_written(tmp_path, module, message):
    with pytest.raises(ValueError, match=message):
        convert(saved(module, tmp_path), tmp_path / "out")
    assert not (tmp_path / "out" / "model.onnx").exists()


def test_the_difference_to_twice_the_sound_is_the_sound(tmp_path):
    convert(saved(Sine(), tmp_path), tmp_path)
    model = (tmp_path / "model.onnx").read_bytes()
    note, sample = difference(lambda controls: 2.0 * Sine()(controls), model, {"controls": CONTROLS}, points=50)
    assert note == pytest.approx(sample / np.sqrt(2.0), rel=0.02)  # of a sine
    assert 0.9 < sample <= 1.0  # the largest |z1| of fifty, drawn from -1 to 1


def test_a_file_that_is_no_model_is_named(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"no model")
    with pytest.raises(ValueError, match="expected a TorchScript file, got .*x.pt"):
        convert(tmp_path / "x.pt", tmp_path)


def test_map_colours_become_those_of_the_web(tmp_path):
    (tmp_path / "a.map.txt").write_text("1 2 -3 4.5 905;\n0 0 0 0 9;\n")
    write_map(tmp_path / "a.map.txt", tmp_path / "map.json")
    assert json.loads((tmp_path / "map.json").read_text()) == [[1, 2, -3, 4.5, "#f08"], [0, 0, 0, 0, "#00f"]]


def test_embedded_files_come_back_byte_by_byte(tmp_path):
    content = {"a.wasm": bytes(range(256)), "b.json": b"{}"}
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    embed(tmp_path, tmp_path / "embedded.js")
    held = json.loads(re.fullmatch(r"window\.embeddedFiles = (.*);\n", (tmp_path / "embedded.js").read_text())[1])
    assert {name: base64.b64decode(data) for name, data in held.items()} == content
