"""Mel -> waveform.

In: mel ``(batch, n_mels, n_frames)`` amplitude and, for vocoders that need it, pitch ``(batch,)`` in MIDI note
numbers. Out: waveform ``(batch, n_frames * hop_length)``. A trained vocoder leaves as ``vocoder.pt``.
"""
