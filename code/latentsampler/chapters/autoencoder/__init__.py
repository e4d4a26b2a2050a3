"""Mel <-> latent point.

In: mel ``(batch, n_mels, n_frames)`` amplitude. Out: z ``(batch, latent_dim)``, and from z and a pitch
``(batch,)`` the mel again. A trained model leaves as ``model.pt``.
"""
