"""Claims about the benchmark: its probes measure what is known, its table is complete."""

import numpy as np
import pytest
import torch
from latentsampler.chapters.vocoder import benchmark, experiment, parts, probes
from latentsampler.runtime import records
from latentsampler.sound.audio import MelConfig
from latentsampler.sound.pitch import midi_to_hz

MEL = MelConfig()
T = np.arange(MEL.n_samples) / MEL.sample_rate


@pytest.mark.parametrize("amplitude", [0.1, 1e-3, 1e-4])
@pytest.mark.parametrize("k", [2, 5, 8])
def test_a_stripe_is_found_at_its_level_within_a_tenth_of_a_decibel(amplitude, k):
    stripe = amplitude * np.cos(2 * np.pi * MEL.sample_rate / 2.0 ** k * T)
    tone = 0.5 * np.sin(2 * np.pi * 1000.0 * T)
    assert probes.stripe_db(stripe + tone, MEL.sample_rate) == pytest.approx(20 * np.log10(amplitude), abs=0.1)


def test_steady_tones_have_no_stripes_and_do_not_wander():
    tones, pitch = probes.steady_tones(MEL, 5)
    assert max(probes.stripe_db(x.numpy(), MEL.sample_rate) for x in tones) < -85.0
    assert max(probes.wander_cents(x.numpy(), float(midi_to_hz(p)), MEL.sample_rate)
               for x, p in zip(tones, pitch.numpy(), strict=True)) < 0.05


@pytest.mark.parametrize("depth", [5.0, 20.0])
def test_a_slow_vibrato_wanders_by_its_depth_over_the_root_of_two(depth):
    tone, pitch = probes.vibrato_tone(MEL, 69.0, depth, rate_hz=3.0)
    wander = probes.wander_cents(tone[0].numpy(), float(midi_to_hz(pitch[0])), MEL.sample_rate)
    assert wander == pytest.approx(depth / np.sqrt(2), rel=0.1)


class Same(torch.nn.Module):
    """An autoencoder that changes nothing."""

    def encode(self, mel):
        """Return the mel."""
        return mel

    def decode(self, z, pitch):
        """Return the code."""
        return z


@pytest.fixture(scope="module")
def measured(small_notes, tmp_path_factory):
    """Metrics and timings of a few toy notes."""
    path = tmp_path_factory.mktemp("vocoder") / "v.pt"
    experiment.save_vocoder(experiment.build(experiment.RUNS["harmonic"]), path, experiment.RUNS["harmonic"], "none", 0)
    settings = benchmark.Settings(recordings=3, instruments=2, toy=2, griffin_lim=(60,), fast_griffin_lim=(), tones=1,
                                  timed=3)
    files = {"shipped": path, "mcnn-published": path.with_name("absent.pt")}
    return benchmark.run_benchmark(settings, small_notes, Same(), files, small_notes)


def test_every_vocoder_has_every_figure_on_every_set(measured):
    metrics, timings = measured
    assert set(metrics["sets"]) == {"recordings", "decoded", "instruments", "toy"}
    for name, rows in metrics["sets"].items():
        assert set(rows) == {"griffin-lim-60", "shipped", "untrained"} == set(timings)
        low, mean, high = (np.array([row["sc_1024_db"][k] for row in rows.values()]) for k in (1, 0, 2))
        assert name == "instruments" or ((low <= mean) & (mean <= high)).all()
    assert len(benchmark.table(metrics, timings).splitlines()) == 2 + 3


def test_a_loaded_vocoder_has_the_figures_of_the_module_it_was_saved_from(measured):
    for rows in measured[0]["sets"].values():
        for figure in ("sc_1024_db", "mel_db"):
            assert rows["shipped"][figure] == pytest.approx(rows["untrained"][figure], abs=0.05)


def test_an_autoencoder_that_changes_nothing_changes_no_figure(measured):
    sets = measured[0]["sets"]
    assert sets["decoded"]["shipped"]["sc_1024_db"] == sets["recordings"]["shipped"]["sc_1024_db"]


def test_silence_has_no_stripes_tones_have_none_above_minus_65_db_and_no_tail(measured):
    tones = measured[0]["tones"]["shipped"]
    assert tones["stripe_silence_db"] <= -70.0 and tones["stripe_tone_db"] <= -65.0
    assert tones["tail_dbfs"] <= -70.0 and tones["wander_cents"] < 1.0


def test_eight_iterations_bring_the_vocoder_closer_than_none(small_notes):
    metrics = parts.run_parts(parts.Settings(notes=6), small_notes, Same())
    none, eight = (metrics["clean"][f"iterations-{n}"]["mel_db"][0] for n in (0, 8))
    assert none > eight + 0.1
    assert len(parts.table(metrics).splitlines()) == 1 + len(parts.PARTS)


def test_no_record_is_outdated_against_its_settings():
    assert records.outdated("vocoder-benchmark", {**benchmark.SETTINGS, **parts.SETTINGS}) == []
