"""What a listener would call a sound: ``descriptors`` (with ``timbre``, ``hardness``, ``loudness``, ``onsets``)."""

import numpy as np
from latentsampler.attributes.descriptors import describe

rate = 44100
t = np.arange(rate) / rate
partials = np.arange(1, 21)
sounds = np.array([sum(np.sin(2 * np.pi * 110 * h * t) * h ** -slope for h in partials) for slope in (3.0, 1.0, 0.3)])
sounds *= 0.3 / np.abs(sounds).max(axis=1, keepdims=True)  # from dull to bright
heard = describe(sounds, rate)
for name, values in heard.items():
    print(f"{name:10s}", np.round(values, 1))
