"""What a note's sound says about its labels: a missing pitch is estimated, a clearly wrong one rejected.

Contents
--------
listen   (row, waveform) -> row
"""

import numpy as np

from latentsampler.data.fields import RejectedError
from latentsampler.data.table import pitch_name, pitches
from latentsampler.sound.pitch import HIGHEST_HZ, LOWEST_HZ, estimate_f0, heard_instead, hz_to_midi, midi_to_hz

ORDINARY = ("ord", "")  # a harmonic, a slap or a thump may rightly sound elsewhere than where it is fingered


def listen(row, waveform, sample_rate):
    """Return a row with its pitch estimated where neither table nor name told it.

    Parameters
    ----------
    row : dict
        A row; an empty "Pitch source" asks for an estimate, which a pitch that is there only guides.
    waveform : numpy.ndarray
        ``(n_samples,)``.
    sample_rate : int
        Hz.

    Returns
    -------
    dict
        The row; "Pitch source" is "estimate" where the pitch, or its absence, is one.

    Raises
    ------
    RejectedError
        If a note of ordinary technique clearly has another pitch than its label.
    """
    if row.get("Pitch source") == "":
        return {**row, **_estimate(row, waveform, sample_rate)}
    if len(pitches(row)) == 1 and row["Technique (abbr.)"] in ORDINARY:
        label = midi_to_hz(pitches(row)[0])
        audible = LOWEST_HZ <= label <= HIGHEST_HZ
        heard = (heard_instead(waveform, sample_rate, pitches(row)[0]) if audible
                 else estimate_f0(waveform, sample_rate))
        if not np.isnan(heard):
            raise RejectedError(f"mislabelled: {row['Pitch']} is {label:.1f} Hz, heard {heard:.1f} Hz")
    return row


def _estimate(row, waveform, sample_rate):
    number = hz_to_midi(estimate_f0(waveform, sample_rate))
    number = None if np.isnan(number) else round(float(number))
    if number is None or not 0 <= number <= 127:
        return {"Pitch": "", "Pitch ID": "", "Pitch source": "estimate"}
    if any((hint - number) % 12 == 0 for hint in pitches(row)):
        return {"Pitch source": "name"}  # in the name's octave: estimates err by octaves
    return {"Pitch": pitch_name(number), "Pitch ID": str(number), "Pitch source": "estimate"}
