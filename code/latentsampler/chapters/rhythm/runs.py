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
    refine : int
        Steps by which encoded points are made better in the file; training does not use them.
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
    warmup: int = 500
    onset: float = 1.0
    free_bits: float = 0.0
    adversary: float = 0.0
    order: float = 0.0
    attribute: float = 0.0
    voice_swap: float = 0.0
    jitter: float = 0.0
    hit_dropout: float = 0.0
    refine: int = 5
    average: float = 0.99
    width: int = 192
    blocks: int = 1
    dropout: float = 0.0
    schedule: Schedule = Schedule(steps=1500, batch_size=128, learning_rate=3e-3, valid_every=500)


SHORT = Config()  # about 20 CPU-seconds: what the studies compare
RUNS = {
    "short": SHORT,
    # more weight on onsets and a point that may hold more: what a listener notices first
    "shipped": replace(SHORT, beta=0.03, warmup=1000, onset=2.5, voice_swap=0.15, average=0.999,
                       schedule=Schedule(steps=7000, batch_size=128, learning_rate=3e-3, valid_every=1000)),
    # the same for half an hour of a core
    "long": replace(SHORT, beta=0.03, warmup=1000, onset=2.5, voice_swap=0.15, average=0.9995,
                    schedule=Schedule(steps=80_000, batch_size=128, learning_rate=3e-3, valid_every=4000)),
    # three ways to control, and what a loss on the decoded pattern adds to each; "short" has the constraint instead
    "axis": replace(SHORT, conditioned=False, order=10.0),
    "conditioning": replace(SHORT, exact=False),
    "adversary": replace(SHORT, exact=False, adversary=0.3),
    "axis-measured": replace(SHORT, conditioned=False, order=10.0, attribute=2.0),
    "conditioning-measured": replace(SHORT, exact=False, attribute=2.0),
    "adversary-measured": replace(SHORT, exact=False, adversary=0.3, attribute=2.0),
    # what the steps after the encoder add
    "amortised": replace(SHORT, refine=0),
    # how much a point may hold
    **{f"z{size}": replace(SHORT, latent_dim=size) for size in (12, 16, 64)},
    # the weight of the divergence, and a warm-up that goes through 4
    **{f"beta-{beta:g}": replace(SHORT, beta=beta) for beta in (0.02, 0.5, 1.0, 4.0)},
    "beta-4-to-0.1": replace(SHORT, beta_start=4.0, warmup=1000),
}
