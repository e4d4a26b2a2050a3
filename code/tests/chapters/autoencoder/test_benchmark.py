"""Claims about the benchmark of divergences, the table of what carries over, and their notes."""

from dataclasses import asdict, replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from latentsampler.chapters.autoencoder import figures
from latentsampler.chapters.autoencoder.studies import ablation_study, benchmark, comparison, measures, notes, transfer
from latentsampler.experiments import grid
from latentsampler.runtime import records
from latentsampler.sound.metrics import log_spectral_distance


@pytest.fixture(scope="module")
def stores(small_notes):
    return str(small_notes.path), str(small_notes.path)


@pytest.fixture(scope="module")
def pooled(stores):
    return notes.read_notes(stores, 8)


def short(setting, **changes):
    schedule = {"steps": 2, "batch_size": 16, "valid_every": 2}
    return replace(setting, pool=8, **changes), schedule


def test_pooled_frames_are_means_and_the_hop_grows_with_them(pooled, small_notes):
    assert pooled.mels.shape == (288, 256, 16) and pooled.mel_config.hop_length == 2048
    wanted = np.array(small_notes.mels[5])[:, 8:16].mean(axis=1)
    assert np.allclose(pooled.mels[5][:, 1], wanted, atol=1e-6) and np.array_equal(pooled.mels[149], pooled.mels[5])
    assert pooled.row(149) == small_notes.rows[5]
    assert torch.equal(pooled.pitch[144:].nan_to_num(), small_notes.pitch.nan_to_num())


def test_a_pool_that_does_not_divide_the_frames_is_refused(small_notes):
    with pytest.raises(ValueError, match="expected a divisor of 128 frames, got 3"):
        notes.NoteSet([small_notes], 3)


def sources(stores):
    """Name the stores as a study does."""
    return dict(zip(("soundfont", "toy"), stores, strict=True))


def test_parts_do_not_overlap_and_hold_out_recordings_and_known_notes(pooled):
    parts = notes.divide(pooled)
    whole = np.sort(np.concatenate(parts))
    assert np.array_equal(whole, np.arange(len(pooled)))
    recording = pooled.column("Recording")
    named = lambda part: set(recording[part]) - {""}  # noqa: E731
    assert not named(parts.train) & named(parts.test) and not named(parts.train) & named(parts.valid)
    assert 0.03 < len(parts.known) / len(parts.train) < 0.25


def test_transfer_tests_every_set_with_each_training_set_and_trains_on_its_own_only(stores, tmp_path):
    setting, schedule = short(transfer.SMALL)
    setting = replace(setting, config=replace(setting.config, width=16, depth=2,
                                              schedule=replace(setting.config.schedule, **schedule)))
    results = grid.run_study(transfer.STUDY, setting, sources(stores), tmp_path, progress=False)
    assert list(results) == ["soundfont/seed0", "toy/seed0", "both/seed0"]
    for cell in results.values():
        assert cell["both"] == pytest.approx((cell["soundfont"] + cell["toy"]) / 2) and cell["toy"] > 0
    assert results["soundfont/seed0"]["toy"] != results["toy/seed0"]["toy"]
    text = transfer.table_transfer({"metrics": results}).splitlines()
    assert len(text) == 4 and f"{results['toy/seed0']['soundfont']:.2f}" in text[2]


def test_cells_survive_a_kill_and_their_figures_are_those_of_the_model(stores, pooled, tmp_path):
    setting, schedule = short(benchmark.SMALL, methods=("Plain", "FlowPrior"), width=16, depth=2)
    setting = replace(setting, schedule=replace(setting.schedule, **schedule))
    results = grid.run_study(benchmark.STUDY, setting, sources(stores), tmp_path, progress=False)
    assert list(results) == ["Plain/size4/seed0", "FlowPrior/size4/seed0"]
    (tmp_path / "FlowPrior" / "size4" / "seed0.json").unlink()
    before = (tmp_path / "Plain" / "size4" / "seed0.json").stat().st_mtime_ns
    again = grid.run_study(benchmark.STUDY, replace(setting, seeds=1), sources(stores), tmp_path, progress=False)
    assert (tmp_path / "Plain" / "size4" / "seed0.json").stat().st_mtime_ns == before
    assert again["FlowPrior/size4/seed0"]["metrics"] == results["FlowPrior/size4/seed0"]["metrics"]
    assert grid.as_record(benchmark.STUDY, setting, again)["provenance"]["weights"]["FlowPrior"] > 0


