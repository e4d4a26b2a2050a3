"""Notes of a General MIDI SoundFont (.sf2): the 14 SOL instruments over their SOL pitch ranges.

Conventions
-----------
* One velocity layer and few recordings: in FluidR3 the 14 instruments have about 150. Neighbouring keys are
  resampled copies of one recording, and so are the velocities of a key. The column "Recording" says which
  (several joined by ``" | "``); split by it, never by note.
* Rendered at twice the wanted rate and then resampled, because the synthesiser interpolates without a
  low-pass filter: 10 to 15 dB less aliasing on high woodwinds.

Contents
--------
INSTRUMENTS       the 14 instruments: names, General MIDI program, pitch range
find_soundfont    path of a SoundFont of this computer
SoundFontSource   a note source (see ``build``)
"""

import hashlib
import logging
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from latentsampler.data.fields import RejectedError
from latentsampler.data.table import make_row, pitch_name

PLACES = ("/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/local/share/soundfonts",
          "/opt/homebrew/share/soundfonts", "~/.local/share/soundfonts", "~/Library/Audio/Sounds/Banks")
OVERSAMPLING = 2
FLUSH = 1024  # samples; a stopped voice rings for less than 256, and must not leak into the next note


@dataclass(frozen=True)
class Instrument:
    """One SOL instrument: names, General MIDI program (from 0), lowest and highest MIDI note of TinySOL."""

    family: str
    folder: str
    abbreviation: str
    name: str
    program: int
    low: int
    high: int


INSTRUMENTS = (
    Instrument("Brass", "Bass_Tuba", "BTb", "Bass Tuba", 58, 30, 65),
    Instrument("Brass", "Horn", "Hn", "French Horn", 60, 31, 77),
    Instrument("Brass", "Trombone", "Tbn", "Trombone", 57, 34, 72),
    Instrument("Brass", "Trumpet_C", "TpC", "Trumpet in C", 56, 54, 86),
    Instrument("Keyboards", "Accordion", "Acc", "Accordion", 21, 28, 109),
    Instrument("Strings", "Contrabass", "Cb", "Contrabass", 43, 28, 72),
    Instrument("Strings", "Viola", "Va", "Viola", 41, 48, 96),
    Instrument("Strings", "Violin", "Vn", "Violin", 40, 55, 100),
    Instrument("Strings", "Violoncello", "Vc", "Violoncello", 42, 36, 84),
    Instrument("Winds", "Sax_Alto", "ASax", "Alto Saxophone", 65, 49, 81),
    Instrument("Winds", "Bassoon", "Bn", "Bassoon", 70, 34, 75),
    Instrument("Winds", "Clarinet_Bb", "ClBb", "Clarinet in Bb", 71, 50, 91),
    Instrument("Winds", "Flute", "Fl", "Flute", 73, 59, 98),
    Instrument("Winds", "Oboe", "Ob", "Oboe", 68, 58, 93),
)


def find_soundfont():
    """Return the path of a General MIDI SoundFont: ``$SOUNDFONT``, else FluidR3, else any other.

    Returns
    -------
    pathlib.Path
        An existing file.

    Raises
    ------
    FileNotFoundError
        If there is none; the message says how to get one.
    """
    named = os.environ.get("SOUNDFONT")
    candidates = [Path(named)] if named else sorted(
        (path for place in PLACES for path in Path(place).expanduser().glob("*.sf2")),
        key=lambda path: (not path.name.startswith("FluidR3"), str(path)))
    for path in candidates:
        if path.is_file():
            return path
    raise FileNotFoundError(f"expected a SoundFont at {named or ' or '.join(PLACES)}, found none; install "
                            "Debian's fluid-soundfont-gm, or set SOUNDFONT=/path/to/file.sf2")


def dynamics_of(velocity):
    """Return the dynamics of a MIDI velocity (1..127): 50 -> pp, 65 -> p, 80 -> mf, 95 -> f, 110 -> ff."""
    return ("pp", "p", "mf", "f", "ff")[int(np.searchsorted((58, 72, 88, 102), velocity))]


