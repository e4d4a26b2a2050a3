"""The study over five splits, its tables, the commands."""

import sys
from argparse import Namespace

import main
import pytest
from latentsampler.chapters.chords import figures, report, sources, studies
from latentsampler.chapters.chords.alphabet import parse
from latentsampler.chapters.chords.songs import open_songs

from tests.conftest import ROOT, require

sys.path.insert(0, str(ROOT / "toy"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of toy songs."""
    from toyset.kinds import chords

    out = tmp_path_factory.mktemp("toy")
    chords.make(Namespace(out=out, seed=3, songs=60, form="aaba", split=0.4))
    return out


def test_cells_go_fold_by_fold_and_a_fold_has_its_own_songs(folder):
    setting = studies.Setting(methods=("repeat", "ngram"), folds=2, stride=3)
    cells = studies.cells(setting, {"data": folder})
    assert list(cells) == ["repeat/seed0", "ngram/seed0", "repeat/seed1", "ngram/seed1"]
    found = {name: studies.run_cell(*arguments) for name, arguments in cells.items()}
    assert found["repeat/seed0"] != found["repeat/seed1"]
    for fold in (0, 1):
        assert found[f"ngram/seed{fold}"]["same_accuracy_a3"] > found[f"repeat/seed{fold}"]["same_accuracy_a3"]
    text = studies.table({"metrics": found})
    assert "published, best" in text and " +- " in text and len(text.splitlines()) == 6


def test_the_summary_is_the_mean_over_folds_with_students_interval():
    value = {f"{p}{k}_{a}": 0.0 for p in ("", "plain_", "same_") for k in ("accuracy", "perplexity")
             for a in ("a1", "a2", "a3")}
    metrics = {f"predictor/seed{k}": value | {"same_accuracy_a1": x, "distance_a3": x + 1.0}
               for k, x in enumerate((0.40, 0.42, 0.44))}
    assert studies.distances(metrics)["predictor"] == pytest.approx((1.42, 4.303 * 0.02 / 3 ** 0.5), rel=1e-3)
    rows = studies.summary(metrics)
    assert list(rows) == ["predictor", "predictor, A3 symbols", "predictor, key and bar"]
    mean, half = rows["predictor"][0]
    assert mean == pytest.approx(42.0) and half == pytest.approx(4.303 * 2.0 / 3 ** 0.5, rel=1e-3)  # t of 2 degrees


class Store:
    """Records as the report's tools hand them over: one study."""

    def __init__(self, metrics):
        self.metrics = metrics

    def read(self, chapter, run, seed=0):
        """Return the study."""
        return {"metrics": self.metrics}


def test_the_reports_table_has_the_rows_of_the_study():
    value = {f"{p}{k}_{a}": 0.25 for p in ("", "plain_", "same_") for k in ("accuracy", "perplexity")
             for a in ("a1", "a2", "a3")}
    store = Store({f"{method}/seed{k}": value for method in studies.METHODS for k in (0, 1)})
    lines = report.table_chords(store).splitlines()
    assert len(lines) == 15 and sum(line.startswith("predictor") for line in lines) == 3
    assert report.DERIVED["chords-full-a1"](store) == 25.0


def test_songs_are_built_and_played_by_commands(tmp_path, capsys):
    (tmp_path / "tune.xlab").write_text("header\n1:1 x 4 x D:min7 x C\n2:1 x 4 x G:7 x C\n3:1 x 8 x C:maj7 x C\n")
    out = str(tmp_path / "s")
    assert main.main(["chords", "build", "--source", "folder", "--data", str(tmp_path), "--out", out]) == 0
    assert open_songs(tmp_path / "s").songs[0].symbols.tolist() == [parse(c) for c in
                                                                    ("Dm7",) * 4 + ("G7",) * 4 + ("Cmaj7",) * 8]
    assert main.main(["chords", "play", "Dm7 G7 Cmaj7", "--midi", str(tmp_path / "a.mid"), "--pattern", "strum"]) == 0
    assert (tmp_path / "a.mid").stat().st_size > 100
    assert main.main(["chords", "build", "--source", "pop909", "--out", str(tmp_path / "t")]) == 2
    assert "--data" in capsys.readouterr().err


def test_the_shipped_model_continues_and_replaces_by_commands(capsys):
    require((ROOT / "patch" / "chords.pt").is_file(), "patch/chords.pt is not here")
    assert main.main(["chords", "continue", "Dm7 G7 Cmaj7", "--bars", "4"]) == 0
    line = capsys.readouterr().out.strip()
    assert line.count("|") == 5 and all(parse(word) >= 0 for word in line.replace("|", " ").split())
    assert main.main(["chords", "replace", "Dm7 G7 Cmaj7 A7", "--bar", "3"]) == 0
    bars = [bar.strip() for bar in capsys.readouterr().out.strip().strip("|").split("|")]
    assert bars[:2] == ["Dm7", "G7"] and bars[3] == "A7"
    assert main.main(["chords", "continue", "H7"]) == 2


def test_pictures_are_drawn():
    import matplotlib.pyplot as plt
    from latentsampler.chapters.chords.arpeggio import arpeggiate

    assert len(figures.figure_roll(arpeggiate([parse("C")] * 4)).axes[0].patches) == 9  # eight notes and a bass
    record = {"metrics": {f"position_{k}": 0.5 for k in range(1, 9)}}
    assert len(figures.figure_positions(record).axes[0].lines) == 2
    assert set(report.TABLES) == {"chords"} and "chords-same-a1" in report.DERIVED
    plt.close("all")


def test_a_folder_keeps_key_and_bars_when_it_is_built_again(tmp_path):
    record = sources.Record("upbeat", "Ebm", 3, 1, [(parse("G7"), 1), (parse("C"), 12)])
    sources.write_songs([record], tmp_path / "a")
    sources.build([("songs", tmp_path / "a")], tmp_path / "b")
    first, second = (open_songs(tmp_path / name).songs[0] for name in ("a", "b"))
    assert first.key == second.key == 15 and (first.place == second.place).all()
    assert first.place[:3].tolist() == [6, 4, 5]
