"""What holds the cloud of codes together, by name: each an ``nn.Module`` from a :class:`Batch` to named loss terms.

Conventions
-----------
* ``X(latent_dim, n_mels, n_frames, **options)``; ``forward(batch) -> {"divergence": scalar}``;
  ``sample_prior(n, generator) -> (n, latent_dim)``, of a standard normal unless the class learns its prior.
* ``random_encoder``: the encoder must give a normal posterior. ``weight``: what the term is multiplied by when a run
  says nothing else.
* The weights of point methods make a shift of one standard deviation in one dimension cost about the same in all.
* Size: every term counts a fault of *one* latent dimension alike at every latent size (*total*, as nats are), so that
  another size does not silently change the objective; what a term needs for that is said where it is computed.

Contents
--------
Regulariser    the prior, and what the classes share
Plain, MMDGaussian, MMDInverseMultiquadratic, SlicedWasserstein, Sinkhorn, CramerWold   for points, without parameters
Adversarial, RAEDecay, RAEGradient   for points (``regularisers_learned``)
KullbackLeibler, Beta, TotalCorrelation, InfoVAE, JensenShannon, Renyi   for posteriors, without parameters
FlowPrior, VampPrior   for posteriors, with a learned prior (``regularisers_learned``)
METHODS        all of them, in the order of tables
"""

from latentsampler.learning import divergences, transport
from latentsampler.learning.regulariser import Regulariser
from latentsampler.learning.regularisers_learned import Adversarial, FlowPrior, RAEDecay, RAEGradient, VampPrior

REFERENCE = 4  # the latent size at which terms that must be scaled keep the scale of their function


class Plain(Regulariser):
    """No regulariser at all: the plain autoencoder (Hinton and Salakhutdinov, Science 313, 2006)."""

    weight = 0.0

    def forward(self, batch):
        """Return a divergence of zero."""
        return {"divergence": batch.z.sum() * 0.0}


class MMDInverseMultiquadratic(Regulariser):
    """WAE-MMD with inverse multiquadratic kernels (Tolstikhin et al., ICLR 2018, algorithm 2; arXiv 1711.01558).

    The kernels' widths grow with the latent size, so a fault of one dimension of L counts 1 / L: times L / 4.
    """

    weight = 0.3

    def forward(self, batch):
        """Return the unbiased squared MMD of codes and prior, times L / 4."""
        return {"divergence": divergences.mmd_imq(batch.z, batch.prior) * batch.z.shape[1] / REFERENCE}


class MMDGaussian(Regulariser):
    """WAE-MMD with Gaussian kernels (Tolstikhin et al., ICLR 2018; Gretton et al., JMLR 13, 2012, eq. 3).

    Scaled as :class:`MMDInverseMultiquadratic`.
    """

    weight = 0.3

    def forward(self, batch):
        """Return the unbiased squared MMD of codes and prior, times L / 4."""
        return {"divergence": divergences.mmd_gaussian(batch.z, batch.prior) * batch.z.shape[1] / REFERENCE}


class SlicedWasserstein(Regulariser):
    """Sliced Wasserstein autoencoder (Kolouri et al., ICLR 2019, eq. 12; arXiv 1804.01947).

    Squared distance times L: a translation by d costs its squared length at every size.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    projections : int
        Random directions per step.
    """

    weight = 0.08

    def __init__(self, latent_dim, n_mels, n_frames, projections=64):
        super().__init__(latent_dim, n_mels, n_frames)
        self.projections = projections

    def forward(self, batch):
        """Return the squared sliced 2-Wasserstein distance of codes and prior, times L."""
        vectors = transport.directions(batch.z.shape[1], self.projections, device=batch.z.device)
        return {"divergence": transport.sliced_wasserstein(batch.z, batch.prior, vectors)}


class Sinkhorn(Regulariser):
    """Sinkhorn autoencoder (Patrini et al., UAI 2019, arXiv 1810.01118), with the unbiased divergence of Feydy et al.

    The cost is the squared distance: a translation by d costs its squared length at every size. The blur grows with the
    expected squared distance, 2 L.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    blur : float
        Entropic penalty as a share of 2 L.
    """

    weight = 0.08

    def __init__(self, latent_dim, n_mels, n_frames, blur=0.1):
        super().__init__(latent_dim, n_mels, n_frames)
        self.blur = blur

    def forward(self, batch):
        """Return the Sinkhorn divergence of codes and prior."""
        return {"divergence": transport.sinkhorn(batch.z, batch.prior, self.blur)}


class CramerWold(Regulariser):
    """Cramer-Wold autoencoder (Knop et al., JMLR 21, 2020, theorem 1; arXiv 1805.09235): no prior samples needed.

    It averages over directions, so a fault of one dimension of L counts 1 / L: times L / 4.
    """

    weight = 3.0

    def forward(self, batch):
        """Return the squared Cramer-Wold distance of the codes to the prior, times L / 4."""
        return {"divergence": divergences.cramer_wold(batch.z) * batch.z.shape[1] / REFERENCE}


