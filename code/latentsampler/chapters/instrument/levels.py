"""A module of controls -> the gain at which a host plays it: models of any loudness fit one mixer.

The points are drawn within the ranges of all controls, so the gain belongs to the instrument and not to a note: soft
places stay softer than loud ones.

Contents
--------
TARGET, CEILING   LUFS of the median note; dBFS that 19 of 20 notes stay below
level_db          module, controls -> gain in dB, for ``level_db`` of the metadata
"""

import numpy as np
import torch

from latentsampler.attributes.loudness import integrated_loudness

TARGET, CEILING = -20.0, -1.0
POINTS, SEED = 48, 0


def level_db(module, controls, sample_rate):
    """Return the gain in dB that brings the median note to TARGET, or 19 of 20 peaks below CEILING if that is less.

    Parameters
    ----------
    module : torch.nn.Module
        Controls ``(B, K)`` -> waveform ``(B, n_samples)``.
    controls : list of dict
        ``min`` and ``max`` of each.
    sample_rate : float
        Hz.

    Returns
    -------
    float
        dB, rounded to a tenth; 0 where every note is silent.
    """
    low, high = (torch.tensor([float(control[end]) for control in controls]) for end in ("min", "max"))
    points = low + (high - low) * torch.rand(POINTS, len(controls), generator=torch.Generator().manual_seed(SEED))
    with torch.no_grad():
        notes = torch.cat([module(point[None]) for point in points]).numpy()  # (POINTS, N)
    loudness = integrated_loudness(notes, sample_rate)  # (POINTS,)
    heard = np.isfinite(loudness)
    if not heard.any():
        return 0.0
    peaks = 20 * np.log10(np.abs(notes[heard]).max(axis=1))
    return round(float(min(TARGET - np.median(loudness[heard]), CEILING - np.quantile(peaks, 0.95))), 1)
