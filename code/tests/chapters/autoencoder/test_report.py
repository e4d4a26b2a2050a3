"""Claims about the autoencoder's tables and derived sentences in the report."""

import numpy as np
import pytest
from latentsampler.chapters.autoencoder import report
from latentsampler.runtime import records
from scipy import stats
from tools.report.records import Records, side


def test_a_table_of_methods_is_sorted_by_distance_with_paired_intervals(tmp_path):
    seeds = {"Plain": (7.0, 7.2, 7.4), "Sinkhorn": (6.0, 6.5, 7.0)}
    metrics = {f"{name}/size4/seed{k}": {"lsd_db": value, "sw2_effect": 1.0, "prior_coverage": 0.5}
               for name, values in seeds.items() for k, value in enumerate(values)}
    metrics["PCA/size4/seed0"] = {"lsd_db": 9.2, "sw2_effect": 1.0, "prior_coverage": 0.5}  # no seeds of its own
    records.write_record("autoencoder-benchmark", "divergences", 0, {"sizes": [4]}, metrics, [], {}, tmp_path)
    rows = report.table_divergences(Records(tmp_path)).splitlines()
    cells = [row.removesuffix(r" \\").split(" & ") for row in rows if row.count("&") == 4][1:]
    assert [row[0] for row in cells] == ["Sinkhorn", "none (plain autoencoder)", "PCA"]
    half = stats.t.ppf(0.975, 2) * np.std([-1.0, -0.7, -0.4], ddof=1) / np.sqrt(3)
    assert cells[0][2] == f"$-0.70$ [${-0.7 - half:.2f}$, ${-0.7 + half:.2f}$]" and cells[1][2] == ""
    assert cells[2][2].startswith("$+2.00$ ")


@pytest.mark.parametrize("pitch_pca, expected", [(5.0, 2), (6.9, 1), (6.4, 3)])
def test_pca_that_knows_the_pitch_is_judged_against_the_best_of_our_autoencoders(pitch_pca, expected, tmp_path):
    distances = {"Plain": (7.0, 7.1, 7.2), "Sinkhorn": (6.3, 6.4, 6.5), "PythaeVAE": (5.0, 5.0, 5.0),
                 "PitchPCA": (pitch_pca,)}
    metrics = {f"{name}/size4/seed{k}": {"lsd_db": value} for name, values in distances.items()
               for k, value in enumerate(values)}
    records.write_record("autoencoder-benchmark", "divergences", 0, {"sizes": [4]}, metrics, [], {}, tmp_path)
    found = Records(tmp_path)
    assert report.best_own(found) == "Sinkhorn"
    value = report.DERIVED["pitch pca against best"](found)
    assert value[0] == pytest.approx(pitch_pca - 6.4) and side(value) == expected
    assert report.DERIVED["own closer than plain"](found).startswith("Sinkhorn ($-0.70$")
    assert "pythae" not in report.DERIVED["own closer than plain"](found)


def test_the_transfer_table_has_a_row_per_training_set_and_a_column_per_test_set(tmp_path):
    metrics = {f"{row}/seed{k}": {"soundfont": 1.0 + k, "toy": 2.0, "both": 3.0} for row in ("soundfont", "toy", "both")
               for k in range(2)}
    records.write_record("autoencoder-benchmark", "transfer", 0, {}, metrics, [], {}, tmp_path)
    rows = [row for row in report.table_transfer(Records(tmp_path)).splitlines() if "pm" in row]
    assert [row.split(" & ")[0] for row in rows] == ["SoundFont", "toy", "both"]
    assert all(row.split(" & ")[1].startswith("$1.50 ") and row.count("&") == 3 for row in rows)
