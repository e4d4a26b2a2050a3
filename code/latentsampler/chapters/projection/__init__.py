"""Latent space <-> deep, bright, hard, dirty.

In: four knobs in [0, 1] ``(batch, 4)`` and a pitch ``(batch,)``. Out: z ``(batch, latent_dim)`` and four physical
handles ``(batch, 4)``, which a decoder and a vocoder make a note of. A trained projection leaves as ``projection.pt``.
"""
