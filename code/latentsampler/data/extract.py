"""Many stored notes -> mels, as fast as a core allows.

Equal to ``audio.mel_spectrogram`` within float32 rounding, but three times as fast and without gradients: of
131,000 weights of a filter bank 1,000 are not zero, and notes go one by one, so that spectra stay in cache.

Contents
--------
extract   int16 waveforms -> mels
"""

import contextlib
from functools import lru_cache

import numpy as np
import torch
from scipy.sparse import csr_matrix

from latentsampler.sound.audio import mel_filter_bank


def extract(waveforms, config):
    """Return the mels of notes.

    Parameters
    ----------
    waveforms : numpy.ndarray
        ``(N, config.n_samples)`` int16.
    config : MelConfig
        The front-end.

    Returns
    -------
    numpy.ndarray
        ``(N, n_mels, n_frames)`` float32.
    """
    mels = np.empty((len(waveforms), config.n_mels, config.n_frames), dtype=np.float32)
    window, bank = torch.hann_window(config.n_fft), _sparse_bank(config)
    with _one_thread(), torch.inference_mode():
        for waveform, mel in zip(waveforms, mels, strict=True):
            note = torch.from_numpy(waveform.astype(np.float32)) / 32768.0  # (n_samples,)
            spectrum = torch.stft(note, config.n_fft, config.hop_length, window=window, pad_mode="constant",
                                  return_complex=True)[:, :config.n_frames]  # (F, T)
            magnitude = (spectrum.real ** 2 + spectrum.imag ** 2).sqrt_()  # a third of the time of abs()
            mel[:] = bank @ magnitude.numpy()  # (M, T)
    return mels


@contextlib.contextmanager
def _one_thread():
    # a note is too little work to share: on a busy machine two threads take ten times as long as one
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=4)
def _sparse_bank(config):
    return csr_matrix(mel_filter_bank(config).numpy())
