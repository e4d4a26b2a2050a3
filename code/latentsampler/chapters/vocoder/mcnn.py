"""Multi-head convolutional network of Arik, Jun and Diamos: mel -> waveform by transposed convolutions alone.

Contents
--------
MCNN   parallel heads, a trainable scalar each, summed, scaled softsign
"""

import torch
from torch import nn
from torch.nn import functional


class Head(nn.Module):
    """Transposed convolutions with ELU: ``(B, M, T) -> (B, T * product of strides)``."""

    def __init__(self, n_mels, widths, kernel, stride):
        super().__init__()
        channels, extra = [n_mels, *widths, 1], kernel - stride
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(a, b, kernel, stride=stride, padding=(extra + 1) // 2, output_padding=extra % 2)
            for a, b in zip(channels[:-1], channels[1:], strict=True))  # exactly T * stride samples

    def forward(self, x):
        """Return the head's share of the waveform."""
        for layer in self.layers:
            x = functional.elu(layer(x))
        return x.squeeze(1)


class MCNN(nn.Module):
    """Mel ``(B, M, T)`` -> waveform ``(B, T * hop)``.

    Parameters
    ----------
    mel : MelConfig
        The front-end; its hop is ``stride ** (len(widths) + 1)``.
    heads : int
        Parallel heads.
    widths : tuple of int
        Channels after each layer but the last.
    kernel, stride : int
        Width of each layer's filters, and its up-sampling.

    Raises
    ------
    ValueError
        If the strides do not multiply to the hop.

    References
    ----------
    Arik, Jun and Diamos, "Fast spectrogram inversion using multi-head convolutional neural networks", IEEE Signal
    Processing Letters 26(1), 2019 (arXiv 1808.06719), section 2.
    """

    needs_pitch = False

    def __init__(self, mel, heads, widths, kernel, stride):
        super().__init__()
        if stride ** (len(widths) + 1) != mel.hop_length:
            raise ValueError(f"expected strides that multiply to the hop {mel.hop_length}, "
                             f"got {stride} ** {len(widths) + 1}")
        self.heads = nn.ModuleList(Head(mel.n_mels, widths, kernel, stride) for _ in range(heads))
        self.weights = nn.Parameter(torch.full((heads,), 1.0 / heads))
        self.a, self.b = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(1.0))

    def forward(self, mel):
        """Return the waveform of a mel."""
        x = torch.log1p(mel * 100.0)  # the paper's inputs are log magnitudes
        total = torch.stack([head(x) for head in self.heads], dim=2) @ self.weights  # (B, N)
        return self.a * total / (1.0 + (self.b * total).abs())
