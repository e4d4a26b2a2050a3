"""What a regulariser sees of one training step.

Contents
--------
Batch   codes, posterior, prior samples, mels, labels and the module they belong to
"""

from typing import NamedTuple

from torch import Tensor, nn


class Batch(NamedTuple):
    """One batch of notes on its way through the autoencoder; B notes, L latent dimensions.

    Attributes
    ----------
    z : torch.Tensor
        ``(B, L)``: what the decoder gets; a reparametrised sample when the encoder is random.
    mean : torch.Tensor
        ``(B, L)``: mean of the posterior; equal to ``z`` when the encoder is deterministic.
    log_variance : torch.Tensor or None
        ``(B, L)``: of the posterior; None when the encoder is deterministic.
    prior : torch.Tensor
        ``(B, L)``: samples of a standard normal.
    log_mel : torch.Tensor
        ``(B, n_mels, n_frames)``: scaled input.
    estimate : torch.Tensor
        ``(B, n_mels, n_frames)``: decoded log mel.
    pitch : torch.Tensor
        ``(B,)``: MIDI note numbers, NaN where unpitched.
    labels : dict
        Name -> ``(B,)`` int64, -1 where the label is not known; empty when there are none.
    module : torch.nn.Module
        The autoencoder, for regularisers that call its encoder or decoder once more.
    """

    z: Tensor
    mean: Tensor
    log_variance: Tensor | None
    prior: Tensor
    log_mel: Tensor
    estimate: Tensor
    pitch: Tensor
    labels: dict
    module: nn.Module
