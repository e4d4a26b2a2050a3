"""A note and the names of its columns -> the values measured on the sound, in the table's units.

Contents
--------
measured   which measurement answers for which column
beat_hz    rate at which a pitched note beats
"""

from . import measure, measure_noise


def beat_hz(f0):
    """Return the rate in Hz of the beats of a pitched note: f0 / 8, at most 70 Hz."""
    return min(70.0, f0 / 8.0)


def measured(x, row, f0=None):
    """Return the factors of one note that can be measured on it.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples,)`` at 22,050 Hz, float.
    row : dict of str
        The note's row; only which of its columns are filled is looked at.
    f0 : float or None
        Rough fundamental in Hz, None for an unpitched note.

    Returns
    -------
    dict
        Column -> float, for every filled column but ``shape``.
    """
    if f0 is None:
        values = _noise(x, row)
    elif row["attack_ms"]:
        values = _sustained(x, row, measure.fundamental(x, f0))
    else:
        values = _struck(x, row, measure.fundamental(x, f0))
    return {column: float(value) for column, value in values.items() if row[column]}


def _sustained(x, row, f0):
    values = {"f0_hz": f0}
    if row["vibrato_hz"]:
        values["vibrato_hz"], values["vibrato_cents"], phase = measure.vibrato(x, f0)
    else:
        phase = measure.steady(x, f0)
    amplitude, floor = measure.levels(x, phase)
    first = 2 if row["low_share"] else 1
    if row["tilt_db_per_octave"]:
        values["tilt_db_per_octave"], values["odd_even"] = measure.line(amplitude, floor, first)
    values["low_share"] = measure.low_share(amplitude)
    if row["noise_to_harmonic_db"]:
        values["noise_to_harmonic_db"] = measure.noise_to_harmonic(x, phase, values["vibrato_hz"])
    rate = beat_hz(f0) if row["roughness_depth"] else 0.0
    if rate:
        values["roughness_depth"] = measure.roughness(x, phase, rate)
    # a filter that closes during the attack (Sub) leaves only partial 1 alone
    values["attack_ms"] = measure.attack(x, phase, rate, 1 if row["Instrument (abbr.)"] == "Sub" else None)
    return values


def _struck(x, row, f0):
    # the power of frequency modulation is spread over partials that come and go; all others decay by themselves
    values = {"f0_hz": f0, "decay_ms": measure.decay(x, None if row["Instrument (abbr.)"] == "FM" else f0)}
    if row["inharmonicity"]:
        values["inharmonicity"] = measure.inharmonicity(x, f0)
        values["tilt_db_per_octave"] = measure.onset_tilt(x, f0, values["inharmonicity"])
    return values


def _noise(x, row):
    values = {"decay_ms": measure.decay(x), "tilt_db_per_octave": measure_noise.noise_tilt(x),
              "low_share": measure_noise.noise_low_share(x)}
    if row["attack_ms"]:
        values["attack_ms"] = measure_noise.noise_attack(x, values["decay_ms"])
    if row["roughness_depth"]:
        values["roughness_depth"] = measure_noise.noise_roughness(x, values["decay_ms"])
    return values
