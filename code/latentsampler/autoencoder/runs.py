"""The runs that the rest of the project uses: the default, the demo's, and other latent sizes.

Contents
--------
WAE       the default: what ``patch/model.pt`` is made from
REDUCED   the same, small: what ablations start from
RUNS      name -> Config
"""

from dataclasses import replace

from latentsampler.autoencoder.config import Config

WAE = Config(encoder_noise=0.1)  # a blurred code asks for a smooth decoder
REDUCED = replace(WAE, width=64, schedule=replace(WAE.schedule, steps=400, batch_size=32, valid_every=400))
RUNS = {
    "wae": WAE,
    # what fits into the demo's ten minutes on two cores, everything included
    "demo": replace(WAE, schedule=replace(WAE.schedule, steps=800, valid_every=200)),
    "wae-reduced": REDUCED,
    **{f"wae-{size}": replace(WAE, latent_dim=size) for size in (2, 8, 16)},
}
