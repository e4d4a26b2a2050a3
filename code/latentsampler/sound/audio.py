"""Waveform -> mel amplitude spectrogram, and the one home of rate, FFT, hop and mel count.

Conventions
-----------
* A waveform is ``(batch, n_samples)`` float32 in [-1, 1], mono; a note is ``hop_length * n_frames`` samples.
* A mel is ``(batch, n_mels, n_frames)`` float32 *amplitude*, >= 0, not logarithmic. Frame ``t`` is centred on
  sample ``t * hop_length``. Log scaling and normalisation live inside the models.

Contents
--------
MelConfig         every number that a mel depends on
mel_filter_bank   ``(n_mels, 1 + n_fft / 2)`` triangles, librosa's
magnitude         waveform -> linear magnitude spectrogram
mel_spectrogram   waveform -> mel, equal to librosa's within 1e-4 relative
mel_inverse       mel -> least-squares linear magnitude, the best that a mel allows without a model
fit_length        cut or zero-pad the last axis
LogMel            amplitude mel <-> the scale that networks work on
"""

from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import torch


@dataclass(frozen=True)
class MelConfig:
    """Parameters of the mel front-end.

    Parameters
    ----------
    sample_rate : int
        Hz.
    n_fft, hop_length : int
        Samples. The window is a periodic Hann window of ``n_fft`` samples.
    n_mels, n_frames : int
        Bands, and frames of one note.
    fmin, fmax : float
        Hz, the edges of the filter bank; ``fmax`` at most ``sample_rate / 2``.
    htk : bool
        HTK's mel formula instead of Slaney's.
    norm : str
        ``"slaney"`` (triangles of unit area) or ``"none"`` (unit peak).
    """

    sample_rate: int = 22050
    n_fft: int = 1024
    hop_length: int = 256
    n_mels: int = 256
    n_frames: int = 128
    fmin: float = 0.0
    fmax: float = 11025.0
    htk: bool = False
    norm: str = "slaney"

    @property
    def n_samples(self):
        """Samples of one note."""
        return self.hop_length * self.n_frames

    @property
    def seconds(self):
        """Seconds of one note."""
        return self.n_samples / self.sample_rate

    def to_dict(self):
        """Return the parameters as the ``mel`` entry of a model's metadata."""
        return asdict(self)


@lru_cache(maxsize=16)
def mel_filter_bank(config):
    """Return the mel filter bank of librosa as a float32 tensor.

    Parameters
    ----------
    config : MelConfig
        The front-end.

    Returns
    -------
    torch.Tensor
        ``(n_mels, 1 + n_fft / 2)``.

    References
    ----------
    Slaney, *Auditory Toolbox*, Interval Research TR 1998-010; ``librosa.filters.mel``.
    """
    # scipy-free and librosa-free on purpose: training machines have torch, numpy, scipy and tqdm only
    edges = band_edges(config)  # (M + 2,)
    bins = np.linspace(0.0, config.sample_rate / 2, 1 + config.n_fft // 2)  # (F,)
    ramps = edges[:, None] - bins[None, :]  # (M + 2, F)
    width = np.diff(edges)  # (M + 1,)
    rising, falling = -ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling))  # (M, F)
    if config.norm == "slaney":
        weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return torch.from_numpy(weights.astype(np.float32))


def band_edges(config):
    """Return the edges of mel bands: band m reaches from edge m over its centre, edge m + 1, to edge m + 2.

    Parameters
    ----------
    config : MelConfig
        The front-end.

    Returns
    -------
    numpy.ndarray
        ``(n_mels + 2,)`` float64, Hz.
    """
    ends = _hz_to_mel(np.array([config.fmin, config.fmax]), config.htk)
    return _mel_to_hz(np.linspace(*ends, config.n_mels + 2), config.htk)


