"""Waveform (N,) -> numbers, and back: mel spectrograms, pitch, partials, Griffin-Lim, distances between sounds.

Nothing here learns or knows a note's labels; ``attributes`` holds the descriptors that listeners' words name.
"""
