"""Models that learn from notes of which only some have labels: instrument, pitch and dynamics.

No label is an argument of ``model.pt``: it codes and decodes as every other model. While training, a note whose pitch
is not known is decoded at the pitch that a head hears in it, and the model's own pitch head learns from both.

Conventions
-----------
* Labels are ``(N,)`` int64 by name, -1 where not known; pitch is a MIDI note number, 128 where there is none. Only
  training notes ever have one.
* A view hides labels by a seed: ``dataset.label_seed`` if the dataset has it, else 0.

Contents
--------
known_labels               dataset, share -> labels
spread_labels              the same, and labels of close transposed notes for the others
known_1, known_10, known_100, spread_1, spread_10   for ``Config.labels``: per cent of the notes with labels
LabelledPrior              heads, and a prior with a part per instrument
Unlabelled                 no labels at all, not even the pitch
RUNS                       name -> Config
"""

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from latentsampler.chapters.autoencoder.config import Config
from latentsampler.data.splits import split
from latentsampler.data.store import SemiSupervised
from latentsampler.learning import divergences
from latentsampler.learning.conditioning import N_PITCHES
from latentsampler.learning.regulariser import Regulariser
from latentsampler.learning.regularisers import KullbackLeibler
from latentsampler.sound.audio import LogMel, mel_filter_bank

COLUMNS = {"instrument": "Instrument (abbr.)", "dynamics": "Dynamics"}
CLASSES = {"instrument": 64, "pitch": N_PITCHES + 1, "dynamics": 16}  # upper bounds: no class is named beforehand
SEMITONES = range(-12, 13)  # transpositions in which neighbours are looked for
FRAMES = 8  # into which a mel is averaged for heads and neighbours


def known_labels(dataset, share):
    """Return the labels of a seeded share of the training notes.

    Parameters
    ----------
    dataset : NoteDataset or NoteSet
        Notes of one store.
    share : float
        In (0, 1].

    Returns
    -------
    dict
        instrument, pitch, dynamics: ``(N,)`` int64, -1 where not known.
    """
    found = true_labels(dataset)
    hidden = SemiSupervised(dataset, COLUMNS.values(), 1.0 - share, getattr(dataset, "label_seed", 0)).hidden
    hidden[np.setdiff1d(np.arange(len(dataset)), training_notes(dataset))] = True
    return {name: torch.where(torch.from_numpy(hidden), -1, values) for name, values in found.items()}


def true_labels(dataset):
    """Return the labels of all notes, as :func:`known_labels`."""
    found = {name: torch.from_numpy(np.unique(dataset.column(column), return_inverse=True)[1])
             for name, column in COLUMNS.items()}
    pitch = torch.nan_to_num(dataset.pitch, nan=float(N_PITCHES)).round().long()
    return {"instrument": found["instrument"], "pitch": pitch, "dynamics": found["dynamics"]}


def training_notes(dataset):
    """Return the indices of the training notes of a store."""
    return split(getattr(dataset, "datasets", (dataset,))[0]).train


def spread_labels(dataset, share):
    """Return known labels, and for the other training notes those of the closest labelled note, transposed to fit.

    A labelled note is moved by -12 to 12 semitones; an unlabelled one takes the instrument of the nearest such copy,
    and its pitch plus the move. Distance: Euclidean, of log mels averaged into 8 spans, each note without its mean
    level. Dynamics are not spread: copies of one recording differ in them.

    Parameters
    ----------
    dataset : NoteDataset or NoteSet
        Notes of one store.
    share : float
        In (0, 1].

    Returns
    -------
    dict
        As :func:`known_labels`.

    References
    ----------
    Zhu and Ghahramani, "Learning from labeled and unlabeled data with label propagation", CMU-CALD-02-107, 2002: here
    one step of it, to the nearest neighbour up to transposition.
    """
    labels = known_labels(dataset, share)
    train = training_notes(dataset)
    known = labels["pitch"][train].numpy() >= 0
    given, asked = train[known], train[~known]
    if len(asked) == 0:
        return labels
    near, move = _nearest_transposed(dataset, given, asked)
    pitch = labels["pitch"][given[near]]
    labels["instrument"][asked] = labels["instrument"][given[near]]
    labels["pitch"][asked] = torch.where(pitch < N_PITCHES, (pitch + move).clamp(0, N_PITCHES - 1), pitch)
    return labels


