"""One sound of any length -> one note: aligned, cut, faded, normalised, or rejected with a reason.

Conventions
-----------
* Input: mono float waveform, full scale = 1. Output: int16, full scale = 32,768, ``config.n_samples`` long.
* The stored int16 waveform is the note; its mel is the mel of exactly that, so that either can be remade.

Contents
--------
Preparation    every number of this stage
onset          first sample of the sound
check_clipping rejects a sound that was cut off at full scale
prepare        sound -> note and what was measured on the way
to_float       int16 note -> float32 waveform in [-1, 1)
"""

from dataclasses import dataclass

import numpy as np

from latentsampler.data.fields import RejectedError
from latentsampler.sound.audio import fit_length

FULL_SCALE = 32768.0


@dataclass(frozen=True)
class Preparation:
    """How a sound becomes a note; decided by the study of front-ends (notebook 01).

    Parameters
    ----------
    onset_db : float
        The note starts where its envelope first comes within this many dB of the peak; negative.
    lead : float
        Seconds kept before the onset.
    fade_in, fade_out : float
        Seconds of raised-cosine fade at both ends.
    peak : float
        Peak of the stored note, in (0, 1]; 0 keeps the source's level.
    silent_db : float
        A sound whose peak is below this level (dB full scale) is rejected as silent.
    shortest : float
        Seconds; a sound with less than this after its onset is rejected as too short.
    """

    onset_db: float = -40.0
    lead: float = 0.010
    fade_in: float = 0.005
    fade_out: float = 0.050
    peak: float = 0.9
    silent_db: float = -60.0
    shortest: float = 0.1


def onset(waveform, sample_rate, onset_db):
    """Return the index of the first sample whose envelope is within ``onset_db`` of the peak.

    The envelope is the maximum over blocks of 2 ms, so the answer is at most 2 ms early, never late.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(n,)``, not silent.
    sample_rate : int
        Hz.
    onset_db : float
        dB re the peak, negative.

    Returns
    -------
    int
        Index in samples.
    """
    block = max(1, round(0.002 * sample_rate))
    blocks = fit_length(np.abs(waveform), -(-len(waveform) // block) * block).reshape(-1, block).max(axis=1)
    return int(np.argmax(blocks >= blocks.max() * 10.0 ** (onset_db / 20.0))) * block


def check_clipping(sound, bits=16):
    """Reject a sound with flat tops at full scale, as the file has it (resampling would round them).

    Parameters
    ----------
    sound : numpy.ndarray
        ``(n,)``, full scale = 1.
    bits : int
        Per sample of the file: with 8, the top of a clean sine is flat, too.

    Raises
    ------
    RejectedError
        If the peak is above 0.99, 8 consecutive samples, or 1 % of all, have its value, and the tops are not those of a
        rounded curve: there, many more samples are a few steps below the peak than at it.
    """
    level = np.abs(sound)
    peak = level.max(initial=0.0)
    if peak < 0.99:
        return
    flat = level == peak
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]]).astype(np.int8)))
    longest = int((edges[1::2] - edges[::2]).max())
    step = 2.0 ** (1 - min(bits, 16))
    top, near = (np.count_nonzero(level >= peak - steps * step) for steps in (1.5, 8.5))
    curved = near > 1.6 * top
    if (longest >= 8 or flat.mean() >= 0.01) and not curved:
        raise RejectedError(f"clipped: {flat.mean():.1%} of the samples at full scale, {longest} in a row")


def prepare(waveform, config, preparation):
    """Turn one sound into one note.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(n,)`` mono, float, full scale = 1, at ``config.sample_rate``.
    config : MelConfig
        Gives the rate and the length of a note.
    preparation : Preparation
        The numbers of this stage.

    Returns
    -------
    note : numpy.ndarray
        ``(config.n_samples,)`` int16.
    facts : dict
        Columns for the table: "Peak (dBFS)" before normalisation, "Onset (s)" in the source.

    Raises
    ------
    RejectedError
        If the sound is NaN, silent or too short.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    offset = _offset(waveform) if len(waveform) >= preparation.shortest * config.sample_rate else 0.0
    waveform = waveform - np.float32(offset) if offset else waveform
    peak = _checked_peak(waveform, preparation, offset)
    start = onset(waveform, config.sample_rate, preparation.onset_db)
    if len(waveform) - start < preparation.shortest * config.sample_rate:
        seconds = (len(waveform) - start) / config.sample_rate
        raise RejectedError(f"too short: {seconds:.3f} s after the onset, expected {preparation.shortest} s")
    lead = round(preparation.lead * config.sample_rate)
    cut = waveform[max(0, start - lead):]
    cut = np.pad(cut, (max(0, lead - start), 0))  # a sound that starts at once gets the same lead
    note = _fade(fit_length(cut, config.n_samples).copy(), len(cut), config.sample_rate, preparation)
    if preparation.peak:
        note *= preparation.peak / np.abs(note).max()
    facts = {"Peak (dBFS)": f"{20 * np.log10(peak):.2f}", "Onset (s)": f"{start / config.sample_rate:.3f}"}
    return np.clip(np.round(note * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16), facts


def to_float(note):
    """Return int16 notes as float32 in [-1, 1)."""
    return np.asarray(note, dtype=np.float32) / np.float32(FULL_SCALE)


def _offset(waveform):
    """Return a constant offset of more than a tenth of the peak, which would be taken for the onset; else 0."""
    offset = float(np.mean(waveform))
    return offset if abs(offset) > 0.1 * np.abs(waveform).max() else 0.0


def _checked_peak(waveform, preparation, offset):
    if waveform.size == 0:
        raise RejectedError("too short: no samples")
    if not np.all(np.isfinite(waveform)):
        raise RejectedError(f"NaN: {np.count_nonzero(~np.isfinite(waveform))} samples are not finite")
    peak = float(np.abs(waveform).max())
    if peak < 10.0 ** (preparation.silent_db / 20.0):
        beside = f" beside a constant offset of {offset:.3g}" if offset else ""
        raise RejectedError(f"silent: peak below {preparation.silent_db:g} dBFS{beside}")
    return peak


def _fade(note, sounding, sample_rate, preparation):
    # A note shorter than the frame fades out at its own end, not in the padding after it.
    end = min(sounding, len(note))
    n_in, n_out = (min(round(s * sample_rate), end) for s in (preparation.fade_in, preparation.fade_out))
    note[:n_in] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(n_in) / max(n_in, 1))
    note[end - n_out:end] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, n_out + 1) / max(n_out, 1))
    return note
