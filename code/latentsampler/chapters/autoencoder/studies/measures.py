"""What a trained model is worth, on held-out notes: all figures of the benchmark.

Conventions
-----------
* A model has ``encode(mel (B, M, T), pitch (B,)) -> z (B, L)``, ``decode(z, pitch) -> mel``, ``sample_prior(n,
  generator) -> (n, L)`` and ``parameters`` (a number); mels are amplitudes. Only a linear peer encodes by the pitch.
* The first store is the one that counts: its held-out recordings (*test*) and held-out notes of known recordings
  (*known*). The last one has true factors.

Contents
--------
Trained   such a model from a trained ``Objective``
measure   model, notes -> name -> number
"""

import numpy as np
import torch

from latentsampler.evaluation import disentanglement, probes, two_sample
from latentsampler.evaluation.statistics import bootstrap_interval
from latentsampler.sound import metrics

LABELS = {"instrument": "Instrument (abbr.)", "pitch": "Pitch ID", "dynamics": "Dynamics ID"}
PAIRS = 48  # of notes, between which is interpolated


class Trained:
    """The networks of a trained ``Objective``, and the prior of its regulariser."""

    def __init__(self, objective):
        self.module, self.decode = objective.module, objective.module.decode
        self.sample_prior = objective.regulariser.sample_prior
        self.parameters = sum(p.numel() for p in objective.module.parameters())

    def encode(self, mel, pitch=None):
        """Return the points of mels; the networks find the pitch themselves."""
        return self.module.encode(mel)


@torch.inference_mode()
def measure(model, notes, parts, seed=0):
    """Measure a model.

    Parameters
    ----------
    model : object
        See the conventions of this module.
    notes : NoteSet
        The notes.
    parts : Parts
        Of them.
    seed : int
        Of every random draw.

    Returns
    -------
    dict
        Name -> number.
    """
    codes = torch.cat([model.encode(torch.from_numpy(notes.mels[part]), notes.pitch[part]) for part in
                       np.array_split(np.arange(len(notes)), max(1, len(notes) // 128))])  # (N, L)
    first = parts._replace(**{name: part[notes.source[part] == 0] for name, part in parts._asdict().items()})
    train = codes[first.train]
    effects = probes.dimension_effects(model.decode, train[::len(train) // 64 or 1], notes.pitch[first.train][
        ::len(train) // 64 or 1])
    return {
        **_distances(model, notes, codes, first, parts), **_codes(model, codes, parts, seed),
        "active_units": probes.active_units(train.numpy()), "dead_dimensions": probes.dead_dimensions(effects),
        **_knowledge(codes.numpy(), notes, first), **_factors(codes.numpy(), notes, parts),
        **_between(model, notes, codes, first, seed), **_beyond(model, notes, first, seed),
        "parameters": int(model.parameters),
    }


def _codes(model, codes, parts, seed):
    """Codes against the prior: of held-out recordings, of notes trained on, and of others of the same recordings."""
    found = {}
    for prefix, part in (("", np.concatenate([parts.valid, parts.test])), ("train_", parts.train),
                         ("known_", parts.known)):
        tests = two_sample.two_sample_tests(codes[part].numpy(), model.sample_prior, seed=seed)
        found |= {f"{prefix}{name}": value for name, value in tests.items()}
    return found


def _distances(model, notes, codes, first, parts):
    """Distances of reconstructions, and the ends of the interval over held-out recordings."""
    found = {}
    other = parts.test[notes.source[parts.test] == notes.source.max()]
    for name, part in (("", first.test), ("known_", first.known), ("factors_", other)):
        mel = torch.from_numpy(notes.mels[part])  # (n, M, T)
        estimate = model.decode(codes[part], notes.pitch[part])
        distance = metrics.log_spectral_distance(estimate, mel).numpy()  # (n,) dB
        found[f"{name}lsd_db"] = float(distance.mean())
        if not name:
            interval = bootstrap_interval(distance, groups=notes.column("Recording")[part])
            found |= {"lsd_low_db": interval.low, "lsd_high_db": interval.high}
            error = (estimate - mel).flatten(1).norm(dim=1) / mel.flatten(1).norm(dim=1).clamp(min=1e-9)
            found["convergence_db"] = float((20.0 * torch.log10(error)).mean())  # of mels, linear amplitude
    return found


def _knowledge(codes, notes, first):
    labels = {name: notes.column(column) for name, column in LABELS.items()}
    found = {}
    for prefix, part in (("", first.test), ("known_", first.known)):
        accuracies = probes.probe_accuracies(codes, labels, first.train, part)
        found |= {f"{prefix}{name}": value for name, value in accuracies.items()}
    return found


def _factors(codes, notes, parts):
    """Disentanglement on held-out notes of the last store, the pitch as one more factor."""
    held = np.sort(np.concatenate([parts.known, parts.valid, parts.test]))
    held = held[notes.source[held] == notes.source.max()]
    factors = disentanglement.factor_matrix([notes.row(index) for index in held])
    pitch = notes.pitch[held].numpy()[:, None]
    return disentanglement.disentanglement(codes[held], np.concatenate([factors, pitch], axis=1))


def _between(model, notes, codes, first, seed):
    order = np.random.default_rng(seed).permutation(first.test)
    pairs = order[:len(order) // 2 * 2].reshape(2, -1)[:, :PAIRS]  # (2, n)
    return probes.interpolation(model.decode, codes[pairs[0]], codes[pairs[1]], notes.pitch[pairs[0]])


def _beyond(model, notes, first, seed):
    generated = probes.prior_mels(model.decode, model.sample_prior, notes.pitch[first.train], seed=seed)
    found = probes.prior_realism(generated, torch.from_numpy(notes.mels[first.train]))
    return {f"prior_{name}": value for name, value in found.items()}
