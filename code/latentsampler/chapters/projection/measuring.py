"""Figures of a projection, all from rendered notes, and of the space that it turns.

Contents
--------
measured       of sweeps over the whole range of the knobs
around_notes   of sweeps around notes that were not trained on
probed         of the model's space itself
"""

import numpy as np
import torch

from latentsampler.attributes.targets import KNOBS
from latentsampler.chapters.projection.prediction import predict
from latentsampler.chapters.projection.sweeps import draw_sweeps, drift, summarise
from latentsampler.evaluation.disentanglement import disentanglement


def measured(steering, quantiles, chain, config, seed):
    """Return the figures of a projection, all from rendered notes.

    Parameters
    ----------
    steering, quantiles : torch.nn.Module
        What was fitted.
    chain : Renderer
        Plays and measures.
    config : Config
        How many sweeps, at which pitches.
    seed : int
        Of the sweeps.

    Returns
    -------
    dict
        As `sweeps.summarise` and `sweeps.drift`; quantile_K: correlation of each knob with the conditional quantile
        of what is heard, over all notes; sweeps and notes: counts.
    """
    sweeps = draw_sweeps(config.sweeps, config.pitch_low, config.pitch_high, 1000 + seed)
    knobs, pitch = _flat(sweeps)
    with torch.no_grad():
        z, handles = steering(knobs, pitch)
    heard, figures = _heard(sweeps, z, pitch, handles, quantiles, chain)
    placed = quantiles.place(heard, pitch)
    few = 5 * config.drift_sweeps
    hz = chain.fundamentals(z[:few], pitch[:few], handles[:few])
    return {**figures, **drift(hz.reshape(-1, 5)), "sweeps": config.sweeps, "notes": len(z),
            **{f"quantile_{name}": float(np.corrcoef(knobs[:, k], placed[:, k])[0, 1])
               for k, name in enumerate(KNOBS)}}


def _flat(sweeps):
    """Knobs ``(5 n, 4)`` and pitches ``(5 n,)`` of all notes of some sweeps."""
    return (torch.tensor(sweeps.knobs.reshape(-1, 4), dtype=torch.float32),
            torch.tensor(np.repeat(sweeps.pitch, 5), dtype=torch.float32))


def _heard(sweeps, z, pitch, handles, quantiles, chain):
    """Attributes heard ``(5 n, 4)``, and the figures of the sweeps."""
    heard, asked = chain.measure(z, pitch, handles), quantiles(_flat(sweeps)[0], pitch).numpy()
    shape = sweeps.knobs.shape
    return torch.tensor(heard, dtype=torch.float32), summarise(
        heard.reshape(shape), asked.reshape(shape), sweeps.knob, quantiles.deviations.numpy())


def around_notes(name, steering, quantiles, chain, config, dataset, held_out, seed):
    """Return the figures of sweeps around notes that were not trained on.

    Knobs turn each note about its own code, as `Steering.around` does.

    Parameters
    ----------
    name : str
        What begins the figures' names.
    steering, quantiles : torch.nn.Module
        What was fitted.
    chain : Renderer
        Plays and measures.
    config : Config
        How many sweeps, at which pitches.
    dataset : NoteDataset
        The notes.
    held_out : numpy.ndarray
        ``(n,)``: which notes were not trained on.
    seed : int
        Of the sweeps.

    Returns
    -------
    dict
        NAME_spearman, NAME_monotone, NAME_crosstalk, NAME_crosstalk_mean, and spearman and monotone of each knob.
    """
    pitch = dataset.pitch[held_out]
    held_out = held_out[((pitch >= config.pitch_low) & (pitch <= config.pitch_high)).numpy()]
    chosen = np.random.default_rng(seed).choice(held_out, config.note_sweeps)
    sweeps = draw_sweeps(config.note_sweeps, config.pitch_low, config.pitch_high, 2000 + seed)
    sweeps = sweeps._replace(pitch=dataset.pitch[chosen].numpy())
    knobs, pitch = _flat(sweeps)
    with torch.no_grad():
        z, handles = steering.around(chain.encode(dataset, chosen).repeat_interleave(5, dim=0), knobs, pitch)
    _, figures = _heard(sweeps, z, pitch, handles, quantiles, chain)
    kept = ("spearman", "monotone", "crosstalk", "crosstalk_mean",
            *(f"{figure}_{knob}" for knob in KNOBS for figure in ("spearman", "monotone")))
    return {f"{name}_{figure}": figures[figure] for figure in kept}


def probed(chain, dataset, points, seed):
    """Return how a model's space itself relates to the attributes ``(N, 4)`` of a dataset's notes.

    Parameters
    ----------
    chain : Renderer
        Encodes.
    dataset : NoteDataset
        The notes.
    points : torch.Tensor
        ``(N, 4)``.
    seed : int
        Of networks and forests.

    Returns
    -------
    dict
        As `prediction.predict`, and `disentanglement.disentanglement` with names that begin with ``z_``.
    """
    codes = chain.encode(dataset, np.arange(len(dataset)))
    kept = torch.isfinite(points).all(1)
    scores = disentanglement(codes[kept].numpy(), points[kept].numpy(), seed=seed)
    return {**predict(codes, dataset.pitch, points, dataset, seed),
            **{f"z_{name}": float(value) for name, value in scores.items()}}
