"""What all regularisers share.

Contents
--------
Regulariser   sizes, and the standard normal as prior
"""

import torch
from torch import nn


class Regulariser(nn.Module):
    """A term of the loss that ties codes to a prior; see ``regularisers`` for the interface.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes of codes and mels.
    """

    random_encoder = False  # whether the encoder must give a normal posterior instead of a point
    weight = 1.0  # of the term "divergence" when a run says nothing else

    def __init__(self, latent_dim, n_mels, n_frames):
        super().__init__()
        self.latent_dim, self.n_mels, self.n_frames = latent_dim, n_mels, n_frames

    def conditioning_pitch(self, pitch, log_mel, labels):
        """Return the pitch ``(B,)`` at which a batch is decoded: its own, where a class does not say otherwise."""
        return pitch

    def sample_prior(self, n, generator=None):
        """Return samples of the prior on the CPU: of a standard normal.

        Parameters
        ----------
        n : int
            How many.
        generator : torch.Generator, optional
            The source of randomness.

        Returns
        -------
        torch.Tensor
            ``(n, latent_dim)``.
        """
        return torch.randn(n, self.latent_dim, generator=generator)
