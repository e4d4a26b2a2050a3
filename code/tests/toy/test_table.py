"""The table: columns, balance, independence."""

from collections import Counter
from itertools import combinations

import librosa
import numpy as np
import pytest
from toyset.files import COLUMNS, file_name
from toyset.plan import PITCHES, hypercube, plan
from toyset.timbres import FACTORS, TIMBRES

FACTOR_COLUMNS = ["f0_hz", "attack_ms", "decay_ms", "tilt_db_per_octave", "inharmonicity", "odd_even",
                  "noise_to_harmonic_db", "roughness_depth", "low_share", "vibrato_hz", "vibrato_cents"]


@pytest.fixture(scope="module")
def notes():
    return plan(0, TIMBRES)


def columns_of(notes):
    """Column -> (n_notes,), NaN where empty."""
    values = {factor.column: [getattr(note, factor.column) for note in notes] for factor in FACTORS}
    values |= {"pitch": [note.pitch for note in notes], "fold": [note.fold for note in notes],
               "dynamics": [("pp", "mf", "ff").index(note.dynamics) for note in notes]}
    table = {name: np.array(column, dtype=float) for name, column in values.items()}
    return {name: np.log(column) if name in ("attack_ms", "decay_ms", "inharmonicity") else column
            for name, column in table.items()}


def test_the_first_columns_are_tinysols(small, rows, shared):
    with open(shared / "data" / "sol" / "TinySOL" / "annotation" / "TinySOL_metadata.csv", encoding="utf-8") as table:
        tinysol = table.readline().rstrip("\n").split(",")
    assert len(tinysol) == 14
    assert list(rows(small)[0]) == [*tinysol, *FACTOR_COLUMNS, "shape", "sha256"] == list(COLUMNS)


def test_the_set_has_2400_notes_of_16_instruments_over_four_octaves_at_three_dynamics(notes):
    assert len(notes) == 2400 and len({note.timbre.name for note in notes}) == 16
    assert len({note.timbre.synthesise for note in notes}) == 16
    assert max(PITCHES) - min(PITCHES) >= 48 and {note.dynamics for note in notes} == {"pp", "mf", "ff"}


def test_every_pitched_instrument_plays_every_pitch_at_every_dynamics_once(notes):
    pitched = [note for note in notes if note.timbre.pitched]
    assert set(Counter((n.timbre.name, n.pitch, n.dynamics) for n in pitched).values()) == {1}
    assert len(pitched) == 13 * 50 * 3


def test_paths_are_unique(notes):
    assert len({file_name(note, "wav") for note in notes}) == len(notes)


def test_five_folds_hold_equal_parts_of_every_instrument_dynamics_and_register(notes):
    count = Counter((note.timbre.name, note.dynamics, note.fold) for note in notes)
    assert len(count) == 16 * 3 * 5 and set(count.values()) == {10}
    registers = Counter((n.timbre.name, n.dynamics, (n.pitch - 36) // 10, n.fold) for n in notes if n.timbre.pitched)
    assert set(registers.values()) == {2}


def test_an_unpitched_note_has_no_pitch_and_no_f0(small, rows):
    unpitched = [row for row in rows(small) if row["Instrument (abbr.)"] in ("Nb", "Rt", "Cym")]
    assert len(unpitched) == 27
    assert all(row["Pitch"] == row["Pitch ID"] == row["f0_hz"] == "" for row in unpitched)


def test_f0_is_that_of_the_pitch_in_equal_temperament(small, rows):
    pitched = [row for row in rows(small) if row["Pitch"]]
    assert all(float(row["f0_hz"]) == pytest.approx(440 * 2 ** ((int(row["Pitch ID"]) - 69) / 12), abs=6e-4)
               for row in pitched)
    assert all(librosa.note_to_midi(row["Pitch"]) == int(row["Pitch ID"]) for row in pitched)


def test_the_sample_is_balanced_over_instruments_dynamics_and_registers(small, rows):
    table = rows(small)
    assert len(table) == 144
    assert set(Counter((row["Instrument (in full)"], row["Dynamics"]) for row in table).values()) == {3}
    registers = Counter((int(row["Pitch ID"]) - 36) // 17 for row in table if row["Pitch"])
    assert registers == {0: 39, 1: 39, 2: 39}
    assert len({row["Pitch"] for row in table if row["Pitch"]}) >= 40


def test_values_fill_the_range_that_the_factor_states(notes):
    for timbre in TIMBRES:
        own = columns_of([note for note in notes if note.timbre is timbre])
        for factor in FACTORS:
            if factor.column not in timbre.factors:
                assert np.isnan(own[factor.column]).all()
                continue
            low, high = timbre.limits.get(factor.column, (factor.low, factor.high))
            value = np.exp(own[factor.column]) if factor.logarithmic else own[factor.column]
            assert low <= value.min() and value.max() <= high
            position = np.log(value / low) / np.log(high / low) if factor.logarithmic else (value - low) / (high - low)
            assert set(Counter((position * 15).astype(int)).values()) <= {9, 10, 11}  # even, up to rounding


def correlations(table, names):
    return {(a, b): np.corrcoef(table[a][both], table[b][both])[0, 1]
            for a, b in combinations(names, 2) if (both := ~np.isnan(table[a] + table[b])).any()}


def test_within_an_instrument_no_two_factors_correlate(notes):
    for timbre in TIMBRES:
        table = columns_of([note for note in notes if note.timbre is timbre])
        names = [*timbre.factors, "dynamics", "fold", *(["pitch"] if timbre.pitched else [])]
        assert max(map(abs, correlations(table, names).values())) <= 0.05


def test_over_the_whole_set_no_two_factors_correlate(notes):
    found = correlations(columns_of(notes), [factor.column for factor in FACTORS] + ["pitch", "dynamics", "fold"])
    assert len(found) >= 60
    # inharmonicity has one range for strings and another for bars; within each it is as free as the rest
    assert max(abs(r) for pair, r in found.items()) <= 0.05


def test_an_added_instrument_changes_no_other(notes):
    assert plan(0, TIMBRES[3:5]) == notes[450:750]


def test_a_hypercube_fills_each_column_evenly_and_apart_from_the_fixed_ones():
    fixed = np.random.default_rng(1).normal(size=(60, 2))
    cube = hypercube(np.random.default_rng(2), fixed, 3)
    assert np.allclose(np.sort(cube, axis=0), ((np.arange(60) + 0.5) / 60)[:, None])
    r = np.corrcoef(np.hstack([fixed, cube]).T)
    assert np.abs(r[2:, :] - np.eye(5)[2:]).max() <= 0.05
