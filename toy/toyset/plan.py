"""Seed -> every note with its factors, before any sound is made.

Conventions
-----------
* Every instrument plays every pitch at every dynamics once, so these three are exactly independent; an
  unpitched instrument plays as many notes.
* Pitches are MIDI note numbers in equal temperament, 69 = A4 = 440 Hz.
* Each instrument draws from its own generator, so that adding one changes no other.

Contents
--------
Note        one row of the table
plan        seed -> list of Note
hypercube   evenly filled, uncorrelated positions in [0, 1]
sample      the small balanced part of a plan
"""

import zlib
from dataclasses import dataclass

import numpy as np

from .timbres import FACTORS, Timbre

PITCHES = range(36, 86)  # C2 to C#6: 4 octaves and a semitone, 50 pitches
DYNAMICS = {"pp": 0, "mf": 2, "ff": 4}  # TinySOL's Dynamics ID
N_FOLDS = 5
PITCH_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True)
class Note:
    """One note: what it is, and the factors that its sound must have (None: no such factor)."""

    timbre: Timbre
    pitch: int | None
    instance: int
    dynamics: str
    fold: int
    stream: tuple
    f0_hz: float | None = None
    attack_ms: float | None = None
    decay_ms: float | None = None
    tilt_db_per_octave: float | None = None
    inharmonicity: float | None = None
    odd_even: float | None = None
    noise_to_harmonic_db: float | None = None
    roughness_depth: float | None = None
    low_share: float | None = None
    vibrato_hz: float | None = None
    vibrato_cents: float | None = None
    shape: float | None = None

    @property
    def pitch_name(self):
        """Return the pitch as in TinySOL, ``"A#4"``, or ``""``."""
        return "" if self.pitch is None else f"{PITCH_NAMES[self.pitch % 12]}{self.pitch // 12 - 1}"

    def rng(self):
        """Return a new generator for this note's phases and noise."""
        return np.random.default_rng(self.stream)


def plan(seed, timbres):
    """Return the notes of ``timbres``, by instrument, then dynamics, then pitch.

    Parameters
    ----------
    seed : int
        At least 0.
    timbres : sequence of Timbre
        Instruments; a name must occur once.

    Returns
    -------
    list of Note
        150 for each instrument.
    """
    return [note for timbre in timbres for note in _plan_timbre(seed, timbre)]


def _plan_timbre(seed, timbre):
    stream = (seed, zlib.crc32(timbre.name.encode()))  # by name, not by place in the list
    rng = np.random.default_rng(stream)
    n_pitches = len(PITCHES)
    pitch = np.tile(np.arange(n_pitches), len(DYNAMICS))
    dynamics = np.repeat(np.arange(len(DYNAMICS)), n_pitches)
    folds = np.concatenate([rng.permuted(np.arange(n_pitches).reshape(-1, N_FOLDS) % N_FOLDS, axis=1).ravel()
                            for _ in DYNAMICS])  # each fold gets one of any five neighbouring pitches
    cube = hypercube(rng, np.stack([pitch, dynamics, folds], axis=1), len(timbre.factors))
    names = list(DYNAMICS)
    return [_note(timbre, int(pitch[k]), names[dynamics[k]], int(folds[k]), (*stream, k), cube[k])
            for k in range(len(pitch))]


def _note(timbre, instance, dynamics, fold, stream, positions):
    pitch = PITCHES[instance] if timbre.pitched else None
    factor = {f.column: f for f in FACTORS}
    values = {name: factor[name].at(position, timbre.limits.get(name))
              for name, position in zip(timbre.factors, positions, strict=True)}
    f0_hz = None if pitch is None else round(440.0 * 2.0 ** ((pitch - 69) / 12.0), 3)
    instance = 0 if timbre.pitched else instance
    return Note(timbre, pitch, instance, dynamics, fold, stream, f0_hz=f0_hz, **values)


def hypercube(rng, fixed, n_columns):
    """Return positions in (0, 1), evenly filled column by column and uncorrelated, ``(n_rows, n_columns)``.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the order.
    fixed : numpy.ndarray
        ``(n_rows, n_fixed)``; the new columns are uncorrelated with these too.
    n_columns : int
        Number of new columns.

    References
    ----------
    Owen, "Controlling correlations in Latin hypercube samples", JASA 89, 1994: each column is replaced by the
    ranks of what is left of it after regression on the columns before.
    """
    n_rows = len(fixed)
    columns = [np.ones(n_rows), *np.asarray(fixed, dtype=float).T]
    for _ in range(n_columns):
        column = (rng.permutation(n_rows) + 0.5) / n_rows
        for _ in range(3):  # ranking again brings a little correlation back
            known = np.stack(columns, axis=1)
            rest = column - known @ np.linalg.lstsq(known, column, rcond=None)[0]
            column = (np.argsort(np.argsort(rest)) + 0.5) / n_rows
        columns.append(column)
    return np.stack(columns[1 + fixed.shape[1]:], axis=1)


def sample(notes):
    """Return the small balanced part: three notes of each instrument and dynamics, low, middle and high."""
    n_pitches, kept = len(PITCHES), []
    for k, note in enumerate(notes):
        group, place = divmod(k, n_pitches)  # group: one instrument at one dynamics
        if place in [(7 * group) % 16 + shift for shift in (0, 17, 34)]:
            kept.append(note)
    return kept
