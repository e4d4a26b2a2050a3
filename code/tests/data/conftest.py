"""Small real stores that the dataset tests share."""

import numpy as np
import pytest
import soundfile
from latentsampler.data.build import build_store
from latentsampler.data.soundfont import SoundFontSource, find_soundfont
from latentsampler.data.store import NoteDataset
from latentsampler.sound.audio import MelConfig

from tests.conftest import require


def tone(hz, seconds=1.0, rate=22050, level=0.5):
    """Return a decaying harmonic tone, 20 ms after its beginning."""
    t = np.arange(int(seconds * rate)) / rate
    sound = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 8) if hz * k < rate / 2) * np.exp(-2 * t)
    return level * np.pad(sound / np.abs(sound).max(), (int(0.02 * rate), 0))


@pytest.fixture
def write_tone(tmp_path):
    """Return a function that writes a tone to a path below tmp_path, and gives the path."""
    def write(name, hz=440.0, rate=22050, **how):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone(hz, rate=rate, **how), rate)
        return path
    return write


@pytest.fixture(scope="session")
def soundfont():
    """Path of a General MIDI SoundFont."""
    try:
        return find_soundfont()
    except FileNotFoundError as error:
        require(False, str(error))


@pytest.fixture(scope="session")
def store(soundfont, tmp_path_factory):
    """Return the folder of a store of every seventh key at three velocities, about 270 notes."""
    source = SoundFontSource(soundfont, step=7)
    return build_store(source, tmp_path_factory.mktemp("stores"), MelConfig(), progress=False)


@pytest.fixture(scope="session")
def dataset(store):
    """Return that store, open."""
    return NoteDataset(store)
