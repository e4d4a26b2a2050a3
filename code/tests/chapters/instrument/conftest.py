"""Small trained parts for tests of the instrument, and the built Pure Data object."""

from dataclasses import replace

import pytest
from latentsampler.chapters.autoencoder import experiment as autoencoder
from latentsampler.chapters.vocoder import experiment as vocoder

from tests.external.conftest import build  # noqa: F401 (a fixture: one build serves every test)


def short(config):
    """The same run in two steps."""
    return replace(config, schedule=replace(config.schedule, steps=2, batch_size=4, valid_every=2))


@pytest.fixture(scope="session")
def parts(small_notes, tmp_path_factory):
    """A folder with model.pt, harmonic.pt and mcnn.pt of two steps each."""
    folder = tmp_path_factory.mktemp("parts")
    autoencoder.run(short(autoencoder.RUNS["demo"]), 0, folder / "model.pt", small_notes, progress=False)
    for name in ("harmonic", "mcnn"):
        config = replace(short(vocoder.RUNS[f"demo-{name}"]), decoded=0.0)
        vocoder.run(config, 0, folder / f"{name}.pt", small_notes, progress=False)
    return folder