def _nearest_transposed(dataset, given, asked):
    """Return for each asked note which of the given is nearest ``(n,)``, and in which transposition ``(n,)``."""
    spans = _spans(LogMel()(torch.from_numpy(np.array(dataset.mels))))  # (N, M, 8)
    wanted = _without_level(spans[asked])
    best = torch.full((len(asked),), torch.inf)
    near, move = torch.zeros(2, len(asked), dtype=torch.long)
    for semitones in SEMITONES:
        copies = _without_level(transposition(dataset.mel_config, semitones) @ spans[given])
        distance, index = torch.cdist(wanted, copies).min(dim=1)  # (n,)
        closer = distance < best
        best[closer], near[closer], move[closer] = distance[closer], index[closer], semitones
    return near.numpy(), move


def _spans(log_mel):
    return log_mel.unflatten(2, (FRAMES, -1)).mean(dim=3)  # (B, M, 8)


def _without_level(spans):
    flat = spans.flatten(1)
    return flat - flat.mean(dim=1, keepdim=True)


def transposition(config, semitones):
    """Return the matrix ``(n_mels, n_mels)`` that moves a log mel up by semitones, by linear interpolation."""
    bank = mel_filter_bank(config).numpy()  # (n_mels, n_bins)
    frequency = np.arange(bank.shape[1]) * config.sample_rate / config.n_fft
    centre = bank @ frequency / bank.sum(axis=1).clip(1e-12)  # (n_mels,) Hz
    source = np.interp(centre / 2 ** (semitones / 12), centre, np.arange(len(centre)))
    low = np.floor(source).astype(int).clip(0, len(centre) - 2)
    matrix = np.zeros((len(centre), len(centre)), dtype=np.float32)
    rows = np.arange(len(centre))
    matrix[rows, low], matrix[rows, low + 1] = 1.0 - (source - low), source - low
    return torch.from_numpy(matrix)


known_1, known_10, known_100 = (partial(known_labels, share=share) for share in (0.01, 0.1, 1.0))
spread_1, spread_10 = (partial(spread_labels, share=share) for share in (0.01, 0.1))


