"""Models whose first four latent axes follow the attributes of the notes: depth, brightness, hardness, roughness.

Conventions
-----------
* Runs name `notes_attributes` as their ``labels``; ``batch.labels["attributes"]`` is ``(B, 4)``, each attribute in
  deviations about its mean over the notes, NaN for a silent note.
* Both regularisers add the maximum mean discrepancy of the axes that follow nothing, so that these stay near the prior.
  The four that follow attributes are as correlated as these are (deep against bright r = -.9), which a normal prior is
  not.

Contents
--------
notes_attributes       dataset -> labels
AttributeRegularised   each axis orders the notes as its attribute does (AR-VAE), and takes its values
Conditional            the decoder is told the attributes, and the other axes must not know them
RUNS                   name -> Config
"""

from dataclasses import replace

import torch
from torch.nn import functional

from latentsampler.attributes.targets import measure_notes
from latentsampler.chapters.autoencoder.runs import WAE
from latentsampler.learning import divergences
from latentsampler.learning.regulariser import Regulariser

N_AXES = 4


def notes_attributes(dataset):
    """Return the standardised attributes ``{"attributes": (N, 4)}`` of a dataset's notes."""
    points = torch.tensor(measure_notes(dataset), dtype=torch.float32)  # (N, 4)
    heard = points[torch.isfinite(points).all(1)]
    return {"attributes": (points - heard.mean(0)) / heard.std(0)}


class AttributeRegularised(Regulariser):
    r"""Each of the first axes orders a batch as its attribute does, and takes its values.

    The term "attributes" is that of the reference,
    :math:`\sum_k \mathrm{mean}_{ij} | \tanh(\delta (z_{ik} - z_{jk})) - \mathrm{sgn}(a_{ik} - a_{jk}) |`, which any
    rising function satisfies; the term "values", the squared error summed over the axes, asks for a straight line, too.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes; at least four latent dimensions.
    sharpness : float
        :math:`\delta`, per unit of z.

    References
    ----------
    Pati and Lerch, "Attribute-based regularization of latent spaces for variational auto-encoders", Neural Computing
    and Applications 33, 2021, equation 5 (arXiv 2004.05485).
    """

    weight = 0.3

    def __init__(self, latent_dim, n_mels, n_frames, sharpness=4.0):
        super().__init__(latent_dim, n_mels, n_frames)
        if latent_dim < N_AXES:
            raise ValueError(f"expected at least {N_AXES} latent dimensions, got {latent_dim}")
        self.sharpness = sharpness

    def forward(self, batch):
        """Return the terms "divergence", "attributes" and "values"."""
        z, wanted = heard_notes(batch.z, batch.labels["attributes"])
        away = torch.tanh(self.sharpness * (z[:, None, :N_AXES] - z[None, :, :N_AXES]))  # (b, b, 4)
        error = (away - torch.sign(wanted[:, None] - wanted[None])).abs()
        return {"divergence": divergences.mmd_imq(batch.z[:, N_AXES:], batch.prior[:, N_AXES:]),
                "attributes": error.mean((0, 1)).sum(), "values": (z[:, :N_AXES] - wanted).square().mean(0).sum()}


class Conditional(Regulariser):
    """The decoder learns from true attributes in the first axes; the encoder learns to give them.

    The term "conditional" is the reconstruction (L1) from the true attributes and the other axes; "attributes" the
    squared error of the encoder's first axes; "invariance" the squared correlation of the others with the attributes
    and their squares, so that the decoder has to look at the first.
    """

    weight = 0.3

    def forward(self, batch):
        """Return the terms "divergence", "conditional", "attributes" and "invariance"."""
        known = batch.labels["attributes"].nan_to_num(0.0)  # (B, 4)
        given = torch.cat([known, batch.z[:, N_AXES:]], dim=1)
        estimate = batch.module.decoder(given, batch.pitch)
        return {
            "divergence": divergences.mmd_imq(batch.z[:, N_AXES:], batch.prior[:, N_AXES:]),
            "conditional": functional.l1_loss(estimate, batch.log_mel),
            "attributes": (batch.z[:, :N_AXES] - known).square().mean(),
            "invariance": correlation(batch.z[:, N_AXES:], torch.cat([known, known.square()], dim=1)).square().mean(),
        }


def heard_notes(z, wanted):
    """Return the rows of codes ``(B, L)`` and attributes ``(B, 4)`` of notes that are not silent."""
    kept = torch.isfinite(wanted).all(1)
    return z[kept], wanted[kept]


def correlation(a, b):
    """Return the correlations ``(n, m)`` of the columns of ``a (B, n)`` with those of ``b (B, m)``."""
    a, b = ((x - x.mean(0)) / x.std(0).clamp(min=1e-6) for x in (a, b))
    return a.T @ b / len(a)


# four axes for the attributes, four for the rest; steps enough to compare projections, not to be shipped
BASE = replace(WAE, latent_dim=8, labels="attributes.notes_attributes",
               schedule=replace(WAE.schedule, steps=400, valid_every=200))
RUNS = {
    # twice as many steps: the axes are to be straight lines
    "attribute-regularised": replace(BASE, regulariser="attributes.AttributeRegularised",
                                     schedule=replace(BASE.schedule, steps=800),
                                     weights={**WAE.weights, "attributes": 0.3, "values": 1.0}),
    # the plain reconstruction would let the decoder read the attributes elsewhere
    "conditional": replace(BASE, regulariser="attributes.Conditional",
                           weights={**WAE.weights, "reconstruction": 0.0, "conditional": 1.0, "attributes": 0.3,
                                    "invariance": 1.0}),
}
