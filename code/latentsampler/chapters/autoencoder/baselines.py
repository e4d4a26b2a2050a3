"""Others to be measured by: linear models, and pythae's autoencoders with our networks.

Conventions
-----------
* A peer has ``encode(mel (B, M, T), pitch (B,)) -> z (B, L)``, ``decode(z, pitch) -> mel``, ``sample_prior(n,
  generator) -> (n, L)``, ``parameters`` and ``seconds_per_step`` (of the processor; NaN where there are no steps).
* ``notes`` has ``mels`` (N, M, T), ``pitch`` (N,), ``mel_config`` and ``column(name)``.
* pythae 0.1.2 brings models, losses, trainer and optimiser step; from us it gets encoder and decoder, batch, peak
  learning rate, Adam's betas, and at least as many steps. What it lacks stays lacking: warm-up, clipping, a pitch head.
  Its rate falls along a cosine by epochs. Its trainer drops no incomplete batch and keeps the best epoch.
* pythae's defaults for the weights are for other data: 0.03 on the MMD of a WAE against a sum over all values of an
  image leaves nothing of it here, and the InfoVAE's default weight of its MMD is negative. :func:`weights` says what
  stands in place of them.
* pythae is in the extra "peers" and is imported where it is used.

Contents
--------
LINEAR         name -> linear peer: principal components of log mels, and of what is left after regression on pitch
PYTHAE         names of pythae's models here
weights        name, sizes -> what a pythae model is configured with
train_pythae   one of them, trained
"""

import logging
import math
import tempfile
import time

import torch

from latentsampler.chapters.autoencoder.model import AutoEncoder
from latentsampler.learning.pca import Pca, PitchPca
from latentsampler.learning.regularisers import REFERENCE, MMDInverseMultiquadratic
from latentsampler.runtime.extras import optional
from latentsampler.sound.audio import LogMel

PYTHAE = {"PythaeVAE": "VAE", "PythaeBetaVAE": "BetaVAE", "PythaeWAE": "WAE_MMD", "PythaeInfoVAE": "INFOVAE_MMD"}
BETA = 4.0  # as in our own Beta
ALPHA = 0.5  # as in our own InfoVAE


class Linear:
    """Principal components of scaled log mels, behind the methods of a peer.

    Parameters
    ----------
    notes : object
        With ``mels`` and ``mel_config``.
    train : numpy.ndarray
        Indices of the training notes.
    latent_dim : int
        Size of a code.
    """

    seconds_per_step = math.nan

    def __init__(self, notes, train, latent_dim):
        self.scale, self.shape = LogMel(), (notes.mel_config.n_mels, notes.mel_config.n_frames)
        self.model = self._fit(self._rows(torch.from_numpy(notes.mels[train])), notes, train, latent_dim)
        self.parameters = self.model.basis.size + self._table(notes, train)

    def _fit(self, rows, notes, train, latent_dim):
        return Pca(rows, latent_dim)

    def _table(self, notes, train):
        return self.model.mean.size

    def _rows(self, mel):
        return self.scale(mel).flatten(1).numpy()

    def encode(self, mel, pitch=None):
        """Return the points ``(B, L)`` of mels with their pitches."""
        return torch.from_numpy(self.model.encode(self._rows(mel), pitch))

    def decode(self, z, pitch):
        """Return the mels ``(B, M, T)`` of points at pitches."""
        return self.scale.inverse(torch.from_numpy(self.model.decode(z.numpy(), pitch)).view(-1, *self.shape))

    def sample_prior(self, n, generator=None):
        """Return samples ``(n, L)`` of a normal distribution as wide as the training codes."""
        return torch.randn(n, len(self.model.spread), generator=generator) * torch.from_numpy(self.model.spread)


class PitchLinear(Linear):
    """The same of what is left after regression on pitch: told the pitch, as a decoder is."""

    def _fit(self, rows, notes, train, latent_dim):
        return PitchPca(rows, notes.pitch[train].numpy(), latent_dim, _recordings(notes, train))

    def _table(self, notes, train):
        return self.model.mean.size * (1 + len(torch.unique(notes.pitch[train].nan_to_num(-1.0))))  # a mean per pitch


LINEAR = {"PCA": Linear, "PitchPCA": PitchLinear}


def _recordings(notes, train):
    """Return which recording each training note is of; a note without one is its own."""
    names = notes.column("Recording")
    return [names[index] or f"note {index}" for index in train]


class Pythae:
    """A trained model of pythae, behind the methods of a peer; ``seconds_before`` its first step were ours."""

    def __init__(self, model, networks, seconds_before, seconds_per_step):
        self.model, self.networks = model, networks
        self.seconds_before, self.seconds_per_step = seconds_before, seconds_per_step
        self.parameters = sum(p.numel() for p in model.parameters())

    @torch.inference_mode()
    def encode(self, mel, pitch=None):
        """Return the points of mels: posterior means."""
        return self.networks.posterior(self.networks.scale(mel))[0]

    @torch.inference_mode()
    def decode(self, z, pitch):
        """Return the mels of points at pitches."""
        return self.networks.decode(z, pitch)

    def sample_prior(self, n, generator=None):
        """Return samples ``(n, L)`` of a standard normal."""
        return torch.randn(n, self.model.latent_dim, generator=generator)


