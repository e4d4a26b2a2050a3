"""What a vocoder does to sounds of which everything is known: steady tones, a tone that ends, silence.

Contents
--------
steady_tones     harmonic tones away from the frequencies of stripes
vibrato_tone     a harmonic tone whose pitch moves
tone_figures     stripes, steadiness, tail
stripe_db        energy at sample_rate / 2^k, where up-sampling layers leave it
wander_cents     how much the fundamental wanders
"""

import numpy as np
import torch
from scipy.signal import get_window, lfilter

from latentsampler.sound.audio import mel_spectrogram
from latentsampler.sound.pitch import midi_to_hz

STRIPES = range(2, 9)  # sample_rate / 4 to sample_rate / 256
EDGE = 4096  # samples at either end of a note that are not looked at
SILENCE_DB = -200.0  # what stands for nothing at all


def steady_tones(config, count):
    """Return harmonic tones whose partials stay 12 Hz away from stripes.

    Parameters
    ----------
    config : MelConfig
        Rate and length.
    count : int
        Tones, of pitches evenly spread over four octaves and then moved up until the condition holds.

    Returns
    -------
    tones : torch.Tensor
        ``(count, n_samples)``, peak 0.5.
    pitch : torch.Tensor
        ``(count,)`` MIDI note numbers, fractional.
    """
    t = np.arange(config.n_samples) / config.sample_rate
    stripes = config.sample_rate / 2.0 ** np.array(STRIPES)
    tones, pitches = [], []
    for pitch in np.linspace(45.0, 93.0, count):
        while True:
            harmonics = midi_to_hz(pitch) * np.arange(1, 13)
            harmonics = harmonics[harmonics < 0.45 * config.sample_rate]
            if np.abs(harmonics[:, None] - stripes).min() > 12.0:
                break
            pitch += 0.05
        tone = sum(np.sin(2 * np.pi * hz * t + h * h) / (h + 1) for h, hz in enumerate(harmonics))
        tones.append(0.5 * tone / np.abs(tone).max())
        pitches.append(pitch)
    return torch.from_numpy(np.stack(tones).astype(np.float32)), torch.tensor(pitches, dtype=torch.float32)


def vibrato_tone(config, pitch, depth_cents, rate_hz=5.5):
    """Return a decaying harmonic tone with vibrato.

    Parameters
    ----------
    config : MelConfig
        Rate and length.
    pitch : float
        MIDI note number.
    depth_cents, rate_hz : float
        Of the vibrato, a sinusoid.

    Returns
    -------
    tone : torch.Tensor
        ``(1, n_samples)``.
    pitch : torch.Tensor
        ``(1,)``.
    """
    t = np.arange(config.n_samples) / config.sample_rate
    f0 = midi_to_hz(pitch) * 2.0 ** (depth_cents / 1200.0 * np.sin(2 * np.pi * rate_hz * t))  # (n_samples,) Hz
    phase = 2 * np.pi * np.cumsum(f0) / config.sample_rate
    count = int(0.4 * config.sample_rate / f0.max())
    tone = sum(np.sin(h * phase + h * h) / h for h in range(1, count + 1)) * np.exp(-t)
    return torch.from_numpy((0.5 * tone / np.abs(tone).max()).astype(np.float32))[None], torch.tensor([float(pitch)])


def tone_figures(play, config, count):
    """Return what a player does to steady tones, to tones that end, and to silence.

    Parameters
    ----------
    play : callable
        ``(mel, pitch) -> waveform``.
    config : MelConfig
        The front-end.
    count : int
        Tones.

    Returns
    -------
    dict
        stripe_silence_db, stripe_tone_db (the strongest over tones, and those of the tones themselves,
        stripe_original_db), wander_cents (mean), tail_dbfs (the strongest, after the analysis has seen the end),
        silence_dbfs.
    """
    tones, pitch = steady_tones(config, count)
    end = config.n_samples // 2
    fade = np.minimum(1.0, np.maximum(0.0, (end - np.arange(config.n_samples)) / 500.0))
    ended = tones * torch.from_numpy(fade.astype(np.float32))
    with torch.inference_mode():
        steady = play(mel_spectrogram(tones, config), pitch)
        stopped = play(mel_spectrogram(ended, config), pitch)
        silent = play(torch.zeros(1, config.n_mels, config.n_frames), pitch[:1])
    tail = stopped[:, end + config.n_fft:]
    return {"stripe_silence_db": stripe_db(silent[0].numpy(), config.sample_rate),
            "stripe_tone_db": max(stripe_db(x.numpy(), config.sample_rate) for x in steady),
            "stripe_original_db": max(stripe_db(x.numpy(), config.sample_rate) for x in tones),
            "wander_cents": float(np.mean([wander_cents(x.numpy(), float(midi_to_hz(p)), config.sample_rate)
                                           for x, p in zip(steady, pitch.numpy(), strict=True)])),
            "tail_dbfs": max(_level(x) for x in tail), "silence_dbfs": _level(silent[0])}


def stripe_db(sound, sample_rate):
    """Return the level of the strongest sinusoid at ``sample_rate / 2^k``, k = 2..8, in dB of full scale."""
    inner = np.asarray(sound, dtype=float)[EDGE:-EDGE]
    window = get_window("blackmanharris", len(inner))  # side lobes 92 dB down
    n = np.arange(len(inner))
    heights = [np.abs(np.sum(inner * window * np.exp(-2j * np.pi * n / 2.0 ** k))) for k in STRIPES]
    return _db(2.0 * max(heights) / window.sum())


def wander_cents(sound, hz, sample_rate):
    """Return the standard deviation of a tone's fundamental in cents, in steps of 10 ms, from its own phase.

    The tone is shifted to zero frequency and smoothed over 40 ms four times; the slope of its phase is what f0 lacks.
    """
    turned = np.asarray(sound, dtype=float) * np.exp(-2j * np.pi * hz * np.arange(len(sound)) / sample_rate)
    width = max(1, round(0.02 * sample_rate))
    for _ in range(4):
        turned = lfilter(np.ones(width) / width, 1.0, turned)
    step = round(0.01 * sample_rate)
    phase = np.unwrap(np.angle(turned[EDGE:-EDGE:step]))
    return float(np.std(1200.0 * np.log2(1.0 + np.diff(phase) / (2 * np.pi * step / sample_rate * hz))))


def _level(x):
    return _db(float(x.abs().max()))


def _db(amplitude):
    return max(SILENCE_DB, float(20.0 * np.log10(max(amplitude, 1e-12))))
