from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from latentsampler.data.figures import figure_ceiling, figure_leakage, table_preparation
from latentsampler.data.preparation_study import preparation_config, run_preparation_study
from latentsampler.data.prepare import Preparation
from latentsampler.data.soundfont import SoundFontSource
from latentsampler.data.studies import STUDIES, Setting
from latentsampler.data.study import BASE, FRONT_ENDS, choose, frontend_config, run_frontend_study
from latentsampler.experiments import grid
from latentsampler.runtime.records import read_record, read_records

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def study(soundfont):
    few = {"default": BASE, "64 bands": FRONT_ENDS["64 bands"], "FFT 512": FRONT_ENDS["FFT 512"]}
    return run_frontend_study(SoundFontSource(soundfont, velocities=(80,), step=20), every=4, front_ends=few)


def test_the_defaults_ceiling_is_below_minus_30_db_and_64_bands_are_not_enough(study):
    table = study.metrics["front_ends"]
    assert table["default"]["ceiling_db"] < -30.0 < -20.0 < table["64 bands"]["ceiling_db"]
    assert choose(table) == "default"


def test_figures_of_merit_are_ordered_as_they_must_be(study):
    for figures in study.metrics["front_ends"].values():
        assert figures["ceiling_db"] < figures["magnitude_db"]
        assert figures["ceiling_db"] <= figures["full_band_db"] + 0.5
    floors = study.metrics["floors"]
    assert floors["-40"]["ceiling_db"] > floors["-60"]["ceiling_db"] > floors["-80"]["ceiling_db"]
    assert abs(floors["-120"]["ceiling_db"] - study.metrics["front_ends"]["default"]["ceiling_db"]) < 0.05


def test_a_study_is_recorded_and_its_figure_drawn_from_the_record(study, soundfont, tmp_path):
    results, sources = {"all": study._asdict()}, {"source": soundfont}
    grid.write_study(STUDIES["frontends"], Setting(4), results, sources, 1.0, to=tmp_path)
    record = read_record("dataset", "frontends", 0, results=tmp_path)
    assert record["config"] == frontend_config(4) and record["provenance"]["dataset"] == study.checksum
    assert record["metrics"] == study.metrics and "extraction_ms" in record["provenance"]
    assert len(figure_ceiling(record["metrics"]).axes) == 2


def test_nothing_within_the_budget_is_said():
    with pytest.raises(ValueError, match="within the budget"):
        choose({"x": {"ceiling_db": -30.0, "values": 1, "samples": 10 ** 6, "griffin_lim_db": -1.0}})


def test_the_committed_records_are_of_the_studies_as_they_are():
    records = read_records("dataset")
    for record in records.get("frontends", []):
        assert record["config"] == frontend_config(record["config"]["every"])
        assert FRONT_ENDS[choose(record["metrics"]["front_ends"])] == BASE
    for record in records.get("preparation", []):
        assert record["config"] == preparation_config(record["config"]["step"])


def test_the_preparation_study_supports_the_choices(soundfont):
    metrics = run_preparation_study(soundfont, step=24).metrics
    chosen = Preparation()
    onset = metrics["onset"][f"{chosen.onset_db:.0f}"]
    assert onset["moved_10_ms_by_noise_share"] < 0.05 and onset["latest_5_percent_ms"] < 10.0
    fade = metrics["fade_out"][f"{1000 * chosen.fade_out:.0f} ms"]
    assert fade["largest_end_step_db"] < -80.0 and fade["energy_changed_db"] < -40.0
    assert metrics["level"]["peak 0.9"]["worst_signal_to_rounding_db"] > metrics["level"]["as it is"][
        "worst_signal_to_rounding_db"] + 10.0
    assert len(table_preparation(metrics)) == sum(len(metrics[q]) for q in ("onset", "length", "fade_out", "level"))


def test_extraction_time_and_size_belong_to_a_front_end(study):
    assert set(study.timings["extraction_ms"]) == set(study.metrics["front_ends"])
    assert study.metrics["front_ends"]["default"]["values"] == replace(BASE).n_mels * BASE.n_frames


def test_the_leak_is_drawn():
    assert len(figure_leakage(np.array([0.99]), np.array([0.3])).axes[0].patches) >= 2
