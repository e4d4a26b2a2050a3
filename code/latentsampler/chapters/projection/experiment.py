"""What is trained here, by name, and how it is measured.

Contents
--------
Config       everything that defines a run, but data, model, vocoder and seed
RUNS         name -> Config
build, run   Config -> steering network; Config + notes + model + vocoder -> projection.pt, metrics, history
Projection   what is exported: steering, handles and quantiles
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import nn

from latentsampler.attributes.targets import KNOBS, measure_notes
from latentsampler.chapters.projection import methods
from latentsampler.chapters.projection.handles import Handles
from latentsampler.chapters.projection.measuring import around_notes, measured, probed
from latentsampler.chapters.projection.quantiles import Quantiles
from latentsampler.chapters.projection.rendering import Renderer
from latentsampler.chapters.projection.steering import Steering, close_loop
from latentsampler.contract.export import created_from, load_scripted, save_scripted
from latentsampler.data.opening import open_notes
from latentsampler.data.splits import split


@dataclass(frozen=True)
class Config:
    """Everything that defines a run.

    Parameters
    ----------
    method : str
        ``"Steering"``, or a class of ``methods``.
    handles : bool
        Whether the physical handles may be used, or the point alone.
    pitch_low, pitch_high : float
        MIDI note numbers. Above C5 natural sounds are hardly ever deep, whatever else they are.
    first, more, turned, rounds : int
        Notes played at random, then in each of so many rounds: where the knobs lead, and where they turn notes of the
        dataset.
    steps : int
        Optimiser steps of each round; four times as many after the last.
    fit_steps : int
        Steps of the surrogate's fit in each round.
    turn_cost : float
        Of what a turned knob adds to the errors: an error that stays while a knob turns is no cross-talk.
    point_cost, handle_cost, stay_cost : float
        Of leaving the middle of the space, the neutral handle, and the points of the round before, per squared unit;
        the error costs 1 per squared deviation.
    sweeps, drift_sweeps, note_sweeps : int
        Sweeps measured; those of them whose pitch is measured; and sweeps around notes that were not trained on, of
        held-out recordings and, where such a store is given, of held-out instruments.
    probes : bool
        Whether the model's space itself is measured, too: prediction and disentanglement of attributes.
    """

    method: str = "Steering"
    handles: bool = True
    pitch_low: float = 40.0
    pitch_high: float = 72.0
    first: int = 1000
    more: int = 400
    turned: int = 200
    rounds: int = 4
    steps: int = 500
    fit_steps: int = 40
    turn_cost: float = 1.0
    point_cost: float = 0.005
    handle_cost: float = 0.005
    stay_cost: float = 0.05
    sweeps: int = 500
    drift_sweeps: int = 60
    note_sweeps: int = 60
    probes: bool = True


HANDLED = Config()
# for comparison: fewer notes to fit and to measure, for each way the same
FEWER = replace(HANDLED, handles=False, first=500, more=250, turned=0, rounds=2, sweeps=80, drift_sweeps=8,
                note_sweeps=0, probes=False)
RUNS = {
    "knobs": HANDLED,
    # what the latent space can do alone
    "latent": FEWER,
    "linear": replace(FEWER, method="LinearInverse", rounds=0),
    "flow": replace(FEWER, method="Flow", rounds=0, steps=1500),
    # for models of the autoencoder's runs attribute-regularised and conditional
    "regularised-axes": replace(FEWER, method="OwnAxes", rounds=0, first=0, probes=True),
    "conditional": replace(FEWER, method="OwnAxes", rounds=0, first=0, probes=True),
}


open_data, OUT = open_notes, "projection.pt"
INPUTS = {"model": load_scripted, "vocoder": load_scripted, "held_out": open_notes}
MEASURE_OPTIONS = {"sweeps": (int, 80, "sweeps that are measured"), "seed": (int, 0, "of the sweeps")}
WITHOUT = {"budget": "it does not train by optimiser steps alone; most of its time goes to measuring",
           "search": "its history has no validation by which a trial could be judged"}


def build(config, latent_dim=4):
    """Return the untrained steering network of a config."""
    return Steering(latent_dim, config.pitch_low, config.pitch_high, config.handles)


def run(config, seed, out, data, model=None, vocoder=None, held_out=None, device="cpu", progress=True):
    """Fit a projection on a dataset's training notes, write ``projection.pt`` and measure it on the waveform.

    Parameters
    ----------
    config : Config
        What to fit.
    seed : int
        Of everything random.
    out : str or pathlib.Path
        The ``projection.pt`` to write.
    data : NoteDataset
        The notes; quantiles are those of its training notes.
    model, vocoder : tuple
        ``model.pt`` and ``vocoder.pt`` as ``INPUTS`` load them: module and metadata.
    held_out : NoteDataset, optional
        Instruments that neither model nor vocoder was trained on, to try the knobs on.
    device : str
        ``"cpu"``: most of the time goes to measuring, which has no other form.
    progress : bool
        Show a bar.

    Returns
    -------
    metrics : dict
        As `sweeps.summarise` and `sweeps.drift`, and counts.
    history : list of dict
        One row per round.

    Raises
    ------
    ValueError
        If model or vocoder is missing, or the device is not the CPU.
    """
    if model is None or vocoder is None or device != "cpu":
        raise ValueError("expected --model model.pt, --vocoder vocoder.pt and --device cpu, got "
                         + ", ".join(f"{name} {'given' if value else 'missing'}"
                                     for name, value in (("model", model), ("vocoder", vocoder))) + f" and {device}")
    chain = Renderer(model, vocoder)
    parts = split(data)
    known = parts.train
    points = torch.tensor(measure_notes(data, progress), dtype=torch.float32)
    quantiles = Quantiles(points[known].numpy(), data.pitch[known].numpy())
    steering, history = _fit(config, seed, chain, quantiles, data, known, points[known])
    save(steering, quantiles, chain, out, config, data.checksum, seed)
    metrics = measured(steering, quantiles, chain, config, seed)
    if config.note_sweeps:
        metrics |= around_notes("recordings", steering, quantiles, chain, config, data, parts.test, seed)
    if config.note_sweeps and held_out is not None:
        every = np.arange(len(held_out))
        metrics |= around_notes("instruments", steering, quantiles, chain, config, held_out, every, seed)
    if config.probes:
        metrics |= probed(chain, data, points, seed)
    return metrics, history


def measure(model_file, data, model=None, vocoder=None, sweeps=80, seed=0):
    """Judge a ``projection.pt`` on the sound of sweeps: anywhere, and around the notes that :func:`run` holds out.

    Parameters
    ----------
    model_file : str or pathlib.Path
        The file.
    data : NoteDataset
        Notes of any source.
    model, vocoder : tuple
        ``model.pt`` and ``vocoder.pt`` as ``INPUTS`` load them.
    sweeps : int
        How many sweeps.
    seed : int
        Of the sweeps.

    Returns
    -------
    dict
        As `sweeps.summarise` and `sweeps.drift`; around notes, with the prefix ``recordings_``.

    Raises
    ------
    ValueError
        If model or vocoder is missing.
    """
    if model is None or vocoder is None:
        raise ValueError("expected the projection's own model and vocoder: --input model=model.pt --vocoder vocoder.pt")
    chain = Renderer(model, vocoder)
    module, about = load_scripted(model_file, ("pitch_low", "pitch_high"))
    config = replace(FEWER, sweeps=sweeps, note_sweeps=sweeps // 2, pitch_low=about["pitch_low"],
                     pitch_high=about["pitch_high"])
    parts = split(data)
    points = measure_notes(data)[parts.train]
    quantiles = Quantiles(points.astype(np.float32), data.pitch[parts.train].numpy())
    found = measured(module, quantiles, chain, config, seed)
    return found | around_notes("recordings", module, quantiles, chain, config, data, parts.test, seed)


def _fit(config, seed, chain, quantiles, dataset, known, points):
    torch.manual_seed(seed)
    if config.method == "Steering":
        steering = build(config, chain.about["latent_dim"])
        return steering, close_loop(steering, chain, quantiles, config, seed,
                                    _anchors(config, chain, dataset, known) if config.turned else None)
    codes = chain.encode(dataset, known)
    if config.method == "OwnAxes":
        pitch = dataset.pitch[known]
        kept = torch.isfinite(points).all(1) & torch.isfinite(pitch)
        return methods.OwnAxes(quantiles, codes[kept], pitch[kept], points[kept]), []
    notes = methods.random_notes(chain, codes, config, seed)
    if config.method == "Flow":
        return methods.Flow(quantiles, *notes, config.steps, seed), []
    return getattr(methods, config.method)(quantiles, *notes), []


def _anchors(config, chain, dataset, known):
    """Return codes and whole pitches of the training notes within a run's range; None where there are none."""
    pitch = dataset.pitch[known]
    inside = known[((pitch >= config.pitch_low) & (pitch <= config.pitch_high)).numpy()]
    return (chain.encode(dataset, inside), dataset.pitch[inside].round()) if len(inside) else None


