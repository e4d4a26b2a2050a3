"""Points and handles -> notes -> what is heard: the only judge of a knob.

Contents
--------
Renderer   model.pt, vocoder.pt and the handles as one player; the notes it makes, measured
"""

import numpy as np
import torch

from latentsampler.attributes.targets import measure
from latentsampler.chapters.projection.handles import Handles
from latentsampler.contract.playing import as_player, encode_notes
from latentsampler.sound.audio import MelConfig
from latentsampler.sound.pitch import estimate_f0

AT_ONCE = 16  # notes


class Renderer:
    """Decoder, handles and vocoder.

    Parameters
    ----------
    model, vocoder : tuple
        ``model.pt`` and ``vocoder.pt``: module and metadata, from ``export.load_scripted``.

    Raises
    ------
    ValueError
        If the two have different mel front-ends.
    """

    def __init__(self, model, vocoder):
        self.model, self.about = model
        player, about = vocoder
        self.player = as_player(player, about)
        if self.about["mel"] != about["mel"]:
            raise ValueError(f"expected a vocoder for mels {self.about['mel']}, got one for {about['mel']}")
        self.mel = MelConfig(**about["mel"])
        self.handles = Handles(self.mel)
        self.origins = {"model": self.about["created_from"], "vocoder": about["created_from"]}

    @torch.inference_mode()
    def render(self, z, pitch, handles=None):
        """Return the notes of some points.

        Parameters
        ----------
        z, pitch : torch.Tensor
            ``(n, latent_dim)`` and ``(n,)``.
        handles : torch.Tensor, optional
            ``(n, 4)``; None leaves the mel and the waveform as they are.

        Returns
        -------
        torch.Tensor
            ``(n, n_samples)``.
        """
        mel = self.model.decode(z, pitch)  # (n, M, T)
        if handles is None:
            return self.player(mel, pitch)
        mel = self.handles.shape(mel, pitch, handles)
        return self.handles.finish(self.player(mel, pitch), self.handles.amounts(mel, pitch, handles), 0)

    def measure(self, z, pitch, handles=None):
        """Return the four attributes ``(n, 4)``, in points, of the notes of some points, as they sound."""
        parts = torch.arange(len(z)).split(AT_ONCE)
        return np.concatenate([measure(self.render(z[k], pitch[k], None if handles is None else handles[k]).numpy(),
                                       self.mel.sample_rate) for k in parts])

    def fundamentals(self, z, pitch, handles=None):
        """Return the fundamentals ``(n,)`` in Hz of the notes of some points; NaN where none is found."""
        rows = range(len(z))
        return np.array([estimate_f0(self.render(z[k:k + 1], pitch[k:k + 1],
                                                 None if handles is None else handles[k:k + 1])[0].numpy(),
                                     self.mel.sample_rate) for k in rows])

    def encode(self, dataset, indices):
        """Return the codes ``(n, latent_dim)`` of some notes of a dataset."""
        return encode_notes(self.model, dataset, indices)