def test_at_least_twelve_figures_and_the_distance_is_that_of_held_out_recordings(pooled):
    class Mean:
        """Decodes every note as the mean note."""

        parameters = 0

        def __init__(self, mels):
            self.mean = torch.from_numpy(mels.mean(axis=0))

        def encode(self, mel, pitch):
            return mel[:, :4].mean(dim=2)

        def decode(self, z, pitch):
            return self.mean.expand(len(z), -1, -1) * (1.0 + z[:, :1, None])

        def sample_prior(self, n, generator=None):
            return torch.randn(n, 4, generator=generator)

    parts = notes.divide(pooled)
    model = Mean(pooled.mels)
    found = measures.measure(model, pooled, parts)
    test = parts.test[pooled.source[parts.test] == 0]
    mel = torch.from_numpy(pooled.mels[test])
    wanted = log_spectral_distance(model.decode(model.encode(mel, None), pooled.pitch[test]), mel).mean()
    assert found["lsd_db"] == pytest.approx(float(wanted), rel=1e-5)
    assert found["lsd_low_db"] <= found["lsd_db"] <= found["lsd_high_db"]
    asked = {name for group in comparison.GROUPS.values() for name in group} - {"seconds"}
    assert asked <= set(found) and len(asked) >= 12


@pytest.fixture(scope="module")
def known_record():
    """A record with figures chosen so that every verdict is known."""
    setting = replace(benchmark.RECORDED, methods=("PCA", "Plain", "MMDInverseMultiquadratic", "KullbackLeibler"),
                      sizes=(4, 8))
    base = {**{f"{part}{test}2_effect": value for part in ("", "train_")
               for test, value in (("mmd", 1.0), ("sw", 1.2))}, "dead_dimensions": 0, "known_knn_instrument": 0.9,
            "knn_instrument": 0.5, "prior_nearest_lsd_db": 7.0, "parameters": 10}
    distance = {"PCA": (8.0,), "Plain": (5.0, 5.1, 5.2), "MMDInverseMultiquadratic": (5.5, 5.6, 5.7),
                "KullbackLeibler": (4.0, 5.0, 6.5)}
    metrics = {f"{method}/size4/seed{k}": {**base, "lsd_db": value, "knn_instrument": 0.5 + 0.01 * k}
               for method, values in distance.items() for k, value in enumerate(values)}
    metrics |= {f"{method}/size8/seed0": {**base, "lsd_db": value} for method, value in (("PCA", 6.0), ("Plain", 5.0))}
    return {"config": asdict(setting), "metrics": metrics,
            "provenance": {"training_seconds": {name: 2.0 for name in metrics}}}


def test_the_reading_calls_a_difference_only_where_the_interval_excludes_zero(known_record):
    text = comparison.reading(known_record)
    sound = text.splitlines()[0]
    assert "Worse: PCA (+2.90), MMDInverseMultiquadratic (+0.50)." in sound
    assert "KullbackLeibler (+0.07)" in sound.split("Not")[1]
    assert "Better: none." in sound


def test_goals_say_by_how_much_they_are_reached_or_missed(known_record):
    found = {goal.text: goal for goal in comparison.goals(known_record)}
    at_4, at_8 = (next(goal for text, goal in found.items() if f"PCA at size {size}" in text) for size in (4, 8))
    assert at_4.reached and at_4.figure == pytest.approx(1 - 5.1 / 8.0)
    assert not at_8.reached and at_8.figure == pytest.approx(1 - 5.0 / 6.0)
    known = next(goal for text, goal in found.items() if "kNN" in text)
    assert not known.reached and known.figure == pytest.approx(0.9)
    text = comparison.reading(known_record)
    assert "Goal missed: kNN instrument of MMDInverseMultiquadratic" in text and "aimed at 0.95" in text


def test_the_table_has_a_row_per_method_and_size_with_mean_and_deviation(known_record):
    text = comparison.table_divergences(known_record, "sound, held-out recordings").splitlines()
    assert len(text) == 2 + 6 and "5.6 +- 0.1" in next(line for line in text if "Multiquadratic" in line)
    assert comparison.rows(known_record)[0] == ("PCA", 4) and comparison.rows(known_record)[-1] == ("Plain", 8)


def test_figures_show_every_method(known_record):
    labels = figures.figure_benchmark(known_record).axes[0].get_legend_handles_labels()[1]
    assert labels == ["PCA (above: 8.0 dB)", "Plain", "MMDInverseMultiquadratic", "KullbackLeibler"]
    lines = figures.figure_sizes(known_record).axes[0].get_legend_handles_labels()[1]
    assert lines == ["PCA", "Plain"]
    plt.close("all")


def test_no_record_is_outdated_against_its_setting():
    settings = {"divergences": benchmark.RECORDED, "divergences-small": benchmark.SMALL,
                "transfer": transfer.RECORDED, "transfer-small": transfer.SMALL,
                "ablation": ablation_study.RECORDED, "ablation-small": ablation_study.SMALL}
    outdated = records.outdated("autoencoder-benchmark", settings)
    assert [name for name in outdated if name.split("/")[1] in settings] == []


