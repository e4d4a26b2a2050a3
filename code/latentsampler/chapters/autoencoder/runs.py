"""The runs that the rest of the project uses: the default, the demo's, and other latent sizes.

Contents
--------
WAE       the default: what ``patch/model.pt`` is made from
REDUCED   the same, small: what ablations start from
RUNS      name -> Config
"""

from dataclasses import replace

from latentsampler.chapters.autoencoder.config import Config

WAE = Config(encoder_noise=0.1, dropout=0.1)  # a blurred code asks for a smooth decoder
REDUCED = replace(WAE, width=32, schedule=replace(WAE.schedule, steps=300, valid_every=300))
RUNS = {
    "wae": WAE,
    # what fits into the demo's ten minutes on two cores, everything included
    "demo": replace(WAE, schedule=replace(WAE.schedule, steps=300, valid_every=100)),
    "wae-reduced": REDUCED,
    **{f"wae-{size}": replace(WAE, latent_dim=size) for size in (2, 8, 16)},
}
