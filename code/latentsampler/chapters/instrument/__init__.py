"""Controls -> sound.

In: controls ``(batch, K)``, latent coordinates and a pitch. Out: waveform ``(batch, n_samples)``. Joins a
``model.pt`` and a ``vocoder.pt`` to ``generative.pt``, and plays it offline.
"""
