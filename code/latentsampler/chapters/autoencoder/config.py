"""What defines a run of this chapter, but data and seed.

Conventions
-----------
* A name in a ``Config`` is ``module.Name``: a class or function of this folder or of ``learning`` (see :func:`find`).
* A file of this folder that adds runs holds a dict ``RUNS`` of its own; ``experiment`` joins them.

Contents
--------
Config   everything that defines a run
find     ``"module.Name"`` -> class or function
"""

import importlib
import importlib.util
from dataclasses import dataclass, field

from latentsampler.learning.training import Schedule
from latentsampler.sound.audio import MelConfig


@dataclass(frozen=True)
class Config:
    """Everything that defines a run.

    Parameters
    ----------
    latent_dim, width, depth : int
        Sizes of the networks.
    residual : bool
        Layers add to what they get.
    conditioning : str
        How the decoder is told point and pitch: ``conditioning.Nothing``, ``Concatenation`` or ``Film``.
    harmonic : bool
        A last layer that knows where the harmonics of a pitch lie stands beside the plain one.
    linear : bool
        A regression on pitch and principal axes, from the training notes, stand beside the networks.
    dropout : float
        Share of channels left out while training, in [0, 1).
    encoder_noise : float
        Deviation of the normal noise added to codes while training.
    regulariser : str
        Class that holds the cloud of codes together.
    options : dict
        Its arguments beside the sizes.
    labels : str
        Function ``dataset -> {name: tensor (N, ...)}`` whose rows reach the regulariser; empty for none.
    reconstruction : dict
        Function of ``losses`` -> weight within the reconstruction term.
    weights : dict
        Loss term -> weight: reconstruction, pitch (cross-entropy), divergence (if none is given, its class's
        ``weight``), and any other term of the regulariser (if none is given, 1).
    mel : MelConfig
        The front-end, with which the notes must agree.
    schedule : Schedule
        How long to train.
    """

    latent_dim: int = 4
    width: int = 64
    depth: int = 4
    residual: bool = True
    conditioning: str = "conditioning.Film"
    harmonic: bool = True
    linear: bool = True
    dropout: float = 0.0
    encoder_noise: float = 0.0
    regulariser: str = "regularisers.MMDInverseMultiquadratic"
    options: dict = field(default_factory=dict)
    labels: str = ""
    reconstruction: dict = field(default_factory=lambda: {"l1": 0.5, "l2": 1.0})
    weights: dict = field(default_factory=lambda: {"reconstruction": 1.0, "pitch": 0.1})
    mel: MelConfig = MelConfig()
    schedule: Schedule = Schedule(steps=600, batch_size=32, learning_rate=4e-3, valid_every=150)


def find(name):
    """Return a class or function of this folder, or of ``learning``.

    Parameters
    ----------
    name : str
        ``"module.Name"``.

    Returns
    -------
    object
        What is called so.

    Raises
    ------
    ValueError
        If there is none.
    """
    module, _, attribute = name.rpartition(".")
    for package in (__package__, "latentsampler.learning"):
        if module and importlib.util.find_spec(f"{package}.{module}"):
            found = getattr(importlib.import_module(f"{package}.{module}"), attribute, None)
            if found is not None:
                return found
    raise ValueError(f"expected module.Name of {__package__} or latentsampler.learning, got {name!r}")
