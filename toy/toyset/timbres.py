"""What there is to choose from: the factors with their units and ranges, and the 16 instruments.

Contents
--------
Factor, FACTORS    columns of ``notes.csv`` that describe the sound, each with unit, range and curve
Timbre, TIMBRES    the instruments: names, function, factors that each one has
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from . import noises, strikes, tones


@dataclass(frozen=True)
class Factor:
    """One ground-truth column.

    Parameters
    ----------
    column, unit, meaning : str
        Name in ``notes.csv``, unit, and definition in one line.
    low, high : float
        Range, in ``unit``.
    logarithmic : bool
        Draw evenly over the logarithm instead of the value.
    """

    column: str
    unit: str
    low: float
    high: float
    logarithmic: bool
    meaning: str

    def at(self, position, limits=None):
        """Return the value at ``position`` in [0, 1] of the range or of ``limits``, to four digits."""
        low, high = limits or (self.low, self.high)
        value = low * (high / low) ** position if self.logarithmic else low + (high - low) * position
        return float(f"{value:.4g}")


FACTORS = (
    Factor("attack_ms", "ms", 5.0, 160.0, True,
           "length of the rise from silence to full level, a raised cosine"),
    Factor("decay_ms", "ms", 400.0, 4000.0, True,
           "time in which the fundamental (FM and noises: the whole) falls by 60 dB"),
    Factor("tilt_db_per_octave", "dB/octave", -15.0, -5.0, False,
           "slope of the partials' amplitudes at the onset, or of a noise's power density above 200 Hz"),
    Factor("inharmonicity", "1", 5e-5, 1.0, True, "B in f_n = n f_1 sqrt((1 + B n^2) / (1 + B))"),
    Factor("odd_even", "dB", 0.0, 24.0, False, "level of the odd partials above the even ones"),
    Factor("noise_to_harmonic_db", "dB", -40.0, -15.0, False,
           "energy of the noise over that of the harmonics"),
    Factor("roughness_depth", "1", 0.0, 0.7, False,
           "depth d of the amplitude modulation 1 + d cos, at f0 / 8, at most 70 Hz"),
    Factor("low_share", "1", 0.3, 0.85, False,
           "share of the energy in partial 1, or below 200 Hz where unpitched"),
    Factor("vibrato_hz", "Hz", 4.0, 7.0, False, "rate of the vibrato"),
    Factor("vibrato_cents", "cents", 3.0, 20.0, False, "largest deviation of the vibrato from f0"),
    Factor("shape", "1", 0.0, 1.0, False, "the instrument's own control, see its row"),
)


@dataclass(frozen=True)
class Timbre:
    """One instrument.

    Parameters
    ----------
    name, abbreviation, family : str
        As in TinySOL's columns Instrument (in full), Instrument (abbr.) and Family.
    synthesise : callable
        ``(note, rng) -> (N_SAMPLES,)``, or None where another program renders it.
    factors : tuple of str
        Columns that it has; the others are empty in its rows.
    pitched : bool
        Unpitched notes have no pitch in the table.
    limits : dict
        Ranges that replace those of ``FACTORS``.
    """

    name: str
    abbreviation: str
    family: str
    synthesise: Callable | None
    factors: tuple
    pitched: bool = True
    limits: dict = field(default_factory=dict)


_VIBRATO = ("vibrato_hz", "vibrato_cents")
TIMBRES = (
    Timbre("Organ", "Org", "Keyboards", tones.organ,
           ("attack_ms", "tilt_db_per_octave", "odd_even", "low_share")),
    Timbre("Reed", "Rd", "Winds", tones.reed, ("attack_ms", "tilt_db_per_octave", "odd_even", *_VIBRATO)),
    Timbre("Bowed String", "Bow", "Strings", tones.bowed,
           ("attack_ms", "tilt_db_per_octave", "noise_to_harmonic_db", *_VIBRATO)),
    Timbre("Breathy Flute", "BFl", "Winds", tones.flute,
           ("attack_ms", "noise_to_harmonic_db", "low_share", *_VIBRATO)),
    Timbre("Formant Voice", "Vox", "Voices", tones.voice,
           ("attack_ms", "noise_to_harmonic_db", *_VIBRATO, "shape")),
    Timbre("Subtractive Synth", "Sub", "Electronics", tones.subtractive, ("attack_ms", *_VIBRATO, "shape")),
    Timbre("Ring Modulator", "Rng", "Electronics", tones.ring, ("attack_ms", "shape")),
    Timbre("Beating Organ", "Bt", "Keyboards", tones.beating,
           ("attack_ms", "tilt_db_per_octave", "roughness_depth", "low_share")),
    Timbre("FM Piano", "FM", "Electronics", strikes.fm, ("decay_ms", "shape")),
    Timbre("Plucked String", "Plk", "Strings", strikes.pluck, ("decay_ms", "shape")),
    Timbre("Hammered String", "Ham", "Keyboards", strikes.hammer,
           ("decay_ms", "tilt_db_per_octave", "inharmonicity"), limits={"inharmonicity": (5e-5, 3e-4)}),
    Timbre("Struck Bar", "Bar", "Percussion", strikes.bar,
           ("decay_ms", "tilt_db_per_octave", "inharmonicity"), limits={"inharmonicity": (0.05, 1.0)}),
    Timbre("Drum Head", "Drm", "Percussion", strikes.membrane, ("decay_ms", "shape")),
    Timbre("Noise Burst", "Nb", "Noises", noises.burst,
           ("attack_ms", "decay_ms", "tilt_db_per_octave", "low_share"), pitched=False),
    Timbre("Rattle", "Rt", "Noises", noises.rattle,
           ("decay_ms", "tilt_db_per_octave", "roughness_depth"), pitched=False),
    Timbre("Cymbal", "Cym", "Percussion", noises.cymbal, ("decay_ms", "tilt_db_per_octave"), pitched=False),
)