def magnitude(waveform, n_fft=1024, hop_length=256):
    """Return the linear magnitude spectrogram of a batch of waveforms.

    Parameters
    ----------
    waveform : torch.Tensor
        ``(batch, n_samples)``.
    n_fft, hop_length : int
        Samples.

    Returns
    -------
    torch.Tensor
        ``(batch, 1 + n_fft / 2, 1 + n_samples // hop_length)``, centred frames, zero-padded edges.
    """
    window = torch.hann_window(n_fft, dtype=waveform.dtype, device=waveform.device)
    spectrum = torch.stft(waveform, n_fft, hop_length, window=window, pad_mode="constant",
                          return_complex=True)
    return spectrum.abs()


def mel_spectrogram(waveform, config):
    """Return the mel amplitude spectrogram of a batch of notes.

    Equals ``librosa.feature.melspectrogram(y, power=1.0, ...)[:, :n_frames]``: the one frame that is centred on
    the first sample *after* the note is left out, so that a note of ``hop * n_frames`` samples has ``n_frames``.

    Parameters
    ----------
    waveform : torch.Tensor
        ``(batch, n_samples)``, or any other length of at least ``n_fft / 2 + 1`` samples.
    config : MelConfig
        The front-end.

    Returns
    -------
    torch.Tensor
        ``(batch, n_mels, n_samples // hop_length)`` float32, >= 0.

    Raises
    ------
    ValueError
        If ``waveform`` is not two-dimensional.
    """
    if waveform.ndim != 2:
        raise ValueError(f"expected a waveform of shape (batch, n_samples), got {tuple(waveform.shape)}")
    spectrum = magnitude(waveform, config.n_fft, config.hop_length)  # (B, F, 1 + N // hop)
    n_frames = waveform.shape[-1] // config.hop_length
    return mel_filter_bank(config).to(waveform) @ spectrum[..., :n_frames]  # (B, M, T)


@lru_cache(maxsize=16)
def mel_inverse(config):
    """Return the pseudo-inverse of the mel filter bank.

    ``clamp(mel_inverse(config) @ mel, min=0)`` is the least-squares linear magnitude of a mel.

    Parameters
    ----------
    config : MelConfig
        The front-end.

    Returns
    -------
    torch.Tensor
        ``(1 + n_fft / 2, n_mels)`` float32.
    """
    # bands narrower than a bin are almost copies of each other: without a limit, 400 bands at 44.1 kHz would
    # amplify float32 rounding a billion times
    return torch.linalg.pinv(mel_filter_bank(config).double(), rtol=1e-4).float()


def fit_length(signal, n_samples):
    """Cut or zero-pad the last axis of a tensor or array to ``n_samples``.

    Parameters
    ----------
    signal : numpy.ndarray
        ``(..., any)``.
    n_samples : int
        The wanted length, in samples.

    Returns
    -------
    numpy.ndarray
        ``(..., n_samples)``.
    """
    missing = n_samples - signal.shape[-1]
    if missing <= 0:
        return signal[..., :n_samples]
    return np.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(0, missing)])


def _hz_to_mel(hz, htk):
    if htk:
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    linear = hz * 3.0 / 200.0
    return np.where(hz < 1000.0, linear, 15.0 + np.log(np.maximum(hz, 1000.0) / 1000.0) * 27.0 / np.log(6.4))


def _mel_to_hz(mel, htk):
    if htk:
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0))


class LogMel(torch.nn.Module):
    """Amplitude mel <-> the logarithmic scale that networks work on, about zero mean and unit deviation.

    ``forward(mel) = (ln(mel + floor) - centre) / width``; ``inverse`` undoes it and is never negative. The three
    constants fit notes with a peak of 0.8; a floor of 1e-3 lies about 75 dB below such a note's strongest band.
    """

    def __init__(self):
        super().__init__()
        self.floor, self.centre, self.width = 1e-3, -5.0, 2.0

    def forward(self, mel):
        """Return the logarithmic mel of an amplitude mel, any shape."""
        return (torch.log(mel + self.floor) - self.centre) / self.width

    @torch.jit.export
    def inverse(self, scaled):
        """Return the amplitude mel of a logarithmic one, any shape; amplitudes stay below e^6."""
        return (torch.exp((scaled * self.width + self.centre).clamp(max=6.0)) - self.floor).clamp(min=0.0)
