import filecmp

import numpy as np
import pytest
from latentsampler.data import build
from latentsampler.data.build import build_store, store_name
from latentsampler.data.prepare import Preparation
from latentsampler.data.resumable import EmptySourceError
from latentsampler.data.sources import from_names
from latentsampler.data.store import NoteDataset
from latentsampler.sound.audio import MelConfig
from latentsampler.sound.pitch import midi_to_hz

TINY = MelConfig(n_frames=16)
FILES = ("table.csv", "mels.npy", "waveforms.npy", "rejected.csv", "info.json")


class StoppedError(Exception):
    pass


class StoppingSource:
    """A source that fails at its n-th sound, as a power cut would."""

    def __init__(self, source, n):
        self.source, self.left, self.description = source, n, source.description
        self.notes = source.notes

    def read(self, row, sample_rate, seconds):
        self.left -= 1
        if self.left < 0:
            raise StoppedError
        return self.source.read(row, sample_rate, seconds)


@pytest.fixture
def source(write_tone, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "CHUNK", 4)
    for pitch in range(40, 58):
        write_tone(f"sounds/tone_{pitch}/A_{pitch:03d}-C4.wav", midi_to_hz(60), seconds=0.3, level=pitch / 100)
    return from_names(tmp_path / "sounds")


def same_bytes(one, other):
    return filecmp.cmpfiles(one, other, FILES, shallow=False) == (list(FILES), [], [])


def test_a_build_that_stopped_anywhere_ends_in_the_same_bytes(source, tmp_path):
    whole = build_store(source, tmp_path / "whole", TINY, n_jobs=1, progress=False)
    for n in (0, 5, 6, 3):
        with pytest.raises(StoppedError):
            build_store(StoppingSource(source, n), tmp_path / "parts", TINY, n_jobs=1, progress=False)
        assert not (tmp_path / "parts" / whole.name).exists()  # nothing that looks finished
    assert same_bytes(whole, build_store(source, tmp_path / "parts", TINY, n_jobs=1, progress=False))
    assert sorted(path.suffix for path in (tmp_path / "parts").iterdir()) == ["", ".lock"]


def test_a_stopped_build_does_not_repeat_finished_chunks(source, tmp_path):
    with pytest.raises(StoppedError):
        build_store(StoppingSource(source, 10), tmp_path, TINY, n_jobs=1, progress=False)
    build_store(StoppingSource(source, 18 - 8), tmp_path, TINY, n_jobs=1, progress=False)  # 8 of 18 were done


def test_a_finished_store_is_found_not_built_again(source, tmp_path):
    store = build_store(source, tmp_path, TINY, n_jobs=1, progress=False)
    assert build_store(StoppingSource(source, 0), tmp_path, TINY, n_jobs=1, progress=False) == store


def test_two_workers_give_the_bytes_of_one(source, tmp_path):
    one = build_store(source, tmp_path / "one", TINY, n_jobs=1, progress=False)
    two = build_store(source, tmp_path / "two", TINY, n_jobs=2, progress=False)
    assert same_bytes(one, two)


def test_another_front_end_preparation_or_file_is_another_store(source, tmp_path, write_tone):
    names = {store_name(source, TINY, Preparation()), store_name(source, MelConfig(), Preparation()),
             store_name(source, TINY, Preparation(peak=0.5))}
    write_tone("sounds/tone_40/A_040-C4.wav", 300.0, seconds=0.3)
    names.add(store_name(from_names(tmp_path / "sounds"), TINY, Preparation()))
    assert len(names) == 4


def test_a_source_without_a_usable_note_says_why(tmp_path, write_tone):
    write_tone("sounds/a-C4.wav", level=0.0)
    write_tone("sounds/b-C4.wav", seconds=0.01)
    (tmp_path / "sounds" / "c-C4.wav").write_bytes(b"no sound")
    with pytest.raises(EmptySourceError, match="1 x silent, 1 x too short, 1 x unreadable"):
        build_store(from_names(tmp_path / "sounds"), tmp_path / "out", TINY, progress=False)
    assert len(list((tmp_path / "out").glob("*.rejected.csv"))) == 1


def test_an_empty_folder_says_that_it_lists_no_note(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmptySourceError, match="it lists no note"):
        build_store(from_names(tmp_path / "empty"), tmp_path / "out", TINY, progress=False)


def test_levels_are_measured_before_normalisation(source, tmp_path):
    dataset = NoteDataset(build_store(source, tmp_path, TINY, n_jobs=1, progress=False))
    told = [float(value) for value in dataset.column("Peak (dBFS)")]
    assert np.allclose(told, 20 * np.log10(np.arange(40, 58) / 100), atol=0.05)
    assert np.allclose(np.abs(dataset.waveforms).max(axis=1) / 32768, 0.9, atol=1e-3)