class KullbackLeibler(Regulariser):
    """Variational autoencoder (Kingma and Welling, ICLR 2014, eq. 10; arXiv 1312.6114).

    ``weight`` is the price of a nat in units of the reconstruction term, a mean over all values of a mel, and does not
    depend on the latent size.
    """

    random_encoder = True
    weight = 0.0015

    def forward(self, batch):
        """Return the KL of posterior and prior in total nats."""
        return {"divergence": divergences.kl(batch.mean, batch.log_variance)}


class Beta(Regulariser):
    r"""Beta-VAE (Higgins et al., ICLR 2017, eq. 4), with a budget if one is given.

    Without a budget beta * KL. With one, :math:`\beta |\mathrm{KL} - C|` (Burgess et al., 2018, eq. 8, arXiv
    1804.03599), where C is in nats of a whole note: a larger latent space gets no larger budget.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    beta : float
        Multiple of the price of a nat.
    budget : float
        C, total nats.
    """

    random_encoder = True
    weight = KullbackLeibler.weight

    def __init__(self, latent_dim, n_mels, n_frames, beta=4.0, budget=0.0):
        super().__init__(latent_dim, n_mels, n_frames)
        self.beta, self.budget = beta, budget

    def forward(self, batch):
        """Return beta times the distance of the KL from its budget, total nats."""
        return {"divergence": self.beta * (divergences.kl(batch.mean, batch.log_variance) - self.budget).abs()}


class TotalCorrelation(Regulariser):
    """Beta-TCVAE: of the three parts of the averaged KL only the total correlation is made dearer.

    Chen et al., NeurIPS 2018, eq. 4 with alpha = gamma = 1 (arXiv 1802.04942), minibatch-weighted. Total nats.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    beta : float
        Multiple of the total correlation.
    """

    random_encoder = True
    weight = KullbackLeibler.weight

    def __init__(self, latent_dim, n_mels, n_frames, beta=6.0):
        super().__init__(latent_dim, n_mels, n_frames)
        self.beta = beta

    def forward(self, batch):
        """Return mutual information + beta total correlation + dimension-wise KL, nats."""
        information, correlation, dimensions = divergences.information_terms(batch.z, batch.mean, batch.log_variance)
        return {"divergence": information + self.beta * correlation + dimensions}


class InfoVAE(Regulariser):
    r"""InfoVAE: :math:`(1 - \alpha) \mathrm{KL} + (\alpha + \lambda - 1) \mathrm{MMD}^2`.

    Zhao, Song and Ermon, AAAI 2019, eq. 6 (arXiv 1706.02262). The first part in total nats, the second scaled as
    :class:`MMDInverseMultiquadratic`.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    alpha : float
        Share of the KL that is waived: information about the note is free at 1.
    scale : float
        Lambda. The default makes the second part as heavy as in :class:`MMDInverseMultiquadratic`.
    """

    random_encoder = True
    weight = KullbackLeibler.weight

    def __init__(self, latent_dim, n_mels, n_frames, alpha=0.5, scale=200.5):
        super().__init__(latent_dim, n_mels, n_frames)
        self.alpha, self.scale = alpha, scale

    def forward(self, batch):
        """Return the weighted sum of KL (nats) and squared MMD."""
        mmd = divergences.mmd_imq(batch.z, batch.prior) * batch.z.shape[1] / REFERENCE
        nats = divergences.kl(batch.mean, batch.log_variance)
        return {"divergence": (1.0 - self.alpha) * nats + (self.alpha + self.scale - 1.0) * mmd}


class JensenShannon(Regulariser):
    """Geometric Jensen-Shannon autoencoder (Deasy et al., NeurIPS 2020; arXiv 2006.10599). Total nats.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    alpha : float
        Skew: 0 is the KL of a VAE, 1 the reverse one. At 0.5 posteriors stay wide, and codes go far from the prior.
    """

    random_encoder = True
    weight = 0.003

    def __init__(self, latent_dim, n_mels, n_frames, alpha=0.1):
        super().__init__(latent_dim, n_mels, n_frames)
        self.alpha = alpha

    def forward(self, batch):
        """Return the skew geometric Jensen-Shannon divergence of posterior and prior, total nats."""
        return {"divergence": divergences.geometric_js(batch.mean, batch.log_variance, self.alpha)}


class Renyi(Regulariser):
    """Renyi divergence in place of the KL (Gil et al., 2013, table 2; after Li and Turner, NeurIPS 2016). Total nats.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    alpha : float
        Order in (0, 1); 1 would be the KL.
    """

    random_encoder = True
    weight = KullbackLeibler.weight

    def __init__(self, latent_dim, n_mels, n_frames, alpha=0.5):
        super().__init__(latent_dim, n_mels, n_frames)
        self.alpha = alpha

    def forward(self, batch):
        """Return the Renyi divergence of posterior and prior, total nats."""
        return {"divergence": divergences.renyi(batch.mean, batch.log_variance, self.alpha)}


METHODS = (Plain, MMDGaussian, MMDInverseMultiquadratic, SlicedWasserstein, Sinkhorn, CramerWold, Adversarial, RAEDecay,
           RAEGradient, KullbackLeibler, Beta, TotalCorrelation, InfoVAE, JensenShannon, Renyi, FlowPrior, VampPrior)
