"""Physical handles, measured: dB, Hz, seconds."""

import numpy as np
import pytest
import torch
from latentsampler.chapters.projection.handles import (
    ATTACK_DB,
    BEAT_HZ,
    BURST_SECONDS,
    ONSET_SECONDS,
    RISE_RANGE,
    RISE_SECONDS,
    SHELF_DB,
    Handles,
)
from latentsampler.sound.audio import MelConfig

from tests import rounding

MEL = MelConfig()
PITCH = torch.tensor([57.0])  # A3, 220 Hz: beating at its highest rate


@pytest.fixture(scope="module")
def handles():
    return Handles(MEL)


def gains(handles, amounts):
    """What shape does to a flat mel, in dB per band, its level restored."""
    mel = torch.ones(1, MEL.n_mels, MEL.n_frames)
    shaped = handles.shape(mel, PITCH, torch.tensor([amounts]))
    return 20.0 * torch.log10(shaped[0, :, 0]), shaped


@pytest.mark.parametrize(("amounts", "low", "high"), [([1.0, 0.0, 0.0, 0.0], SHELF_DB, 0.0),
                                                      ([0.0, 1.0, 0.0, 0.0], 0.0, SHELF_DB),
                                                      ([0.0, -0.5, 0.0, 0.0], 0.0, -SHELF_DB / 2)])
def test_shelves_have_their_gain_below_500_hz_and_above_2_khz(handles, amounts, low, high):
    gain, _ = gains(handles, amounts)
    hz = 2.0 ** handles.octaves
    bass, middle, treble = (gain[int((hz - f).abs().argmin())] for f in (60.0, 1000.0, 9000.0))
    assert float(bass - middle) == pytest.approx(low, abs=1.2)
    assert float(treble - middle) == pytest.approx(high, abs=1.2)


def test_shelves_keep_the_level(handles):
    _, shaped = gains(handles, [1.0, -0.7, 0.0, 0.6])
    assert float(handles.level(shaped)) == pytest.approx(MEL.n_mels ** 0.5, rel=1e-4)


def test_the_attack_is_bright_or_dull_and_its_end_as_it_was(handles):
    mel = torch.ones(1, MEL.n_mels, MEL.n_frames)
    shaped = handles.shape(mel, PITCH, torch.tensor([[0.0, 0.0, -1.0, 0.0]]))[0]
    hz = 2.0 ** handles.octaves
    treble, bass = (int((hz - f).abs().argmin()) for f in (9000.0, 60.0))
    tilt = 20.0 * torch.log10(shaped[treble] / shaped[bass])
    assert float(tilt[0]) == pytest.approx(-ATTACK_DB, abs=0.5) and abs(float(tilt[-1])) < 0.1


@pytest.mark.parametrize(("amount", "expected"), [(1.0, -10.0), (0.0, -20.0), (-0.5, -25.0)])
def test_gaps_20_db_below_their_partials_are_filled_or_emptied(handles, amount, expected):
    mel = torch.full((1, MEL.n_mels, MEL.n_frames), 0.1)
    mel[:, 100] = 1.0
    shaped = handles.shape(mel, PITCH, torch.tensor([[0.0, 0.0, 0.0, amount]]))[0, :, 0]
    assert float(20.0 * torch.log10(shaped[97] / shaped[100])) == pytest.approx(expected, abs=1e-3)


def tone(handles, amounts):
    """A finished tone of 1 kHz, and what was done to it."""
    seconds = torch.arange(MEL.n_samples) / MEL.sample_rate
    mel = torch.ones(1, MEL.n_mels, MEL.n_frames)
    given = handles.amounts(mel, PITCH, torch.tensor([amounts]))
    wave = torch.sin(2 * torch.pi * 1000.0 * seconds)[None]
    return handles.finish(wave, given, 0), given, wave


def test_beating_puts_sidebands_70_hz_beside_a_partial(handles):
    heard, given, _ = tone(handles, [0.0, 0.0, -3.0, 0.5])
    spectrum = np.abs(np.fft.rfft(heard[0].numpy() * np.hanning(MEL.n_samples)))
    hz = np.fft.rfftfreq(MEL.n_samples, 1.0 / MEL.sample_rate)
    side, centre = (spectrum[np.abs(hz - f) < 5].max() for f in (1000.0 + BEAT_HZ, 1000.0))
    assert side / centre == pytest.approx(float(given[0, 0]) / 2, rel=0.02)  # of a modulation of that depth


def test_the_burst_begins_with_the_note_and_is_over_after_five_decays(handles):
    given = handles.amounts(torch.ones(1, MEL.n_mels, MEL.n_frames), PITCH, torch.tensor([[0.0, 0.0, 1.0, 0.0]]))
    added = handles.finish(torch.zeros(1, MEL.n_samples), given, 0)[0].abs()
    begin, end = round(ONSET_SECONDS * MEL.sample_rate), round((ONSET_SECONDS + 5.0 * BURST_SECONDS) * MEL.sample_rate)
    assert not added[:begin].any() and not added[end:].any()
    assert added.max() == pytest.approx(float(given[0, 2] * handles.burst.abs().max()))


@pytest.mark.parametrize("amount", [-1.0, 0.0, 1.0])
def test_the_rise_reaches_63_percent_after_its_time(handles, amount):
    given = handles.amounts(torch.ones(1, MEL.n_mels, MEL.n_frames), PITCH, torch.tensor([[0.0, 0.0, amount, -9.0]]))
    given[:, 2] = 0.0  # no noise
    heard = handles.finish(torch.ones(1, MEL.n_samples), given, 0)[0]
    after = round((ONSET_SECONDS + RISE_SECONDS * RISE_RANGE ** -amount) * MEL.sample_rate)
    assert float(heard[after]) == pytest.approx(1.0 - np.exp(-1.0), abs=0.01)
    assert float(heard[-1]) == pytest.approx(1.0, abs=1e-3) and not heard[:round(ONSET_SECONDS * MEL.sample_rate)].any()


def test_pieces_of_a_finished_note_equal_the_whole(handles):
    heard, given, wave = tone(handles, [0.3, -0.2, 0.8, 0.7])
    edges = [0, 1, 150, 2300, 2400, 9000, MEL.n_samples]
    pieces = [handles.finish(wave[:, a:b], given, a) for a, b in zip(edges, edges[1:], strict=False)]
    allowed = rounding.bound(lambda: handles.finish(wave, given, 0))
    torch.testing.assert_close(torch.cat(pieces, dim=1), heard, atol=allowed, rtol=0)


def test_a_handle_never_makes_a_note_louder_than_note_and_burst(handles):
    heard, given, wave = tone(handles, [1.0, 1.0, 1.0, 1.0])
    assert heard.abs().max() <= wave.abs().max() + given[0, 2] * handles.burst.abs().max()
