"""Regularisers that own parameters or a prior of their own: a critic, a fitted, a flowing, a mixed one.

Contents
--------
Adversarial             a critic tells codes from prior samples; the encoder learns against it
RAEDecay, RAEGradient   a smooth decoder in place of a prior, which is fitted afterwards
FlowPrior               the prior is a standard normal seen through affine couplings
VampPrior               the prior is the mixture of posteriors of learned notes
"""

import math

import torch
from torch import nn
from torch.nn import functional

from latentsampler.learning.divergences import log_normal
from latentsampler.learning.regulariser import Regulariser


class Adversarial(Regulariser):
    r"""WAE-GAN: a critic's estimate of the Jensen-Shannon divergence (Tolstikhin et al., ICLR 2018, algorithm 1).

    The critic D minimises the cross-entropy of telling prior samples from codes; the encoder gets its gradient with the
    sign turned (Ganin et al., JMLR 17, 2016, eq. 18), so that one optimiser serves both. What is returned is ln 2 minus
    the cross-entropy, a lower bound of the Jensen-Shannon divergence in nats (Goodfellow et al., NeurIPS 2014, theorem
    1). The divergence of a product of L marginals, one of them wrong, is that marginal's: no scaling with L.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    hidden : int
        Width of the critic's two layers.
    """

    weight = 0.1

    def __init__(self, latent_dim, n_mels, n_frames, hidden=64):
        super().__init__(latent_dim, n_mels, n_frames)
        self.critic = nn.Sequential(nn.Linear(latent_dim, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
                                    nn.Linear(hidden, 1))

    def forward(self, batch):
        """Return the critic's estimate; its gradient trains the critic and, with the sign turned, the encoder."""
        real, fake = self.critic(batch.prior), self.critic(_TurnGradient.apply(batch.z))  # (B, 1) logits
        entropy = 0.5 * (functional.softplus(-real).mean() + functional.softplus(fake).mean())
        return {"divergence": entropy + (math.log(2.0) - 2.0 * entropy).detach()}  # the value of ln 2 - entropy


class _TurnGradient(torch.autograd.Function):
    """The identity, whose gradient has the opposite sign."""

    @staticmethod
    def forward(context, x):
        return x.view_as(x)

    @staticmethod
    def backward(context, gradient):
        return -gradient


class _Fitted(Regulariser):
    """Prior: a normal distribution with full covariance, fitted to the training codes as they pass (decay 0.99).

    Ghosh et al. fit a density after training; running moments give the same once the encoder has come to rest.
    """

    def __init__(self, latent_dim, n_mels, n_frames):
        super().__init__(latent_dim, n_mels, n_frames)
        self.register_buffer("first", torch.zeros(latent_dim))
        self.register_buffer("second", torch.zeros(latent_dim, latent_dim))
        self.register_buffer("mass", torch.zeros(()))

    def fit(self, z):
        """Take a batch of codes ``(B, L)`` into the moments."""
        z = z.detach()
        self.first.lerp_(z.mean(0), 0.01)
        self.second.lerp_(z.T @ z / len(z), 0.01)
        self.mass.lerp_(torch.ones_like(self.mass), 0.01)

    def sample_prior(self, n, generator=None):
        """Return samples ``(n, L)`` of the fitted normal distribution; of the standard one before any training."""
        noise = super().sample_prior(n, generator)
        if not self.mass:
            return noise
        mean = (self.first / self.mass).cpu()
        covariance = (self.second / self.mass).cpu() - torch.outer(mean, mean)
        floor = 1e-6 * covariance.diagonal().mean().clamp(min=1e-12) * torch.eye(self.latent_dim)
        return mean + noise @ torch.linalg.cholesky(covariance + floor).T


class RAEDecay(_Fitted):
    r"""Regularised autoencoder, L2: :math:`\frac12 \|z\|^2` and weight decay of the decoder.

    Ghosh et al., "From variational to deterministic autoencoders", ICLR 2020, eq. 5 and 7 (arXiv 1903.12436). The
    squared length is a sum over dimensions, as a KL is; the decay is the decoder's business and does not know L.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    decay : float
        Factor of half the decoder's squared weights.
    """

    weight = 0.001

    def __init__(self, latent_dim, n_mels, n_frames, decay=0.01):
        super().__init__(latent_dim, n_mels, n_frames)
        self.decay = decay

    def forward(self, batch):
        """Return half the squared length of codes plus the decoder's decay."""
        if self.training:
            self.fit(batch.z)
        decay = sum(w.pow(2).sum() for w in batch.module.decoder.parameters() if w.requires_grad)
        return {"divergence": 0.5 * batch.z.pow(2).sum(1).mean() + 0.5 * self.decay * decay}


class RAEGradient(_Fitted):
    r"""Regularised autoencoder, gradient penalty: :math:`\frac12 \|z\|^2` and :math:`\frac1{MT} \|\nabla_z D(z)\|_F^2`.

    Ghosh et al., ICLR 2020, eq. 5 and 8 (arXiv 1903.12436). The squared norm of the Jacobian is estimated without bias
    by one random projection of the output (Hutchinson, 1990), and divided by the number of values of a mel, as the
    reconstruction is. Both parts are sums over latent dimensions.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    penalty : float
        Factor of the squared Jacobian.
    """

    weight = 0.001

    def __init__(self, latent_dim, n_mels, n_frames, penalty=10.0):
        super().__init__(latent_dim, n_mels, n_frames)
        self.penalty = penalty

    def forward(self, batch):
        """Return half the squared length of codes plus the gradient penalty (left out where no gradient is kept)."""
        if self.training:
            self.fit(batch.z)
        length = 0.5 * batch.z.pow(2).sum(1).mean()
        return {"divergence": length + self.penalty * self._squared_jacobian(batch)}

    def _squared_jacobian(self, batch):
        if not torch.is_grad_enabled():
            return 0.0
        z = batch.z.detach().requires_grad_()
        estimate = batch.module.decoder(z, batch.pitch)  # (B, M, T)
        probe = torch.randn_like(estimate)
        gradient = torch.autograd.grad(estimate, z, probe, create_graph=True)[0]  # (B, L)
        return gradient.float().pow(2).sum(1).mean() / (self.n_mels * self.n_frames)


class FlowPrior(Regulariser):
    r"""A learned prior, a standard normal through affine couplings: :math:`\mathrm{E}_q [\ln q(z|x) - \ln p(z)]`.

    Total nats. Coupling: Dinh, Sohl-Dickstein and Bengio, "Density estimation using Real NVP", ICLR 2017, eq. 7-8
    (arXiv 1605.08803); as a VAE's prior: Chen et al., "Variational lossy autoencoder", ICLR 2017, section 3.2 (arXiv
    1611.02731). It begins as the identity, that is as a VAE. The entropy of q is exact, ln p is of one sample.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes; at least two latent dimensions.
    layers, hidden : int
        Number of couplings, and width of their networks.
    """

    random_encoder = True
    weight = 0.0015

    def __init__(self, latent_dim, n_mels, n_frames, layers=6, hidden=32):
        super().__init__(latent_dim, n_mels, n_frames)
        if latent_dim < 2:
            raise ValueError(f"expected at least 2 latent dimensions for a flow of couplings, got {latent_dim}")
        self.nets = nn.ModuleList()
        for k in range(layers):
            kept = self._kept(k)
            net = nn.Sequential(nn.Linear(kept, hidden), nn.SiLU(), nn.Linear(hidden, 2 * (latent_dim - kept)))
            nn.init.zeros_(net[-1].weight)
            nn.init.zeros_(net[-1].bias)
            self.nets.append(net)

    def _kept(self, k):
        return self.latent_dim // 2 if k % 2 == 0 else self.latent_dim - self.latent_dim // 2

    def _parts(self, k, z):
        kept = self._kept(k)
        return (z[:, :kept], z[:, kept:]) if k % 2 == 0 else (z[:, -kept:], z[:, :-kept])

    def _coupling(self, k, kept):
        scale, shift = self.nets[k](kept).chunk(2, dim=1)
        return 2.0 * torch.tanh(0.5 * scale), shift  # a factor between e^-2 and e^2 per layer

    def to_noise(self, z):
        """Return noise ``(B, L)`` of codes ``(B, L)``, and the log-determinant ``(B,)`` of that map."""
        volume = torch.zeros_like(z[:, 0])
        for k in range(len(self.nets)):
            kept, moved = self._parts(k, z)
            scale, shift = self._coupling(k, kept)
            moved, volume = (moved - shift) * (-scale).exp(), volume - scale.sum(1)
            z = torch.cat([kept, moved] if k % 2 == 0 else [moved, kept], dim=1)
        return z, volume

    def to_codes(self, noise):
        """Return codes ``(B, L)`` of noise ``(B, L)``: the inverse of :meth:`to_noise`."""
        for k in reversed(range(len(self.nets))):
            kept, moved = self._parts(k, noise)
            scale, shift = self._coupling(k, kept)
            moved = moved * scale.exp() + shift
            noise = torch.cat([kept, moved] if k % 2 == 0 else [moved, kept], dim=1)
        return noise

    def log_prior(self, z):
        """Return the prior's log-density ``(B,)`` at codes ``(B, L)``."""
        noise, volume = self.to_noise(z)
        return log_normal(noise, torch.zeros_like(noise), torch.zeros_like(noise)).sum(1) + volume

    def forward(self, batch):
        """Return the KL of posterior and learned prior, total nats."""
        return {"divergence": _negative_entropy(batch.log_variance) - self.log_prior(batch.z).mean()}

    def sample_prior(self, n, generator=None):
        """Return samples ``(n, L)`` of the learned prior."""
        with torch.no_grad():
            return self.to_codes(super().sample_prior(n, generator).to(self.nets[0][0].weight.device)).cpu()


class VampPrior(Regulariser):
    r"""A learned prior, the mixture of posteriors of learned mels: :math:`p(z) = \frac1K \sum_k q(z | u_k)`.

    Tomczak and Welling, "VAE with a VampPrior", AISTATS 2018, eq. 9 (arXiv 1705.07120). Total nats. The learned mels
    start as notes of the first batch. The entropy of q is exact, ln p is of one sample.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes.
    components : int
        K.
    """

    random_encoder = True
    weight = 0.0015

    def __init__(self, latent_dim, n_mels, n_frames, components=16):
        super().__init__(latent_dim, n_mels, n_frames)
        self.inputs = nn.Parameter(torch.zeros(components, n_mels, n_frames))
        self.register_buffer("started", torch.zeros(()))
        self.register_buffer("means", torch.zeros(components, latent_dim))  # of the last step, for sampling
        self.register_buffer("log_variances", torch.zeros(components, latent_dim))

    def forward(self, batch):
        """Return the KL of posterior and learned prior, total nats."""
        if self.training and not self.started:
            self._start(batch.log_mel.detach())
        mean, log_variance = (part.float() for part in batch.module.posterior(self.inputs)[:2])  # (K, L)
        if self.training:
            self.means.copy_(mean.detach())
            self.log_variances.copy_(log_variance.detach())
        return {"divergence": _negative_entropy(batch.log_variance) - self._log_mixture(batch.z, mean, log_variance)}

    def _start(self, log_mel):
        with torch.no_grad():
            self.inputs.copy_(log_mel[torch.arange(len(self.inputs)) % len(log_mel)])
            self.started.fill_(1.0)

    def _log_mixture(self, z, mean, log_variance):
        pairs = log_normal(z[:, None], mean[None], log_variance[None]).sum(2)  # (B, K)
        return (pairs.logsumexp(1) - math.log(len(mean))).mean()

    def sample_prior(self, n, generator=None):
        """Return samples ``(n, L)`` of the learned prior, as it was in the last training step."""
        noise = super().sample_prior(n, generator)
        chosen = torch.randint(len(self.means), (n,), generator=generator)
        return self.means.cpu()[chosen] + noise * (0.5 * self.log_variances.cpu()[chosen]).exp()


def _negative_entropy(log_variance):
    """Return the mean over notes of E ln q, nats: -1/2 sum_j (1 + ln 2 pi + ln s_j^2)."""
    return -0.5 * (1.0 + math.log(2.0 * math.pi) + log_variance).sum(1).mean()
