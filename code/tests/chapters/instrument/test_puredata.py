"""The whole chain in real Pure Data: a generative.pt of this project, played by the built object."""

import json
import subprocess

import numpy as np
import pytest
import soundfile
from latentsampler.chapters.instrument import generative, puredata, walk

from tests import rounding

STEP_MS = 100.0  # 2,205 samples: no multiple of a block, so starts fall inside blocks


@pytest.fixture(scope="module")
def instrument(parts, tmp_path_factory):
    """Path of a generative.pt, its module and its metadata."""
    path = tmp_path_factory.mktemp("instrument") / "generative.pt"
    generative.assemble(parts / "model.pt", parts / "harmonic.pt", path)
    return path, *generative.load_generative(path)


def test_pure_data_plays_a_walk_sample_by_sample_as_python_does(instrument, build, tmp_path):
    path, module, metadata = instrument
    points = walk.walk_points(metadata, 6)
    rate, n_samples = metadata["sample_rate"], metadata["n_samples"]
    puredata.play(points, STEP_MS, path, build, tmp_path / "walk.wav", rate, n_samples)
    got, got_rate = soundfile.read(tmp_path / "walk.wav", dtype="float32")
    starts = [round(k * STEP_MS * rate / 1000) for k in range(len(points))]
    expected = walk.mix(walk.render_points(module, metadata, points), starts, starts[-1] + n_samples)
    assert got_rate == rate and len(got) == len(expected)
    at_once = -(-n_samples // round(STEP_MS * rate / 1000))  # notes that sound together, at most
    allowed = at_once * rounding.bound(lambda: walk.render_points(module, metadata, points))
    assert np.abs(got - expected).max() <= allowed < 1e-3 * np.abs(expected).max()


def test_the_command_line_program_renders_the_same_note(instrument, build, tmp_path):
    path, module, metadata = instrument
    point = walk.walk_points(metadata, 3)[2]
    subprocess.run([build / "wae-render", path, "--point", *(f"{x:.9g}" for x in point), "--out", tmp_path / "x.wav"],
                   check=True, capture_output=True)
    got = soundfile.read(tmp_path / "x.wav", dtype="float32")[0]
    allowed = rounding.bound(lambda: walk.render_points(module, metadata, [point]))
    assert np.abs(got - walk.render_points(module, metadata, [point])[0]).max() <= allowed < 1e-3


def test_an_error_of_pure_data_is_not_swallowed(instrument, tmp_path):
    path, _, metadata = instrument
    with pytest.raises(RuntimeError, match="couldn't create"):
        puredata.play(walk.walk_points(metadata, 1), STEP_MS, path, tmp_path, tmp_path / "walk.wav",
                      metadata["sample_rate"], metadata["n_samples"], timeout=5)


def test_metadata_inside_the_file_is_json_that_names_every_control(instrument, build):
    path, _, metadata = instrument
    done = subprocess.run([build / "wae-render", path], check=True, capture_output=True, text=True)
    assert all(control["name"] in done.stdout for control in metadata["controls"]) and json.dumps(metadata)
