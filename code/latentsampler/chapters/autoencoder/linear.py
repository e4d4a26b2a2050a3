r"""The linear part of the autoencoder: what a regression on pitch and principal axes know of a note.

.. math:: \hat x = m(p) + \sum_k z_k a_k + \mathrm{network}(z, p), \qquad
          z = A^+ \Big(x - \sum_p \mathrm{P}(p \mid x)\, m(p)\Big) + \mathrm{network}(x)

m(p) is the regression's note at a pitch and :math:`a_k` are the principal axes of what it leaves, as in
:class:`~learning.pca.PitchPca`. Both come from the training notes in closed form and stay as they are; networks
begin at zero and learn what is missing. So training begins where a linear model ends, and codes have unit variance
from the first step. Networks alone needed their steps to find the mean note of every pitch, and by then had begun to
learn single recordings by heart.

Contents
--------
LinearPart   decode and encode by regression and axes; ``fit`` finds both
"""

import math

import numpy as np
import torch
from torch import nn

from latentsampler.learning.conditioning import N_PITCHES
from latentsampler.learning.pca import Pca, smooth
from latentsampler.sound.audio import band_edges

SMOOTHER = 0.1  # semitones: what cross-validation of PitchPca chooses on all notes here
PROFILES = 8  # courses over time in which the notes of the regression are written


class LinearPart(nn.Module):
    """Regression on pitch, and principal axes of what it leaves.

    Parameters
    ----------
    mel : MelConfig
        The front-end.
    latent_dim : int
        L, the number of axes.
    """

    def __init__(self, mel, latent_dim):
        super().__init__()
        self.n_mels, self.n_frames, self.none = mel.n_mels, mel.n_frames, N_PITCHES
        centres = band_edges(mel)[1:-1]
        slope = centres * (math.log(2.0) / 12.0) / np.gradient(centres)  # bands that a semitone is wide
        self.register_buffer("slope", torch.from_numpy(slope).float(), persistent=False)
        size, profiles = mel.n_mels * mel.n_frames, min(PROFILES, mel.n_frames)
        for name, shape in (("spectra", (N_PITCHES + 1, mel.n_mels * profiles)), ("profiles", (profiles, mel.n_frames)),
                            ("mean", (size,)), ("axes", (latent_dim, size)), ("spread", (latent_dim,)),
                            ("offset", (N_PITCHES + 1, latent_dim))):
            # parameters, because those are what is rounded and counted; never trained
            setattr(self, name, nn.Parameter(torch.zeros(shape), requires_grad=False))

    @torch.no_grad()
    def fit(self, log_mels, pitch):
        """Find regression and axes of training notes.

        Parameters
        ----------
        log_mels : torch.Tensor
            ``(n, M, T)``, scaled; n > L.
        pitch : torch.Tensor
            ``(n,)`` MIDI note numbers, NaN = unpitched.
        """
        rows = log_mels.flatten(1).numpy()
        asked = np.append(np.arange(float(N_PITCHES)), np.nan)
        found = smooth(asked, pitch.double().numpy(), SMOOTHER).astype(np.float32) @ rows  # (129, M T)
        courses = torch.from_numpy(found).view(-1, self.n_frames)  # (129 M, T)
        self.profiles.copy_(torch.linalg.eigh(courses.T @ courses)[1].T[-len(self.profiles):])
        self.spectra.copy_((courses @ self.profiles.T).view(len(self.spectra), -1))
        values, where = torch.unique(pitch.nan_to_num(-1.0), return_inverse=True)
        expected = self.expected(torch.where(values < 0, torch.nan, values))[where]
        pca = Pca(rows - expected.flatten(1).numpy(), len(self.axes))
        self.mean.copy_(torch.from_numpy(pca.mean))
        self.spread.copy_(torch.from_numpy(pca.spread))
        self.axes.copy_(torch.from_numpy(pca.basis * pca.spread).T)
        every = torch.from_numpy(asked).float()
        self.offset.copy_((self.expected(every).flatten(1) + self.mean) @ self.inverse())

    def forward(self, z, pitch):
        """Return the log mel ``(B, M, T)`` of points ``(B, L)`` at pitches ``(B,)``."""
        return self.expected(pitch) + (self.mean + z @ self.axes).view(-1, self.n_mels, self.n_frames)

    def encode(self, log_mel, chances):
        """Return the points ``(B, L)`` of log mels ``(B, M, T)`` whose pitches have chances ``(B, 129)``."""
        return log_mel.flatten(1) @ self.inverse() - chances @ self.offset

    def expected(self, pitch):
        """Return the regression's log mels ``(B, M, T)`` at pitches ``(B,)``.

        Between two whole notes both spectra move to the asked pitch before they are mixed, so that harmonics meet.
        """
        unpitched = torch.isnan(pitch)
        note = torch.where(unpitched, torch.zeros_like(pitch), pitch).clamp(0.0, self.none - 1.0)
        index, share = note.floor().long(), note - note.floor()  # (B,)
        low = self.moved(self.spectra[index], share)
        high = self.moved(self.spectra[(index + 1).clamp(max=self.none - 1)], share - 1.0)
        spectra = low + share[:, None, None] * (high - low)  # (B, M, profiles)
        none = self.spectra[self.none].view(1, self.n_mels, -1)
        return torch.where(unpitched[:, None, None], none, spectra) @ self.profiles

    def moved(self, spectra, semitones):
        """Return spectra ``(B, M profiles)`` along the bands by semitones ``(B,)``: ``(B, M, profiles)``."""
        spectra = spectra.view(len(spectra), self.n_mels, -1)
        place = torch.arange(self.n_mels, device=spectra.device) - semitones[:, None] * self.slope  # (B, M)
        place = place.clamp(0.0, self.n_mels - 1.0)
        below = place.floor().clamp(max=self.n_mels - 2.0)
        index = below.long()[:, :, None].expand_as(spectra)
        left = torch.gather(spectra, 1, index)
        return left + (place - below)[:, :, None] * (torch.gather(spectra, 1, index + 1) - left)

    def inverse(self):
        """Return ``(M T, L)``: orthogonal axes, each divided by its squared length."""
        return (self.axes / self.spread.square().clamp(min=1e-12).unsqueeze(1)).T
