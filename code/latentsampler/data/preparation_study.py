"""The study that decides how a sound becomes a note: onset, length, fades, level.

Contents
--------
DECAYING               plucked instruments, whose length the player does not choose
run_preparation_study  Findings (see ``study``): question -> choice -> figures
"""

from dataclasses import asdict

import numpy as np

from latentsampler.data.prepare import FULL_SCALE, Preparation, onset, prepare, to_float
from latentsampler.data.soundfont import Instrument, SoundFontSource
from latentsampler.data.study import Findings
from latentsampler.sound.audio import MelConfig

DECAYING = (
    Instrument("PluckedStrings", "Guitar", "Gtr", "Guitar", 24, 40, 83),
    Instrument("PluckedStrings", "Harp", "Hp", "Harp", 46, 29, 96),
    Instrument("Strings", "Pizzicato", "Pizz", "Pizzicato strings", 45, 36, 84),
)
NOISE_DB, SILENCE = -45.0, 0.3  # a room before the note: level re its peak, seconds


def run_preparation_study(path=None, step=6):
    """Measure the choices of ``Preparation`` on SoundFont notes.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        The SoundFont; by default the computer's own.
    step : int
        Use every so-manieth key.

    Returns
    -------
    Findings
        ``metrics``: "onset", "length", "fade_out", "level", each choice -> figures, whose names hold the unit.
    """
    config = MelConfig()
    source = SoundFontSource(path, step=step)
    sounds = _sounds(source, config, config.seconds)
    plucked_source = SoundFontSource(path, (80,), DECAYING, held=0.99, step=step)
    plucked = _sounds(plucked_source, config, 4 * config.seconds)
    metrics = {"notes": len(sounds), "plucked_notes": len(plucked), "onset": _onsets(sounds, config),
               "length": _lengths(plucked, config), "fade_out": _fades(sounds, config),
               "level": _levels(sounds, config)}
    return Findings(preparation_config(step), metrics, source.description["sha256"], {})


def preparation_config(step=6):
    """Return the config of the preparation study, as it is recorded."""
    return {"step": step, "noise_db": NOISE_DB, "silence_s": SILENCE, "chosen": asdict(Preparation())}


def _sounds(source, config, seconds):
    read = (source.read(row, config.sample_rate, seconds) for row in source.notes()[0])
    return [sound for sound in read if np.abs(sound).max() > 1e-3]


def _onsets(sounds, config):
    generator = np.random.default_rng(0)
    silence, table = int(SILENCE * config.sample_rate), {}
    for threshold in (-20, -30, -40, -50, -60):
        late, moved = [], []
        for sound in sounds:
            start = onset(sound, config.sample_rate, threshold)
            noisy = np.pad(sound, (silence, 0))
            noisy = noisy + generator.uniform(-1, 1, len(noisy)) * np.abs(sound).max() * 10 ** (NOISE_DB / 20)
            late.append(1000.0 * start / config.sample_rate)
            moved.append(abs(onset(noisy, config.sample_rate, threshold) - silence - start) / config.sample_rate)
        table[str(threshold)] = {"latest_5_percent_ms": _round(np.percentile(late, 95)),
                                 "moved_10_ms_by_noise_share": _round(np.mean(np.array(moved) > 0.010))}
    return table


def _lengths(plucked, config):
    table = {}
    for frames in (32, 64, 128, 256):
        n = frames * config.hop_length
        kept = np.array([np.sum(sound[:n] ** 2) / np.sum(sound ** 2) for sound in plucked])
        table[f"{n / config.sample_rate:.2f} s"] = {"99_percent_inside_share": _round(np.mean(kept >= 0.99)),
                                                    "mean_energy_inside_share": _round(kept.mean())}
    return table


def _fades(sounds, config):
    table, whole = {}, _notes(sounds, config, Preparation(fade_out=0.0, peak=0.0))  # (N, n_samples)
    for milliseconds in (0, 10, 50, 200):
        faded = _notes(sounds, config, Preparation(fade_out=milliseconds / 1000, peak=0.0))
        changed = np.sum((whole - faded) ** 2, axis=1) / np.sum(whole ** 2, axis=1)  # (N,)
        step = np.abs(faded[:, -1]) / np.abs(faded).max(axis=1)
        table[f"{milliseconds} ms"] = {"energy_changed_db": _power_db(changed.mean()),
                                       "largest_end_step_db": _power_db(step.max() ** 2)}
    return table


def _levels(sounds, config):
    table = {}
    for name, peak in (("as it is", 0.0), ("peak 0.9", 0.9)):
        power = np.mean(_notes(sounds, config, Preparation(peak=peak)) ** 2, axis=1)  # (N,)
        spread = np.percentile(power, 95) / np.percentile(power, 5)
        # rounding to steps of 2^-15 is noise of a twelfth of a step squared
        table[name] = {"worst_signal_to_rounding_db": _power_db(power.min() * 12.0 * FULL_SCALE ** 2),
                       "level_spread_5_to_95_percent_db": _power_db(spread)}
    return table


def _notes(sounds, config, preparation):
    return np.stack([to_float(prepare(sound, config, preparation)[0]) for sound in sounds]).astype(float)


def _round(value):
    return round(float(value), 3)


def _power_db(power):
    return _round(10.0 * np.log10(max(power, 1e-12)))
