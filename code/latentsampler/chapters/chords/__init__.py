"""Chord sequences <-> latent, what comes next, and the notes that play it.

In: chords, one symbol a beat, ``(batch, beats)`` int64. Out: 8 further beats as probabilities ``(batch, 8, 169)``; a
code ``z (batch, 16)`` and a key ``(batch,)`` from which 16 beats come back ``(batch, 16, 169)``; and by ``chords.pt``,
of controls ``(batch, K)``, events ``(batch, N, 5)`` for an instrument. A folder of songs is a table of chords.
"""
