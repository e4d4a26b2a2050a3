"""Every factor of the toy patterns is measured back by a library that shares nothing with the generator."""

import argparse
import csv

import numpy as np
import pretty_midi
import pytest
from toyset.kinds import rhythms


def written(folder, count=120, seed=0):
    """Return the rows of a toy set and what pretty_midi finds in its files."""
    folder.mkdir()
    rhythms.make(argparse.Namespace(out=folder, seed=seed, count=count))
    with open(folder / "rhythms.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return rows, [pretty_midi.PrettyMIDI(str(folder / row["path"])).instruments[0].notes for row in rows]


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return written(tmp_path_factory.mktemp("toy") / "rhythms")


def steps(notes, *keys):
    """Return the places of notes in sixteenths at 100 beats a minute."""
    return np.array([note.start * 100 / 60 * 4 for note in notes if note.pitch in keys])


def test_density_low_share_and_velocities_are_those_of_the_files(toy):
    for row, notes in zip(*toy, strict=True):
        assert len(notes) / 8 == pytest.approx(float(row["density"]), abs=1e-3)
        kick, hat = len(steps(notes, 36)), len(steps(notes, 42))
        assert kick / (kick + hat) == pytest.approx(float(row["low_share"]), abs=1e-3)
        levels = [note.velocity for note in notes]
        assert max(levels) - min(levels) == float(row["velocities"])


def test_off_beats_and_swing_are_those_of_the_files(toy):
    for row, notes in zip(*toy, strict=True):
        line = steps(notes, 36, 38)
        assert np.isin(np.round(line) % 4, (0, 2)).all()
        assert np.mean(np.round(line) % 4 == 2) == pytest.approx(float(row["off_beats"]), abs=1e-3)
        hat = steps(notes, 42)
        late = hat[np.floor(hat + 1e-3) % 2 == 1] % 1
        assert len(late) == 0 or np.allclose(late, float(row["swing"]), atol=0.01)


def test_the_factors_are_independent(toy):
    table = np.array([[float(row[name]) for name in rhythms.COLUMNS[1:]] for row in toy[0]])
    off = np.corrcoef(table.T) - np.eye(5)
    assert np.abs(off).max() < 0.35  # 120 rows: chance alone reaches 0.27 in one of ten pairs


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        written(tmp_path / name, 5, seed)
    one, two, other = ([path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in "abc")
    assert one == two and one != other
