"""Hits <-> pattern: what a drum pattern is in this chapter.

Conventions
-----------
* Hits are ``(M, 3)`` float64: beat, voice, velocity (0..1]; beats are quarter notes.
* A pattern is ``(3, 9, 32)``: onset 0 or 1, velocity, offset. A step is a sixteenth; offset is in steps, [-.5, .5),
  positive is late. Velocity and offset are 0 where there is no onset.
* Two hits of a voice in one step: the louder one stays.

Contents
--------
VOICES, KEYS, SENT   names of the voices; MIDI key -> voice, as electronic kits send them; voice -> key to write
to_pattern           hits -> pattern, number of hits lost
to_hits              pattern -> hits
quantised            pattern -> the same with every offset 0
"""

import numpy as np

VOICES = ("kick", "snare", "closed_hat", "open_hat", "low_tom", "mid_tom", "high_tom", "crash", "ride")
N_VOICES, N_STEPS, STEPS_PER_BEAT = len(VOICES), 32, 4
BEATS = N_STEPS / STEPS_PER_BEAT
KEYS = {key: voice for voice, keys in enumerate((
    (36, 35), (38, 40, 37, 39), (42, 22, 44), (46, 26), (43, 58, 41), (45, 47), (48, 50), (49, 55, 57, 52),
    (51, 59, 53))) for key in keys}
SENT = (36, 38, 42, 46, 43, 47, 50, 49, 51)


def to_pattern(hits, start=0.0):
    """Return the two bars of hits that begin at a beat.

    Parameters
    ----------
    hits : numpy.ndarray
        ``(M, 3)``: beat, voice, velocity.
    start : float
        Beat of step 0.

    Returns
    -------
    pattern : numpy.ndarray
        ``(3, 9, 32)`` float32.
    lost : int
        Hits that a louder one of the same voice and step displaced.
    """
    pattern = np.zeros((3, N_VOICES, N_STEPS), np.float32)
    position = (hits[:, 0] - start) * STEPS_PER_BEAT  # in steps
    step = np.floor(position + 0.5).astype(int)
    inside = np.flatnonzero((step >= 0) & (step < N_STEPS))
    for index in inside[np.argsort(hits[inside, 2], kind="stable")]:  # the loudest is written last
        pattern[:, int(hits[index, 1]), step[index]] = 1.0, hits[index, 2], position[index] - step[index]
    np.clip(pattern[2], -0.5, np.nextafter(np.float32(0.5), np.float32(0)), out=pattern[2])
    return pattern, len(inside) - int(pattern[0].sum())


def to_hits(pattern):
    """Return the hits ``(M, 3)`` of a pattern ``(3, 9, 32)``, sorted by beat; an early first hit has a beat below 0."""
    voice, step = np.nonzero(pattern[0] > 0.5)
    hits = np.stack([(step + pattern[2, voice, step]) / STEPS_PER_BEAT, voice, pattern[1, voice, step]], 1)  # (M, 3)
    return hits[np.lexsort((hits[:, 1], hits[:, 0]))].astype(float)


def quantised(pattern):
    """Return patterns ``(..., 3, 9, 32)`` with every offset 0."""
    copy = np.array(pattern)
    copy[..., 2, :, :] = 0.0
    return copy
