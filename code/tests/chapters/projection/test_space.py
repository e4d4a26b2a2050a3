"""Prediction of attributes, words for axes, and human dissimilarity, each against what is put in."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from latentsampler.chapters.projection.naming import describe_controls, words
from latentsampler.chapters.projection.prediction import predict, r_squared
from latentsampler.data.splits import split
from latentsampler.evaluation.dissimilarity import compare, mfcc_statistics, read_matrix

RATE = 22050


class Table:
    """Notes of eight instruments with four recordings each: as much of a dataset as a split needs."""

    def __init__(self, n):
        self.values = {"Instrument (abbr.)": [f"i{k % 8}" for k in range(n)],
                       "Recording": [f"i{k % 8} r{k // 8 % 4}" for k in range(n)]}
        self.rows = SimpleNamespace(columns=tuple(self.values))

    def __len__(self):
        return len(self.values["Recording"])

    def column(self, name):
        """Return a column."""
        return self.values[name]


def test_prediction_tells_a_linear_space_from_a_bent_one():
    codes = torch.randn(1200, 4, generator=torch.Generator().manual_seed(0))
    pitch = torch.full((1200,), 60.0)
    straight = predict(codes, pitch, 50 + 9 * codes, Table(1200))
    bent = predict(codes, pitch, 50 + 9 * codes ** 2, Table(1200))
    assert straight["r2_linear_recordings"] > 0.999 and straight["r2_linear_instruments"] > 0.999
    assert bent["r2_linear_recordings"] < 0.05 and bent["r2_network_recordings"] > 0.8


def test_held_out_instruments_are_not_in_the_training_part():
    table = Table(400)
    parts = split(table, by="Instrument (abbr.)", shares=(0.75, 0.0, 0.25))
    names = np.array(table.column("Instrument (abbr.)"))
    assert not set(names[parts.train]) & set(names[parts.test]) and len(parts.test) == 100


def test_r_squared_is_one_for_the_truth_and_zero_for_the_mean():
    true = np.random.default_rng(0).normal(size=(50, 4))
    np.testing.assert_allclose(r_squared(true, true), 1.0)
    np.testing.assert_allclose(r_squared(np.tile(true.mean(axis=0), (50, 1)), true), 0.0, atol=1e-12)


def test_words_name_the_two_strongest_attributes():
    assert words({"depth": -0.2, "brightness": 0.5, "hardness": 0.6}) == "harder, brighter"
    assert words({"depth": 0.3, "roughness": -0.4}) == "smoother, deeper"
    assert words({"depth": 0.1, "brightness": -0.05}) == "mixed"


def test_a_control_that_moves_partials_up_is_called_brighter():
    def module(points):
        seconds = torch.arange(8192) / RATE
        hz = 440.0 * 2.0 ** (3.0 * points[:, :1])  # first control: three octaves of a sine; the second does nothing
        return 0.5 * torch.sin(2 * torch.pi * hz * seconds)

    metadata = {"sample_rate": RATE, "controls": [{"name": name, "min": 0.0, "max": 1.0} for name in ("z1", "z2")]
                + [{"name": "pitch", "min": 40.0, "max": 80.0}]}
    first, second = describe_controls(module, metadata, n=40)
    assert "brighter" in first["words"] or "sharper" in first["words"]
    assert first["r2"]["brightness"] > 0.5 and abs(second["r2"]["brightness"]) < 0.15


def test_a_matrix_must_name_the_same_sounds_down_as_across(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text(",a.wav,b.wav\na.wav,0,3\nb.wav,5,0\n")
    names, matrix = read_matrix(path)
    assert names == ["a.wav", "b.wav"]
    np.testing.assert_array_equal(matrix, [[0, 4], [4, 0]])
    path.write_text(",a.wav,b.wav\nb.wav,0,3\na.wav,5,0\n")
    with pytest.raises(ValueError, match="expected the same sounds down as across"):
        read_matrix(path)


class Centroid(torch.nn.Module):
    """A model whose only latent dimension is a spectral centroid."""

    def forward(self, mel):
        """Return the mel."""
        return mel

    @torch.jit.export
    def encode(self, mel):
        """Return centroids ``(B, 1)`` in bands."""
        band = torch.arange(mel.shape[1], dtype=mel.dtype)
        share = mel.sum(2) / mel.sum(2).sum(1, keepdim=True)
        return (share @ band)[:, None]


def test_a_space_that_orders_sounds_as_listeners_do_correlates_with_their_judgements(tmp_path):
    from latentsampler.contract.export import save_scripted
    from latentsampler.sound.audio import MelConfig, _hz_to_mel

    save_scripted(Centroid(), tmp_path / "model.pt", {"mel": MelConfig().to_dict()}, keep=("forward", "encode"))
    hz = [200.0, 400.0, 900.0, 2000.0, 5000.0]
    for k, f in enumerate(hz):
        soundfile.write(tmp_path / f"{k}.wav", 0.5 * np.sin(2 * np.pi * f * np.arange(16384) / RATE), RATE)
    with open(tmp_path / "matrix.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["", *(f"{k}.wav" for k in range(5))])
        writer.writerows([[f"{k}.wav", *abs(_hz_to_mel(np.array(hz), False) - _hz_to_mel(np.array(f), False))]
                          for k, f in enumerate(hz)])
    figures = compare(tmp_path, tmp_path / "matrix.csv", tmp_path / "model.pt")
    assert figures["pairs"] == 10 and figures["latent"] > 0.9
    assert -1.0 <= figures["mfcc"] <= 1.0 and figures["attributes"] > 0.5


def test_cepstral_statistics_do_not_know_the_level():
    mel = np.random.default_rng(0).uniform(0.1, 1.0, (2, 64, 20))
    np.testing.assert_allclose(mfcc_statistics(mel), mfcc_statistics(2.0 * mel), atol=1e-9)


def test_a_missing_sound_is_named(tmp_path):
    from latentsampler.contract.export import save_scripted
    from latentsampler.sound.audio import MelConfig

    save_scripted(Centroid(), tmp_path / "model.pt", {"mel": MelConfig().to_dict()}, keep=("forward", "encode"))
    (tmp_path / "matrix.csv").write_text(",a.wav,b.wav\na.wav,0,3\nb.wav,5,0\n")
    with pytest.raises(FileNotFoundError, match="a.wav"):
        compare(tmp_path, tmp_path / "matrix.csv", tmp_path / "model.pt")
