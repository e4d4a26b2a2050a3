"""Loss and validation of one run: joins the networks, the regulariser, the notes and the device.

Contents
--------
Objective   a module that holds all that is trained; ``loss`` and ``distance`` for the training loop
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from latentsampler.chapters.autoencoder.config import find
from latentsampler.learning.batch import Batch
from latentsampler.learning.conditioning import N_PITCHES
from latentsampler.sound.metrics import log_spectral_distance


class Objective(nn.Module):
    """Networks and regulariser, trained together; only the networks go into ``model.pt``.

    Parameters
    ----------
    module : torch.nn.Module
        The autoencoder.
    regulariser : torch.nn.Module
        ``Batch -> {term: scalar}``.
    dataset : NoteDataset
        The notes.
    config : Config
        What is trained.
    device : str
        ``"cpu"`` or ``"cuda"``.
    """

    def __init__(self, module, regulariser, dataset, config, device):
        super().__init__()
        self.module, self.regulariser, self.config, self.device = module, regulariser, config, device
        self.mels = torch.from_numpy(np.array(dataset.mels))  # (N, M, T); notes of a course set fit in memory
        self.pitch = dataset.pitch
        self.labels = find(config.labels)(dataset) if config.labels else {}
        self.parts = {find(f"losses.{name}"): weight for name, weight in config.reconstruction.items()}

    def loss(self, indices):
        """Return the named terms of a batch of notes ``(B,)``."""
        mel, pitch = self.mels[indices].to(self.device), self.pitch[indices].to(self.device)
        log_mel = self.module.scale(mel)  # (B, M, T)
        labels = {name: values[indices].to(self.device) for name, values in self.labels.items()}
        pitch = self.regulariser.conditioning_pitch(pitch, log_mel, labels)
        mean, log_variance, scores = self.module.posterior(log_mel)
        z = self._sample(mean, log_variance)  # (B, L)
        estimate = self.module.decoder(z, pitch)  # (B, M, T)
        batch = Batch(z.float(), mean.float(), None if log_variance is None else log_variance.float(),
                      torch.randn_like(z, dtype=torch.float32), log_mel, estimate, pitch, labels, self.module)
        return {
            "reconstruction": sum(weight * part(estimate, log_mel, self.module.scale.inverse)
                                  for part, weight in self.parts.items()),
            "pitch": functional.cross_entropy(scores, pitch_index(pitch)),
            **self.regulariser(batch),
        }

    def distance(self, indices):
        """Return the mean log-spectral distance in dB of notes ``(n,)`` to their reconstructions."""
        mel, pitch = self.mels[indices].to(self.device), self.pitch[indices].to(self.device)
        return log_spectral_distance(self.module.decode(self.module.encode(mel), pitch), mel).mean()

    def _sample(self, mean, log_variance):
        if log_variance is not None:
            return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        if self.config.encoder_noise:
            return mean + self.config.encoder_noise * torch.randn_like(mean)
        return mean


def pitch_index(pitch):
    """Return the class ``(B,)`` int64 of pitches ``(B,)``: the nearest MIDI note number, 128 where unpitched."""
    return torch.where(torch.isnan(pitch), torch.full_like(pitch, N_PITCHES), pitch).round().long()
