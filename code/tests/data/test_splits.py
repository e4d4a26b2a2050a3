from collections import Counter

import numpy as np
import pytest
from latentsampler.data.leakage import leakage_study
from latentsampler.data.splits import groups, split


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("by", ["Recording", "Instrument (abbr.)"])
def test_no_recording_and_no_instrument_is_ever_on_two_sides(dataset, by, seed):
    parts = split(dataset, by=by, seed=seed)
    names = [set(np.array(dataset.column(by))[part]) for part in parts]
    assert not (names[0] & names[1] or names[0] & names[2] or names[1] & names[2])
    assert sorted(np.concatenate(parts)) == list(range(len(dataset)))


def test_shares_are_met_within_4_percent_and_each_instrument_is_trained(dataset):
    for seed in range(5):
        parts = split(dataset, seed=seed)
        assert np.allclose([len(part) / len(dataset) for part in parts], (0.8, 0.1, 0.1), atol=0.04)
        assert len(set(np.array(dataset.column("Instrument (abbr.)"))[parts.train])) == 14


def test_the_same_seed_gives_the_same_split_and_another_seed_another(dataset):
    first, again, other = split(dataset, seed=3), split(dataset, seed=3), split(dataset, seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.test, other.test)


def test_notes_that_share_one_of_several_recordings_are_one_group():
    assert list(groups(["a", "b", "a | c", "c | d", "", "", "b"])) == [0, 1, 0, 0, 2, 3, 1]


def test_shares_that_do_not_sum_to_one_are_refused(dataset):
    with pytest.raises(ValueError, match="three shares"):
        split(dataset, shares=(0.8, 0.1, 0.2))


def test_keys_of_one_recording_are_near_identical_after_resampling_and_others_are_not(soundfont, tmp_path):
    from latentsampler.data.build import build_store
    from latentsampler.data.soundfont import INSTRUMENTS, SoundFontSource
    from latentsampler.data.store import NoteDataset
    from latentsampler.sound.audio import MelConfig

    chosen = [i for i in INSTRUMENTS if i.abbreviation in ("TpC", "Bn", "Fl")]
    source = SoundFontSource(soundfont, velocities=(80,), instruments=chosen)
    same, different = leakage_study(NoteDataset(build_store(source, tmp_path, MelConfig(), progress=False)))
    assert len(same) > 60 and len(different) > 20
    assert np.quantile(same, 0.05) > 0.95 and np.median(different) < 0.6


def test_the_soundfont_has_fewer_recordings_than_a_tenth_of_its_notes(dataset, soundfont):
    from latentsampler.data.soundfont import SoundFontSource

    rows = SoundFontSource(soundfont).notes()[0]
    recordings = Counter(row["Recording"] for row in rows)
    assert len(recordings) < len(rows) / 10
