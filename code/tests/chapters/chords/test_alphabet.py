"""Symbols, their text, and the three alphabets."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from latentsampler.chapters.chords import alphabet
from latentsampler.chapters.chords.alphabet import NONE, parse, spell, transpose

SYMBOLS = st.integers(0, NONE)


def test_the_alphabets_have_the_sizes_of_the_reference():
    assert alphabet.SIZES == {"a1": 25, "a2": 85, "a3": 169}  # Carsault et al., MLSP 2019, section 4.1


@given(SYMBOLS)
def test_what_is_spelt_is_read_back(symbol):
    assert parse(spell(symbol)) == symbol


@pytest.mark.parametrize(("text", "same"), [
    ("C^7", "Cmaj7"), ("D-7", "Dm7"), ("Eh7", "Em7b5"), ("Go7", "Gdim7"), ("A7alt", "A7"), ("Bb:min7(9)/b3", "Bbm7"),
    ("F#:hdim7", "Gbm7b5"), ("C13", "C7"), ("C/E", "C"), ("D+", "Daug"), ("C-^7", "Cm(maj7)"), ("F6/9", "F6"),
    ("NC", "N"), ("G7sus4", "Gsus4"), ("Abmaj9", "Abmaj7"), ("Em7(b5)", "Em7b5")])
def test_other_ways_of_writing_are_read(text, same):
    assert parse(text) == parse(same)


@pytest.mark.parametrize("text", ["H7", "Cfoo", "", "7"])
def test_what_is_no_chord_is_refused(text):
    with pytest.raises(ValueError, match="expected a chord"):
        parse(text)


@given(SYMBOLS, st.integers(-24, 24))
def test_transposing_moves_the_pitch_classes_and_keeps_the_quality(symbol, semitones):
    moved = transpose(torch.tensor(symbol), semitones)
    assert torch.equal(alphabet.CHROMA[moved], alphabet.CHROMA[symbol].roll(semitones))
    assert int(transpose(np.array(symbol), semitones)) == int(moved)


@given(SYMBOLS, st.integers(0, 11), st.sampled_from(["a1", "a2", "a3"]))
def test_reducing_and_transposing_may_be_exchanged(symbol, semitones, name):
    kept = alphabet.representatives(name)
    assert int(kept[transpose(torch.tensor(symbol), semitones)]) == int(transpose(kept[symbol], semitones))
    assert alphabet.REDUCE[name][kept[symbol]] == alphabet.REDUCE[name][symbol]


def test_a1_is_a_function_of_a2():
    pairs = {(int(b), int(a)) for a, b in zip(alphabet.REDUCE["a1"], alphabet.REDUCE["a2"], strict=True)}
    assert len(pairs) == 85
