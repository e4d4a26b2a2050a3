"""What every file that plays has in common.

Contents
--------
PlainVocoder    a vocoder that needs no pitch, called like one that does
as_player       vocoder.pt -> a module that is called with mel and pitch
pitch_control   the last of the musical controls
encode_notes    model.pt + mels -> codes
"""

import numpy as np
import torch
from torch import nn


class PlainVocoder(nn.Module):
    """A vocoder that needs no pitch, called like one that does."""

    def __init__(self, vocoder):
        super().__init__()
        self.vocoder = vocoder

    def forward(self, mel, pitch):
        """Return the waveform ``(B, N)`` of a mel ``(B, M, T)``."""
        return self.vocoder(mel)


def as_player(vocoder, about):
    """Return a loaded ``vocoder.pt`` as a module that is called with mel and pitch, whatever its metadata say of it."""
    return vocoder if about["needs_pitch"] else PlainVocoder(vocoder)


def pitch_control(about):
    """Return the control of the pitch: MIDI, from ``pitch_low`` to ``pitch_high`` of a file's metadata."""
    low, high = about["pitch_low"], about["pitch_high"]
    return {"name": "pitch", "unit": "MIDI", "min": low, "max": high, "default": min(max(60.0, low), high)}


@torch.inference_mode()
def encode_notes(model, dataset, indices=None):
    """Return the codes of notes.

    Parameters
    ----------
    model : torch.nn.Module
        With ``encode(mel (B, M, T)) -> (B, L)``.
    dataset : NoteDataset
        With ``mels``.
    indices : numpy.ndarray, optional
        ``(n,)``; all notes by default.

    Returns
    -------
    torch.Tensor
        ``(n, L)``.
    """
    indices = np.arange(len(dataset)) if indices is None else np.asarray(indices)
    parts = np.array_split(indices, max(1, len(indices) // 64))
    return torch.cat([model.encode(torch.from_numpy(np.array(dataset.mels[part]))) for part in parts])
