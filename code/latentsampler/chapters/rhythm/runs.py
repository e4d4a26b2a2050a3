"""What is trained here, by name.

Contents
--------
Config      everything that defines a run, but data and seed
RUNS        name -> Config
"""

from dataclasses import dataclass, replace

from latentsampler.learning.training import Schedule


@dataclass(frozen=True)
class Config:
    """One run.

    Parameters
    ----------
    latent_dim : int
        Numbers of a point, the six of the attributes included.
    conditioned : bool
        The first six numbers are the measured attributes; else they are codes.
    exact : bool
        Where conditioned: decoded patterns are moved until they have the point's attributes.
    beta_start, beta, warmup : float, float, int
        Weight of the KL divergence at the start, in the end, and the steps in between.
    onset : float
        Weight of the onsets' cross-entropy beside velocities and offsets.
    free_bits : float
        Nats of each dimension's divergence that cost nothing.
    adversary : float
        Weight of the reversed gradient of a network that predicts the attributes from the other codes.
    order : float
        Weight of Pati and Lerch's loss on the first six codes.
    attribute : float
        Weight of the difference between the knobs and the attributes measured again on decoded patterns.
    voice_swap, jitter, hit_dropout : float
        Share of patterns that get voices of another; deviation added to velocities; share of onsets hidden from the
        encoder.
    average : float
        Decay of the averaged weights, which are those that are kept.
    width, blocks, dropout : int, int, float
        Of the networks.
    schedule : Schedule
        How long and how fast.
    """

    latent_dim: int = 32
    conditioned: bool = True
    exact: bool = True
    beta_start: float = 0.0
    beta: float = 0.1
    warmup: int = 1000
    onset: float = 1.0
    free_bits: float = 0.0
    adversary: float = 0.0
    order: float = 0.0
    attribute: float = 0.0
    voice_swap: float = 0.0
    jitter: float = 0.0
    hit_dropout: float = 0.0
    average: float = 0.998
    width: int = 192
    blocks: int = 1
    dropout: float = 0.0
    schedule: Schedule = Schedule(steps=5000, batch_size=128, learning_rate=3e-3, valid_every=1000)


SHORT = Config()  # about 100 CPU-seconds: what the studies compare
RUNS = {
    "short": SHORT,
    # longer, so that a point may hold more before it overfits
    "shipped": replace(SHORT, beta=0.06, voice_swap=0.15, average=0.999,
                       schedule=Schedule(steps=13_000, batch_size=128, learning_rate=3e-3, valid_every=2000)),
    # the same for half an hour of a core
    "long": replace(SHORT, beta=0.06, voice_swap=0.15, average=0.9995,
                    schedule=Schedule(steps=100_000, batch_size=128, learning_rate=3e-3, valid_every=5000)),
    # three ways to control, and what measuring the decoded pattern adds to each
    "axis": replace(SHORT, conditioned=False, order=10.0, attribute=0.0),
    "conditioning": replace(SHORT, attribute=0.0),
    "adversary": replace(SHORT, adversary=0.3, attribute=0.0),
    "adversary-measured": replace(SHORT, adversary=0.3),
    "axis-measured": replace(SHORT, conditioned=False, order=10.0),
    # how much a point may hold
    **{f"z{size}": replace(SHORT, latent_dim=size) for size in (12, 16, 64)},
    # the weight of the divergence, and a warm-up that goes through 4
    **{f"beta-{beta:g}": replace(SHORT, beta=beta) for beta in (0.02, 0.5, 1.0, 4.0)},
    "beta-4-to-0.1": replace(SHORT, beta_start=4.0, warmup=2500),
}