def weights(name, latent_dim, values):
    r"""Return what a model of pythae is configured with beside sizes.

    pythae's VAEs sum half the squared errors of all values, a normal likelihood of unit variance, so that KL has its
    natural price; its WAE sums squared errors. In both the MMD gets the price that it has in our own WAE, against the
    *mean* of errors.

    Parameters
    ----------
    name : str
        A key of ``PYTHAE``.
    latent_dim, values : int
        Latent size, and numbers in one mel.

    Returns
    -------
    dict
        Fields of the model's config.
    """
    price = MMDInverseMultiquadratic.weight * latent_dim / REFERENCE
    return {
        "PythaeVAE": {}, "PythaeBetaVAE": {"beta": BETA},
        "PythaeWAE": {"reconstruction_loss_scale": 1.0 / values, "reg_weight": price},
        "PythaeInfoVAE": {"alpha": ALPHA, "lbd": 1.0 - ALPHA + 0.5 * values * price},
    }[name]


def train_pythae(name, config, seed, notes, parts):
    """Train a model of pythae with our networks, by pythae's own trainer.

    Parameters
    ----------
    name : str
        A key of ``PYTHAE``.
    config : Config
        Networks and schedule.
    seed : int
        Of initial weights, order and noise.
    notes : NoteSet
        The notes.
    parts : Parts
        ``train`` is what it is trained on.

    Returns
    -------
    Pythae
        The trained peer.

    Raises
    ------
    ModuleNotFoundError
        If pythae is not installed.

    References
    ----------
    Chadebec, Vincent and Allassonniere, "Pythae: unifying generative autoencoders in Python", NeurIPS 2022.
    """
    models, trainers = optional("pythae.models", "peers"), optional("pythae.trainers", "peers")
    data = optional("pythae.data.datasets", "peers")
    logging.getLogger("pythae.trainers.base_trainer.base_trainer").setLevel(logging.WARNING)
    torch.manual_seed(seed)
    begin = time.process_time()
    model = _model(models, name, config)
    schedule, log_mel = config.schedule, LogMel()(torch.from_numpy(notes.mels[parts.train]))
    model.decoder.networks.decoder.fit(log_mel, notes.pitch[parts.train])
    before = time.process_time() - begin
    steps = -(-len(parts.train) // schedule.batch_size)  # in an epoch
    epochs = -(-schedule.steps // steps)
    with tempfile.TemporaryDirectory() as folder:
        trainer = _quiet(trainers.BaseTrainer)(
            model, data.BaseDataset(log_mel, notes.pitch[parts.train]),
            training_config=trainers.BaseTrainerConfig(
                output_dir=folder, per_device_train_batch_size=schedule.batch_size, num_epochs=epochs, seed=seed,
                learning_rate=schedule.learning_rate, optimizer_params={"betas": (0.9, 0.99)}, no_cuda=True,
                scheduler_cls="CosineAnnealingLR", scheduler_params={"T_max": epochs}))
        begin = time.process_time()
        trainer.train()
        seconds = time.process_time() - begin
    best = trainer._best_model.eval()  # the one that pythae would save
    return Pythae(best, best.encoder.networks, before, seconds / (epochs * steps))


def _model(models, name, config):
    """Return an untrained model of pythae around our networks."""
    kind, latent_dim = getattr(models, PYTHAE[name]), config.latent_dim
    shape = (config.mel.n_mels, config.mel.n_frames)
    networks = AutoEncoder(config, random_encoder=PYTHAE[name] != "WAE_MMD")
    fields = weights(name, latent_dim, shape[0] * shape[1])
    encoder, decoder = _wrapped(networks)

    class Told(kind):
        """The model, whose decoder is told the pitch: pythae gives a decoder nothing but the point."""

        def forward(self, inputs, **options):
            self.decoder.pitch = inputs["labels"]
            return super().forward(inputs, **options)

    config_class = getattr(models, f"{PYTHAE[name]}{'_' if '_' in PYTHAE[name] else ''}Config")
    return Told(config_class(input_dim=shape, latent_dim=latent_dim, **fields), encoder, decoder)


def _wrapped(networks):
    """Return our networks as an encoder and a decoder of pythae."""
    bases = optional("pythae.models.nn", "peers")
    output = optional("pythae.models.base.base_utils", "peers").ModelOutput

    class Encoder(bases.BaseEncoder):
        """Log mel -> parameters of the posterior."""

        def __init__(self):
            super().__init__()
            self.networks = networks

        def forward(self, x):
            mean, log_variance, _ = self.networks.posterior(x)
            return output(embedding=mean, **({} if log_variance is None else {"log_covariance": log_variance}))

    class Decoder(bases.BaseDecoder):
        """Point and the pitch that is set -> log mel."""

        def __init__(self):
            super().__init__()
            self.networks, self.pitch = networks, None

        def forward(self, z):
            return output(reconstruction=self.networks.decoder(z, self.pitch))

    return Encoder(), Decoder()


def _quiet(trainer):
    """Return pythae's trainer without its bar and its files: it is only faster so."""
    callbacks = optional("pythae.trainers.training_callbacks", "peers")

    class Quiet(trainer):
        """The trainer's own loop."""

        def _setup_callbacks(self):
            self.callback_handler = callbacks.CallbackHandler([callbacks.TrainingCallback()], self.model)

        def save_model(self, model, dir_path):
            """Keep the model in memory only."""

    return Quiet
