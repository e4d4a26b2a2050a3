"""A chapter and notes that the tests of shared experiments have in common."""

from pathlib import Path

import latentsampler.chapters
import pytest
from latentsampler.runtime import records

CHAPTERS = Path(__file__).parent / "chapters"
latentsampler.chapters.__path__.append(str(CHAPTERS))  # as if the folder lay in the package


@pytest.fixture(scope="session")
def data(small_notes):
    """Path of a small store; the line needs none of its notes, only their checksum."""
    return small_notes.path


@pytest.fixture
def line():
    """The chapter of one weight."""
    from latentsampler.chapters.line import experiment

    return experiment


@pytest.fixture
def recorded(line, data, tmp_path):
    """Return a folder of results with one record of ``line/line``."""
    from latentsampler.data.store import NoteDataset

    dataset = NoteDataset(data)
    metrics, history = line.run(line.LINE, 0, tmp_path / "model.pt", dataset, progress=False)
    origin = records.provenance(1.0, dataset.checksum)
    records.write_record("line", "line", 0, line.LINE, metrics, history, origin, tmp_path / "results")
    return tmp_path / "results"