class LabelledPrior(Regulariser):
    r"""A prior with a part per instrument, and heads that hear instrument, pitch and dynamics in a mel.

    With a known instrument y: :math:`\mathrm{KL}(q(z|x) \| p(z|y))`. With none, marginalised:
    :math:`\sum_y q(y|x) \mathrm{KL}(q(z|x) \| p(z|y)) + \mathrm{KL}(q(y|x) \| p(y))`; total nats. The parts are normal,
    learned, and held to the standard normal by their own KL. Heads are linear on the log mel in 8 spans, with decay.

    Parameters
    ----------
    latent_dim, n_mels, n_frames : int
        Sizes; the number of frames is a multiple of 8.
    hold : float
        Factor of the parts' KL from the standard normal.
    decay : float
        Factor of the heads' squared weights.

    References
    ----------
    Kingma, Rezende, Mohamed and Welling, "Semi-supervised learning with deep generative models", NeurIPS 2014, eq. 6-9
    (arXiv 1406.5298); with a prior per class: Dilokthanakul et al., 2016 (arXiv 1611.02648).
    """

    random_encoder = True
    weight = KullbackLeibler.weight

    def __init__(self, latent_dim, n_mels, n_frames, hold=1.0, decay=1e-3):
        super().__init__(latent_dim, n_mels, n_frames)
        self.hold, self.decay = hold, decay
        self.heads = nn.ModuleDict({name: nn.Linear(n_mels * FRAMES, size) for name, size in CLASSES.items()})
        for head in self.heads.values():
            nn.init.zeros_(head.weight)
        self.means = nn.Parameter(0.1 * torch.randn(CLASSES["instrument"], latent_dim))
        self.log_variances = nn.Parameter(torch.zeros(CLASSES["instrument"], latent_dim))
        self.register_buffer("shares", torch.full((CLASSES["instrument"],), 1.0 / CLASSES["instrument"]))  # p(y)

    def hear(self, log_mel):
        """Return the scores ``(B, classes)`` of each label by name."""
        spans = _spans(log_mel).flatten(1) * 16.0 / (self.n_mels * FRAMES) ** 0.5
        return {name: head(spans) for name, head in self.heads.items()}

    def conditioning_pitch(self, pitch, log_mel, labels):
        """Return the pitch to decode at: the known one, else the one that the head hears, never ``pitch`` itself."""
        with torch.no_grad():
            heard = self.hear(log_mel)["pitch"].argmax(dim=1)
        note = heard if "pitch" not in labels else torch.where(labels["pitch"] < 0, heard, labels["pitch"])
        return torch.where(note == N_PITCHES, torch.nan, note.to(pitch.dtype))

    def forward(self, batch):
        """Return "divergence" (nats) and "labels" (cross-entropy of the known ones, nats, and decay)."""
        scores = self.hear(batch.log_mel)
        known = {name: functional.cross_entropy(scores[name], values, ignore_index=-1, reduction="sum")
                 / (values >= 0).sum().clamp(min=1) for name, values in batch.labels.items()}
        decay = self.decay * sum(head.weight.pow(2).sum() for head in self.heads.values())
        return {"divergence": self._divergence(batch, scores["instrument"]), "labels": sum(known.values()) + decay}

    def _divergence(self, batch, scores):
        log_q = scores.log_softmax(dim=1)  # (B, Y)
        instrument = batch.labels.get("instrument", torch.full_like(batch.pitch, -1, dtype=torch.long))
        exact = functional.one_hot(instrument.clamp(min=0), scores.shape[1]).to(log_q.dtype)
        weights = torch.where((instrument < 0)[:, None], log_q.exp(), exact)  # (B, Y)
        if self.training:
            self.shares.lerp_(weights.detach().mean(dim=0), 0.01)
        nats = divergences.kl_between(batch.mean[:, None], batch.log_variance[:, None], self.means[None],
                                      self.log_variances[None]).sum(dim=2)  # (B, Y)
        guess = (log_q.exp() * (log_q - self.shares.clamp(min=1e-6).log())).sum(dim=1) * (instrument < 0)  # (B,)
        held = (self.shares[:, None] * divergences.kl_between(
            self.means, self.log_variances, torch.zeros_like(self.means), torch.zeros_like(self.means))).sum()
        return ((weights * nats).sum(dim=1) + guess).mean() + self.hold * held

    def sample_prior(self, n, generator=None):
        """Return samples ``(n, L)`` of the mixture of parts, each as often as its instrument."""
        noise = super().sample_prior(n, generator)
        part = torch.multinomial(self.shares.cpu(), n, replacement=True, generator=generator)
        with torch.no_grad():
            return self.means.cpu()[part] + noise * (0.5 * self.log_variances.cpu()[part]).exp()


class Unlabelled(KullbackLeibler):
    """A variational autoencoder that is told nothing, not even the pitch: labels are worth what they add to it."""

    def conditioning_pitch(self, pitch, log_mel, labels):
        """Return "unpitched" for every note."""
        return torch.full_like(pitch, torch.nan)


_BASE = Config(regulariser="labels.LabelledPrior", weights={"reconstruction": 1.0, "pitch": 0.1, "labels": 0.1})
RUNS = {
    "labels-known-10": replace(_BASE, labels="labels.known_10"),
    "labels-spread-10": replace(_BASE, labels="labels.spread_10"),
}