class SoundFontSource:
    """Notes of a SoundFont.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        The .sf2 file; by default :func:`find_soundfont`.
    velocities : sequence of int
        MIDI velocities 1..127, each of another dynamic.
    instruments : sequence of Instrument
        What to render.
    held : float
        The key is let go after this share of the note, in (0, 1].
    step : int
        Render every ``step``-th key only, for a small set.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If two velocities are of one dynamic, or one is outside 1..127.
    """

    def __init__(self, path=None, velocities=(50, 80, 110), instruments=INSTRUMENTS, held=0.8, step=1):
        self.path = Path(path) if path else find_soundfont()
        if not self.path.is_file():
            raise FileNotFoundError(f"expected a SoundFont, found no file {self.path}")
        with open(self.path, "rb") as file:
            head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise ValueError(f"expected a SoundFont (.sf2: RIFF sfbk) in {self.path}, got a file that begins "
                             f"with {head}")
        names = [dynamics_of(v) for v in velocities]
        if len(set(names)) < len(names) or not all(1 <= v <= 127 for v in velocities):
            raise ValueError("expected velocities in 1..127 of distinct dynamics, got "
                             f"{tuple(velocities)} = {names}")
        self.velocities, self.instruments, self.step = tuple(velocities), tuple(instruments), step
        self.held = held
        self.description = {
            "source": "soundfont", "file": self.path.name, "sha256": _sha256(self.path), "held": held,
            "step": step, "velocities": list(velocities), "oversampling": OVERSAMPLING,
            "instruments": [f"{i.abbreviation} {i.program} {i.low}-{i.high}" for i in self.instruments]}

    def notes(self):
        """Return the rows to render, and no rejected ones: silent keys are found by listening."""
        zones = _zones(self.path)
        folds, rows = {}, []
        for instrument in self.instruments:
            for key in range(instrument.low, instrument.high + 1, self.step):
                for velocity in self.velocities:
                    recording = _recording(zones.get(instrument.program, ()), key, velocity)
                    fold = folds.setdefault(recording, len(folds) % 5)  # a recording is never in two folds
                    rows.append(_row(instrument, key, velocity, recording, fold))
        return rows, []

    def read(self, row, sample_rate, seconds):
        """Return the sound of a row, a little longer than ``seconds``: what alignment cuts off at the start.

        Parameters
        ----------
        row : dict
            One of :meth:`notes`.
        sample_rate : int
            Hz.
        seconds : float
            Length of a note.

        Returns
        -------
        numpy.ndarray
            ``((seconds + 0.1) * sample_rate,)`` float32, both channels averaged.

        Raises
        ------
        RejectedError
            If the SoundFont has no such program.
        """
        import soxr

        rate = OVERSAMPLING * sample_rate
        program = next(i.program for i in self.instruments if i.abbreviation == row["Instrument (abbr.)"])
        stereo = _render(_synth(self.path, rate), program, int(row["Pitch ID"]), int(row["Velocity"]),
                         round(self.held * seconds * rate),
                         round(((1.0 - self.held) * seconds + 0.1) * rate))  # (n, 2)
        return soxr.resample(stereo.mean(axis=1), rate, sample_rate, quality="HQ")  # (n / 2,)


def _row(instrument, key, velocity, recording, fold):
    dynamics = dynamics_of(velocity)
    path = (f"{instrument.family}/{instrument.folder}/ordinario/"
            f"{instrument.abbreviation}-ord-{pitch_name(key)}-{dynamics}-N-N.wav")
    row = make_row(path, instrument.family, (instrument.abbreviation, instrument.name), ("ord", "ordinario"),
                   [key], dynamics, str(fold))
    return {**row, "Velocity": str(velocity), "Recording": recording}


def _render(synth, program, key, velocity, n_held, n_release):
    try:
        synth.program_select(0, 0, 0, program)
    except RuntimeError as error:
        raise RejectedError(f"silent: the SoundFont has no program {program}") from error
    synth.sounds_off(0)
    synth.generate(FLUSH)
    synth.noteon(0, key, velocity)
    held = np.array(np.frombuffer(synth.generate(n_held), np.float32))  # the buffer is reused: copy
    synth.noteoff(0, key)
    release = np.frombuffer(synth.generate(n_release), np.float32)
    return np.concatenate([held, release]).reshape(-1, 2)  # (n, 2)


@lru_cache(maxsize=1)
def _synth(path, sample_rate):
    # cached because loading a file of 150 MB takes a second; a worker process needs it once
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=sample_rate)
    synth.sfload(str(path))
    return synth


@lru_cache(maxsize=4)
def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _zones(path):
    """Return {program: [(key ranges, velocity ranges, sample name)]} of bank 0; both levels limit a zone."""
    from sf2utils.sf2parse import Sf2File

    logging.getLogger().addFilter(_quiet)  # sf2utils tells the root logger about loops of unrelated samples
    try:
        with open(path, "rb") as file:
            return {preset.preset: [_zone(bag, zone) for bag in preset.bags if bag.instrument is not None
                                    for zone in bag.instrument.bags if zone.sample is not None]
                    for preset in Sf2File(file).presets if getattr(preset, "bank", None) == 0}
    except Exception as error:  # the library has none of its own: struct.error, TypeError, EOFError, ...
        raise ValueError(f"expected a whole SoundFont in {path}, got one that cannot be read ({error}); "
                         "is it cut short?") from error
    finally:
        logging.getLogger().removeFilter(_quiet)


def _zone(bag, zone):
    return (bag.key_range, zone.key_range), (bag.velocity_range, zone.velocity_range), zone.sample.name


def _quiet(record):
    return not record.getMessage().startswith(("Sample ", "corrupted"))


def _recording(zones, key, velocity):
    names = {re.sub(r"[\s_-]*\([LR]\)$|[\s_-][LR]$", "", name)  # both channels are one recording
             for keys, velocities, name in zones if _covers(keys, key) and _covers(velocities, velocity)}
    return " | ".join(sorted(names))


def _covers(limits, value):
    return all(pair is None or pair[0] <= value <= pair[1] for pair in limits)
