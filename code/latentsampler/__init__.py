"""Latent sampler: notes -> mel -> V(W)AE -> vocoder -> a TorchScript instrument for Pure Data."""
