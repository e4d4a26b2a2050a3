"""Claims about the example scripts: each runs as it stands, and shows what its text says."""

import runpy
import sys

import numpy as np
import pytest
import torch

from tests.conftest import ROOT

EXAMPLES = ROOT / "code" / "examples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the scripts write; those that need notes find them there."""
    return tmp_path_factory.mktemp("examples")


@pytest.fixture
def run(folder, monkeypatch):
    """Run a script as a command would; its variables come back."""
    def run_script(name):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", str(folder)])
        return runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    return run_script


def test_every_example_is_tested_here_and_names_what_it_shows():
    tested = {name.removeprefix("test_").removesuffix("_example") for name in globals() if name.endswith("_example")}
    assert {path.stem for path in EXAMPLES.glob("*.py")} == tested
    for path in EXAMPLES.glob("*.py"):
        assert "``" in path.read_text().split('"""')[1] and len(path.read_text().splitlines()) <= 40


def test_sounds_example(run):
    shown = run("sounds")
    assert abs(shown["off"]) < 1.0  # cent
    assert shown["convergence"] == pytest.approx(20 * np.log10(0.5), abs=1e-3)  # |S - S/2| / |S| is a half


def test_notes_example(run):
    shown = run("notes")
    assert len(shown["notes"]) == 144 and sum(len(part) for part in shown["parts"]) == 144
    instruments = [{shown["notes"].rows[int(k)]["Instrument (abbr.)"] for k in part} for part in shown["parts"]]
    assert not instruments[0] & instruments[1] and not instruments[0] & instruments[2]


def test_distances_example(run):
    table = run("distances")["table"]
    for name in table[0.0]:
        assert table[0.0][name] < table[1.0][name] < table[2.0][name], name
    assert table[2.0]["kl"] == pytest.approx(4 * 2.0 ** 2 / 2)  # nats: half the squared shift, four dimensions
    assert table[2.0]["sliced"] == pytest.approx(16.0, rel=0.1)  # the squared translation


def test_attributes_example(run):
    heard = run("attributes")["heard"]
    assert np.all(np.diff(heard["brightness"]) > 0) and np.all(np.diff(heard["depth"]) < 0)


def test_autoencoder_example(run, folder):
    if not (folder / "notes").is_dir():
        run("notes")
    shown = run("autoencoder")
    assert shown["z"].shape == (1, 4) and shown["higher"].shape == (1, 256, 128) and bool((shown["higher"] >= 0).all())
    assert shown["history"][-1]["total"] < shown["history"][0]["total"]


def test_vocoder_example(run):
    reached = run("vocoder")["reached"]
    assert reached["pitch-driven, untrained"] < reached["Griffin-Lim, 8 iterations"]  # dB: lower is better


def test_instrument_example(run, folder):
    shown = run("instrument")
    assert np.abs(shown["sound"]).max() > 0.01 and (folder / "walk.wav").is_file()
    assert len(shown["sound"]) == 6 * shown["step"] + shown["metadata"]["n_samples"]


def test_results_example(run):
    shown = run("results")
    assert shown["squares"] == {f"{k} squared": k * k for k in range(5)} and "wae" in shown["recorded"]
    assert torch.get_num_threads() == 1