def test_a_record_holds_every_cell_and_is_not_overwritten(stores, tmp_path):
    setting = replace(benchmark.SMALL, pool=8, methods=("Plain",))
    results = {"Plain/size4/seed0": {"metrics": {"lsd_db": 6.0}, "seconds": 2.5, "weight": 0.0}}
    grid.write_study(benchmark.STUDY, setting, results, sources(stores), 3.0, to=tmp_path)
    read = records.read_record("autoencoder-benchmark", "divergences", results=tmp_path)
    assert read["metrics"] == {"Plain/size4/seed0": {"lsd_db": 6.0}}
    assert comparison.values(read, "Plain", 4, "seconds").tolist() == [2.5]
    with pytest.raises(FileExistsError, match="autoencoder-benchmark/divergences/seed0 is there already"):
        grid.write_study(benchmark.STUDY, setting, results, sources(stores), 3.0, to=tmp_path)


def test_results_of_another_weight_are_refused(stores, tmp_path, monkeypatch):
    setting, schedule = short(benchmark.SMALL, methods=("Sinkhorn",), width=16, depth=2)
    setting = replace(setting, schedule=replace(setting.schedule, **schedule))
    grid.run_study(benchmark.STUDY, setting, sources(stores), tmp_path, progress=False)
    monkeypatch.setattr(benchmark.regularisers.Sinkhorn, "weight", 123.0)
    with pytest.raises(ValueError, match="Sinkhorn/size4/seed0.json belongs to other tasks: expected .* weight 123.0 "):
        grid.run_study(benchmark.STUDY, setting, sources(stores), tmp_path, progress=False)


def test_ours_beside_pythae_is_compared_in_distance_and_time():
    base = {**{f"{part}{test}2_effect": value for part in ("", "train_")
               for test, value in (("mmd", 1.0), ("sw", 1.2))}, "dead_dimensions": 0, "known_knn_instrument": 0.96,
            "prior_nearest_lsd_db": 7.0, "knn_instrument": 0.5}
    record = {"config": {"methods": ["PythaeWAE", "MMDInverseMultiquadratic", "Plain"]},
              "metrics": {"PythaeWAE/size4/seed0": {**base, "lsd_db": 7.0},
                          "Plain/size4/seed0": {**base, "lsd_db": 6.0},
                          "MMDInverseMultiquadratic/size4/seed0": {**base, "lsd_db": 6.5}},
              "provenance": {"training_seconds": {"PythaeWAE/size4/seed0": 8.0, "Plain/size4/seed0": 9.0,
                                                  "MMDInverseMultiquadratic/size4/seed0": 10.0}}}
    distance, time = comparison.goals(record)[-2:]
    assert distance.reached and distance.figure == pytest.approx(-0.5)
    assert not time.reached and time.figure == pytest.approx(1.25)


def test_every_ablation_differs_from_the_default_in_what_its_name_says():
    base = ablation_study.RECORDED.configs["default"]
    for name, config in ablation_study.RECORDED.configs.items():
        changed = {field for field, value in asdict(config).items() if value != asdict(base)[field]}
        assert len(changed) == (0 if name == "default" else 2 if name == "no pitch" else 1), name
    names = " ".join(ablation_study.RECORDED.configs)
    assert all(word in names for word in ("width", "depth", "residual", "pitch", "concatenation", "L1", "L2",
                                          "convergence", "noise"))


def test_an_ablation_counts_only_where_its_interval_excludes_zero(stores, tmp_path):
    setting, schedule = short(ablation_study.SMALL)
    chosen = {name: replace(setting.configs[name], width=16, depth=4) for name in ("default", "L1 alone")}
    setting = replace(setting, configs=chosen, schedule=replace(setting.schedule, **schedule))
    results = grid.run_study(ablation_study.STUDY, setting, sources(stores), tmp_path, progress=False)
    assert list(results) == ["default/seed0", "L1 alone/seed0", "default/seed1", "L1 alone/seed1"]
    cells = {f"{name}/seed{k}": dict.fromkeys(ablation_study.COLUMNS, value + shift * k) for name, value, shift in (
        ("default", 5.0, 0.1), ("steady", 4.0, 0.11), ("wild", 4.0, 1.5)) for k in range(3)}
    text = ablation_study.table_ablations({"config": {"seeds": 3}, "metrics": cells}).splitlines()
    assert "5.10" in text[1] and text[2].count("better") == 3 and "better" not in text[3] and "worse" not in text[3]
