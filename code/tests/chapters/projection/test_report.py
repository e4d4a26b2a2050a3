"""Claims about the tables of knobs in the report."""

from latentsampler.chapters.projection import report
from latentsampler.runtime import records
from tools.report.records import Records


def test_the_table_of_knobs_has_the_ways_that_are_recorded(tmp_path):
    found = {"sweeps": 80, "monotone": 0.7125, "spearman": -0.3, "crosstalk_mean": 1.0, "drift_cents": 1.33}
    records.write_record("projection", "linear", 0, {}, found, [], {}, tmp_path)
    rows = [row for row in report.table_methods(Records(tmp_path)).splitlines() if "&" in row]
    assert rows[1:] == [r"linear inverse & 80 & $71$ & $-0.30$ & $1.00$ & $1.3$ \\"]
