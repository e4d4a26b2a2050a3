"""The maximum mean discrepancy as a regulariser.

Contents
--------
MMD   codes against samples of the prior, inverse multiquadratic kernels
"""

import torch
from torch import nn

from latentsampler.divergences import mmd_imq


class MMD(nn.Module):
    """Wasserstein autoencoder with the MMD (Tolstikhin et al., ICLR 2018)."""

    random_encoder, weight = False, 0.3

    def __init__(self, latent_dim, n_mels, n_frames):
        super().__init__()
        self.latent_dim = latent_dim

    def forward(self, batch):
        """Return the divergence of a batch."""
        return {"divergence": mmd_imq(batch.z, batch.prior)}

    def sample_prior(self, n, generator=None):
        """Return ``(n, latent_dim)`` samples of a standard normal."""
        return torch.randn(n, self.latent_dim, generator=generator)
