"""What is trained here, by name.

Contents
--------
Config       everything that defines a run, but data and seed
RUNS         name -> Config
ABLATIONS    name -> {what is left out or changed -> Config}
BETTER       the metrics by which those are judged
"""

from dataclasses import dataclass, field, replace

from latentsampler.learning.training import Schedule
from latentsampler.sound.audio import MelConfig


@dataclass(frozen=True)
class Config:
    """Everything that defines a run.

    Parameters
    ----------
    network : str
        Name of a class in ``latentsampler.chapters.vocoder.networks``.
    sizes : dict
        Arguments of that class, but the front-end.
    terms : str
        Name of the function of ``latentsampler.chapters.vocoder.losses`` that gives the loss terms.
    weights : dict
        Loss term -> weight.
    decoded : float
        Share of training mels that are passed through an autoencoder first, because its blurred mels are what the
        vocoder will get; needs a ``model.pt``.
    piece : int
        Frames of each note that a step renders, somewhere in the note; 0 = all.
    mel : MelConfig
        The front-end, with which the notes must agree.
    schedule : Schedule
        How long to train.
    """

    network: str = "HarmonicVocoder"
    sizes: dict = field(default_factory=lambda: {"width": 64, "depth": 1, "iterations": 3})
    terms: str = "spectral_terms"
    weights: dict = field(default_factory=lambda: {"convergence": 1.0, "log_magnitude": 0.5, "mel_distance": 1.0})
    decoded: float = 0.0
    piece: int = 0
    mel: MelConfig = MelConfig()
    schedule: Schedule = Schedule(steps=1500, batch_size=12, learning_rate=1e-3, valid_every=250)


# Griffin-Lim is far behind in convergence and hardly behind in mel distance: there the weight is needed
HARMONIC = Config(decoded=1 / 3, piece=40, weights={"convergence": 2.0, "log_magnitude": 0.5, "mel_distance": 4.0},
                  schedule=Schedule(steps=1800, batch_size=12, valid_every=300))
# four heads of strides 4 instead of the paper's eight of strides 2: the longest layers cost the most
MCNN = Config(network="MCNN", sizes={"heads": 4, "widths": (96, 48, 24), "kernel": 8, "stride": 4},
              weights={"convergence": 1.0, "log_magnitude": 0.5}, piece=48)
RUNS = {
    "harmonic": HARMONIC,
    "mcnn": MCNN,
    # the paper's eight heads and its four terms; filter widths and the terms' weights could not be checked against it
    "mcnn-published": replace(
        MCNN, sizes={"heads": 8, "widths": (128, 64, 32, 16, 8, 4, 2), "kernel": 13, "stride": 2},
        terms="published_terms", piece=32,
        weights={"convergence": 1.0, "log_magnitude": 6.0, "instantaneous_frequency": 10.0, "weighted_phase": 1.0},
        schedule=Schedule(steps=600, batch_size=8, learning_rate=5e-4, valid_every=200)),
    # what fits into the demo's ten minutes on two cores, everything included
    "demo-harmonic": replace(HARMONIC, schedule=replace(HARMONIC.schedule, steps=120, valid_every=40)),
    "demo-mcnn": replace(MCNN, sizes={"heads": 2, "widths": (64, 32, 16), "kernel": 8, "stride": 4},
                         schedule=replace(HARMONIC.schedule, steps=150, valid_every=50)),
}
BETTER = {name: "lower" for name in ("sc_db", "lsd_db", "decoded_sc_db", "decoded_lsd_db")}  # what an ablation judges


def _sizes(**changed):
    return replace(HARMONIC, sizes={**HARMONIC.sizes, **changed})


ABLATIONS = {"harmonic": {
    "no-bend": _sizes(bend=False),  # the asked pitch, exactly, in all frames
    "no-noise": _sizes(noise=False),  # a harmonic's phase also between harmonics
    "iterations-0": _sizes(iterations=0),
    "iterations-1": _sizes(iterations=1),
    "iterations-5": _sizes(iterations=5),
    "no-network": _sizes(depth=0),  # only momentum is trained
    "depth-2": _sizes(depth=2),
    "width-128": _sizes(width=128),
    "mel-distance-1": replace(HARMONIC, weights={**HARMONIC.weights, "mel_distance": 1.0}),
    "no-mel-distance": replace(HARMONIC, weights={**HARMONIC.weights, "mel_distance": 0.0}),
    "clean-only": replace(HARMONIC, decoded=0.0),  # what the decoder's mels are worth in training
}}
