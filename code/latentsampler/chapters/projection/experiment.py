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
from latentsampler.chapters.projection.rendering import Chain
from latentsampler.chapters.projection.steering import Steering, close_loop
from latentsampler.contract.export import save_scripted, source_hash
from latentsampler.data.splits import split
from latentsampler.data.store import NoteDataset


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
        unheard recordings and, where such a store is given, of unheard instruments.
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


def build(config, latent_dim=4):
    """Return the untrained steering network of a config."""
    return Steering(latent_dim, config.pitch_low, config.pitch_high, config.handles)


def run(config, seed, out, dataset, model=None, vocoder=None, unheard=None, device="cpu",
        progress=True):
    """Fit a projection on a dataset's training notes, write ``projection.pt`` and measure it on the waveform.

    Parameters
    ----------
    config : Config
        What to fit.
    seed : int
        Of everything random.
    out : str or pathlib.Path
        The ``projection.pt`` to write.
    dataset : NoteDataset
        The notes; quantiles are those of its training notes.
    model, vocoder : str or pathlib.Path
        ``model.pt`` and ``vocoder.pt``.
    unheard : str or pathlib.Path, optional
        Store of instruments that neither model nor vocoder was trained on, to try the knobs on.
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
        raise ValueError("expected --model model.pt, --vocoder vocoder.pt and --device cpu, "
                         f"got {model}, {vocoder} and {device}")
    chain = Chain(model, vocoder)
    parts = split(dataset)
    known = parts.train
    points = torch.tensor(measure_notes(dataset, progress), dtype=torch.float32)
    quantiles = Quantiles(points[known].numpy(), dataset.pitch[known].numpy())
    steering, history = _fit(config, seed, chain, quantiles, dataset, known, points[known])
    save(steering, quantiles, chain, out, config, dataset.checksum)
    metrics = measured(steering, quantiles, chain, config, seed)
    if config.note_sweeps:
        metrics |= around_notes("recordings", steering, quantiles, chain, config, dataset, parts.test, seed)
    if config.note_sweeps and unheard is not None:
        others = NoteDataset(unheard)
        metrics |= around_notes("instruments", steering, quantiles, chain, config, others, np.arange(len(others)), seed)
    if config.probes:
        metrics |= probed(chain, dataset, points, seed)
    return metrics, history


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


def save(steering, quantiles, chain, out, config, checksum):
    """Write ``projection.pt``, where the method can be exported: handles and a steering network.

    Parameters
    ----------
    steering, quantiles : torch.nn.Module
        What was fitted.
    chain : Chain
        For which.
    out : str or pathlib.Path
        The file.
    config : Config
        What was fitted.
    checksum : str
        Of the notes.
    """
    if not isinstance(steering, Steering):
        return
    save_scripted(Projection(steering, Handles(chain.mel), quantiles), out, {
        "mel": asdict(chain.mel), "knobs": list(KNOBS), "pitch_low": config.pitch_low, "pitch_high": config.pitch_high,
        "deviations": quantiles.deviations.tolist(),
        "created_from": {**chain.origins, "dataset": checksum, "source": source_hash()},
    }, keep=("around", "shape", "amounts", "finish", "place"))
