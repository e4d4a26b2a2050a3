"""Arpeggios: notes of the chord, motion, patterns, files."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from latentsampler.chapters.chords import arpeggio, generating, notation
from latentsampler.chapters.chords.alphabet import CHROMA, NONE, parse

from tests.conftest import require

PIECES = st.lists(st.tuples(st.integers(0, NONE), st.integers(1, 4)), min_size=1, max_size=6)
CHOICES = {"pattern": st.sampled_from(arpeggio.PATTERNS), "rate": st.integers(1, 4), "octaves": st.integers(1, 3),
           "gate": st.floats(0.05, 1.0), "swing": st.floats(0, 1), "accent": st.floats(0, 1),
           "leap": st.integers(6, 12), "bass": st.floats(0, 1), "seed": st.integers(0, 999)}


def beats_of(piece):
    """Return one symbol a beat of (symbol, beats)."""
    return [symbol for symbol, beats in piece for _ in range(beats)]


@given(PIECES, st.fixed_dictionaries(CHOICES))
@settings(deadline=None, max_examples=60)
def test_every_note_belongs_to_its_chord_and_keeps_its_limits(piece, choices):
    beats = beats_of(piece)
    notes = arpeggio.arpeggiate(beats, **choices)
    for beat, pitch, velocity, length in notes:
        symbol = beats[int(beat)]
        assert symbol != NONE and CHROMA[symbol, int(pitch) % 12] == 1
        assert 0 < velocity <= 1 and length > 0
    assert (np.diff(notes[:, 0]) >= 0).all()


@given(st.lists(st.integers(0, NONE - 1), min_size=2, max_size=8), st.integers(6, 12))
@settings(deadline=None, max_examples=60)
def test_no_voice_leaps_more_than_asked_and_scipy_finds_no_less_motion(symbols, leap):
    player, previous = arpeggio.Arpeggiator(), arpeggio.first_voicing(symbols[0])
    for symbol in symbols[1:]:
        by_scipy, by_search = arpeggio.lead(previous, symbol, leap), player.lead(previous, symbol, float(leap))
        for voicing in (by_scipy, by_search):
            assert (voicing - previous).abs().max() <= leap
            assert sorted((voicing % 12).tolist()) == sorted((arpeggio.TONES[symbol] % 12).tolist())
        cost = arpeggio.costs(previous, arpeggio.TONES[symbol], float(leap))[0]
        assert total(cost, previous, by_scipy, symbol) == pytest.approx(total(cost, previous, by_search, symbol))
        previous = by_scipy


def total(cost, previous, voicing, symbol):
    """Return the cost of a voicing that was reached from another."""
    outside = (46.0 - voicing).clamp_min(0) + (voicing - 79.0).clamp_min(0)
    return float(((voicing - previous).abs() + 4.0 * outside).sum())


def test_two_five_one_moves_by_step():
    voices = [voicing.tolist() for voicing in arpeggio.voicings([parse(c) for c in ("Dm7", "G7", "Cmaj7")])]
    assert max(abs(a - b) for first, second in zip(voices, voices[1:], strict=False)
               for a, b in zip(first, second, strict=True)) <= 2


@pytest.mark.parametrize(("pattern", "order"), [
    ("up", [0, 1, 2, 3, 0, 1, 2, 3]), ("down", [3, 2, 1, 0, 3, 2, 1, 0]), ("up-down", [0, 1, 2, 3, 2, 1, 0, 1]),
    ("alberti", [0, 2, 1, 2, 0, 2, 1, 2])])
def test_a_pattern_is_the_order_that_its_name_says(pattern, order):
    notes = arpeggio.arpeggiate([parse("Cmaj7")] * 4, pattern=pattern, bass=0)
    assert [[48, 52, 55, 59].index(pitch) for pitch in notes[:, 1]] == order


def test_a_chord_sounds_at_once_a_strum_one_after_the_other_and_random_follows_its_seed():
    chord = arpeggio.arpeggiate([parse("C")] * 4, pattern="chord", bass=0, gate=1.0)
    assert chord[:, 0].tolist() == [0] * 4 and chord[:, 3].tolist() == [4] * 4
    strum = arpeggio.arpeggiate([parse("C")] * 4, pattern="strum", bass=0, octaves=2)
    assert len(strum) == 8 and (np.diff(strum[:, 0]) > 0).all() and (np.diff(strum[:, 1]) >= 0).all()
    first, same, other = (arpeggio.arpeggiate([0] * 16, pattern="random", seed=seed)[:, 1] for seed in (1, 1, 2))
    assert (first == same).all() and (first != other).any() and len(set(first)) > 3


def test_swing_delays_every_second_step_up_to_triplets():
    notes = arpeggio.arpeggiate([0] * 2, rate=2, swing=1.0, bass=0)
    assert notes[:, 0] == pytest.approx([0, 2 / 3, 1, 5 / 3], abs=1e-6)


@pytest.mark.parametrize("values", [{"leap": 5}, {"rate": 9}, {"tempo": 3}, {"pattern": "sideways"}])
def test_settings_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match="expected"):
        arpeggio.settings(**values)


@given(PIECES, st.fixed_dictionaries(CHOICES))
@settings(deadline=None, max_examples=15)
def test_midi_comes_back_as_it_was_written(tmp_path_factory, piece, choices):
    notes = arpeggio.arpeggiate(beats_of(piece), **choices)
    path = tmp_path_factory.mktemp("midi") / "notes.mid"
    notation.write_midi(notes, path)
    back = notation.read_midi(path)
    assert len(back) == len(notes)
    order = np.lexsort((notes[:, 1], notes[:, 0].round(3)))
    assert np.allclose(sorted(back[:, 1]), sorted(notes[order][:, 1]))
    assert np.allclose(np.sort(back[:, 0]), np.sort(notes[:, 0]), atol=2 / notation.TICKS)


@pytest.mark.long
def test_musicxml_opens_with_the_chord_symbols(tmp_path):
    try:
        import music21  # noqa: F401
    except ModuleNotFoundError:
        require(False, "music21 is not installed (extra: music)")
    from latentsampler.chapters.chords.sources import read_folder

    beats = generating.read_text("Dm7 G7 | Cmaj7 | Am7b5 D7 | Gm6 | N.C.") + list(range(168))
    notation.write_musicxml(beats, tmp_path / "chords.musicxml")
    (record,), rejected = read_folder(tmp_path)
    assert [s for s, n in record.chords for _ in range(n)] == beats and not rejected


def test_text_is_read_and_written():
    beats = generating.read_text("Dm7 G7 | Cmaj7")
    assert beats == [parse("Dm7")] * 2 + [parse("G7")] * 2 + [parse("Cmaj7")] * 4
    assert generating.write_text(beats) == "| Dm7 G7 | Cmaj7 |"
    with pytest.raises(ValueError, match="at most 4 chords"):
        generating.read_text("C D E F G |")


@given(st.lists(st.integers(0, NONE), min_size=1, max_size=12))
def test_what_is_written_is_read_back(symbols):
    symbols = symbols + [symbols[-1]] * (-len(symbols) % 4)
    assert generating.read_text(generating.write_text(symbols)) == symbols


class Stub(torch.nn.Module):
    """A model that always moves up a fourth at bar lines."""

    def predict(self, x, key, place, alphabet):
        """Return probabilities that are all but one zero."""
        log_p = torch.full((1, 8, 169), -50.0)
        step = 14 * 5 if int(place[0]) == 3 else 0
        log_p[0, 0, (int(x[0, -1]) + step) % 168] = 0.0
        return log_p

    def encode(self, x):
        """Return zeros."""
        return torch.zeros(1, 16), torch.zeros(1, dtype=torch.long)

    def decode(self, z, tonic):
        """Return that every beat is symbol 7 in bars whose code is not zero, else 9."""
        mark = (z.view(1, 4, 4).abs().sum(2) > 0).repeat_interleave(4, 1).long()
        return torch.nn.functional.one_hot(9 - 2 * mark, 169).float()


def test_a_continuation_follows_the_model_and_keeps_the_bars():
    more = generating.continue_chords(Stub(), generating.read_text("C"), 2, temperature=0)
    assert more == [parse("F")] * 4 + [parse("Bb")] * 4


def test_a_replaced_bar_is_new_and_the_others_stay():
    piece = generating.read_text("C F G C")
    assert generating.replace_bars(Stub(), piece, [2, 4]) == [*piece[:4], *[7] * 4, *piece[8:12], *[7] * 4]
    with pytest.raises(ValueError, match="bars from 1 to 4"):
        generating.replace_bars(Stub(), piece, [5])