class Projection(nn.Module):
    """What ``projection.pt`` holds.

    Parameters
    ----------
    steering, handles, quantiles : torch.nn.Module
        Knobs and pitch -> z and handles; `Handles`; `Quantiles`.
    """

    def __init__(self, steering, handles, quantiles):
        super().__init__()
        self.steering, self.handles, self.quantiles = steering, handles, quantiles

    def forward(self, knobs, pitch):
        """Return z ``(B, L)`` and handles ``(B, 4)`` of knobs ``(B, 4)`` and pitches ``(B,)``."""
        return self.steering(knobs, pitch)

    @torch.jit.export
    def around(self, points, knobs, pitch):
        """Return z ``(B, L)`` and handles ``(B, 4)`` that turn notes at points ``(B, L)``."""
        return self.steering.around(points, knobs, pitch)

    @torch.jit.export
    def shape(self, mel, pitch, handles):
        """Return the mels ``(B, M, T)`` that the vocoder gets."""
        return self.handles.shape(mel, pitch, handles)

    @torch.jit.export
    def amounts(self, mel, pitch, handles):
        """Return what `finish` needs to know of a note: ``(B, 4)``."""
        return self.handles.amounts(mel, pitch, handles)

    @torch.jit.export
    def finish(self, waveform, amounts, first: int):
        """Return a piece of the waveform as it is heard."""
        return self.handles.finish(waveform, amounts, first)

    @torch.jit.export
    def place(self, points, pitch):
        """Return the knobs ``(B, 4)`` of sounds, from their attributes ``(B, 4)`` and pitches ``(B,)``."""
        return self.quantiles.place(points, pitch)


def save(steering, quantiles, chain, out, config, checksum, seed):
    """Write ``projection.pt``, where the method can be exported: handles and a steering network.

    Parameters
    ----------
    steering, quantiles : torch.nn.Module
        What was fitted.
    chain : Renderer
        For which.
    out : str or pathlib.Path
        The file.
    config : Config
        What was fitted.
    checksum : str
        Of the notes.
    seed : int
        Of the run.
    """
    if not isinstance(steering, Steering):
        return
    projection = Projection(steering, Handles(chain.mel), quantiles)
    save_scripted(projection, out, {
        "mel": asdict(chain.mel), "knobs": list(KNOBS), "pitch_low": config.pitch_low, "pitch_high": config.pitch_high,
        "deviations": quantiles.deviations.tolist(),
        "created_from": created_from(config, seed, checksum, projection, **chain.origins),
    }, keep=("around", "shape", "amounts", "finish", "place"))
