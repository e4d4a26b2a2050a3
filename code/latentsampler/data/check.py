"""Do the labels of a store agree with its sounds? A sample of notes is listened to.

Contents
--------
Heard            one note: what it is labelled, and what is heard
listen_to        dataset -> list of Heard
disagreement     list of Heard -> one line, or nothing
"""

from collections import Counter
from typing import NamedTuple

import numpy as np

from latentsampler.data.listen import ORDINARY
from latentsampler.data.table import pitches
from latentsampler.sound.pitch import cents, estimate_f0, midi_to_hz

NEAR = 50.0  # cents
OFTEN = 0.25  # of the notes: a well-labelled set has fewer that are further off, which are errors of the estimate
_INTERVALS = {1: "an octave higher than", -1: "an octave lower than"}


class Heard(NamedTuple):
    """A labelled note and what is heard: its index, Hz (NaN where none is), and cents above the label."""

    index: int
    hz: float
    cents: float


def listen_to(dataset, count, seed=0):
    """Estimate the pitch of some of the notes whose pitch was told by a table or a name.

    Parameters
    ----------
    dataset : NoteDataset
        The notes.
    count : int
        How many, at most.
    seed : int
        Of the choice.

    Returns
    -------
    list of Heard
        In order of index.
    """
    rows = [(index, dataset.rows[index]) for index in np.flatnonzero(dataset.labelled.numpy()).tolist()]
    told = [index for index, row in rows if row["Technique (abbr.)"] in ORDINARY and len(pitches(row)) == 1]
    chosen = sorted(np.random.default_rng(seed).permutation(told)[:count].astype(int).tolist())
    heard = []
    for index in chosen:
        hz = estimate_f0(dataset.waveform(index).numpy(), dataset.mel_config.sample_rate)
        heard.append(Heard(index, hz, float(cents(hz, midi_to_hz(dataset.pitch[index].item())))))
    return heard


def disagreement(heard):
    """Return in one line how labels and sounds disagree, or ``""`` where they do not.

    Parameters
    ----------
    heard : list of Heard
        From `listen_to`.

    Returns
    -------
    str
        Names the octaves that most labels are off by, else how many are off.
    """
    sounding = [note.cents for note in heard if not np.isnan(note.cents)]
    octaves = Counter(round(away / 1200.0) for away in sounding if abs(away - 1200.0 * round(away / 1200.0)) <= NEAR)
    octaves.pop(0, None)
    octave, often = octaves.most_common(1)[0] if octaves else (0, 0)
    if often > 0.5 * len(sounding):
        interval = _INTERVALS.get(octave, f"{abs(octave)} octaves {'higher' if octave > 0 else 'lower'} than")
        return (f"labels disagree with the sound: {often} of {len(heard)} notes listened to sound {interval} their "
                "label; correct the names or the table and build again")
    off = sum(abs(away) > NEAR for away in sounding)
    if off > OFTEN * len(heard):
        return (f"labels disagree with the sound: {off} of {len(heard)} notes listened to are further than "
                f"{NEAR:.0f} cents from their label; see `dataset check`")
    return ""
