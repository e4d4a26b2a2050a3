"""Waveform (batch, N) -> what a listener would call it: depth, brightness, hardness, roughness, ..., in points.

``descriptors`` gathers them, ``cli`` is the command ``describe``, ``targets`` measures whole stores of notes.
"""
