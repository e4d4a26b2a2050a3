"""Drum pattern <-> latent point, with knobs.

In: patterns ``(batch, 3, 9, 32)``: onset, velocity and offset of 9 voices on 32 steps, two bars of 4/4 in sixteenths.
Out: ``rhythm.pt``: ``encode(patterns) -> z (batch, 32)``, ``decode(z) -> patterns``, ``turn(z, knobs) -> z``, and, by
the events contract, controls ``(batch, 10)`` -> events ``(batch, 288, 5)``.
"""
