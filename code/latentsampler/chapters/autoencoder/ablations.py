"""What each choice of the default is worth: the default with one thing changed.

``code/main.py ablate autoencoder/wae-reduced`` runs them: a small and short default, so that many are affordable.

Contents
--------
ABLATIONS   base -> name of the change -> Config
"""

from dataclasses import replace

from latentsampler.chapters.autoencoder.runs import REDUCED as BASE

ABLATIONS = {"wae-reduced": {
    # sizes
    "width 16": replace(BASE, width=16),
    "width 64": replace(BASE, width=64),
    "depth 3": replace(BASE, depth=3),
    "depth 5": replace(BASE, depth=5),
    "not residual": replace(BASE, residual=False),
    # what is known before training, and what the decoder is told of the pitch
    "no linear part": replace(BASE, linear=False),
    "no pitch": replace(BASE, conditioning="conditioning.Nothing", harmonic=False),
    "no harmonics": replace(BASE, harmonic=False),
    "concatenation": replace(BASE, conditioning="conditioning.Concatenation"),
    # reconstruction
    "L1 alone": replace(BASE, reconstruction={"l1": 1.0}),
    "L2 alone": replace(BASE, reconstruction={"l2": 1.0}),
    "spectral convergence": replace(BASE, reconstruction={**BASE.reconstruction, "spectral_convergence": 0.5}),
    # against overfitting
    "no encoder noise": replace(BASE, encoder_noise=0.0),
    "more encoder noise": replace(BASE, encoder_noise=0.3),
    "no dropout": replace(BASE, dropout=0.0),
    "more dropout": replace(BASE, dropout=0.3),
}}
