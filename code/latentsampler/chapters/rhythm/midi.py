"""Standard MIDI files <-> hits; needs mido.

Contents
--------
Performance   hits, tempo and metre of one file
read_midi     file -> Performance; says what is wrong with a file that is none
write_midi    hits -> file
"""

from dataclasses import dataclass

import numpy as np

from latentsampler.chapters.rhythm.grid import KEYS, SENT
from latentsampler.runtime.extras import optional

DRUMS = 9  # MIDI channel 10, counted from 0
TICKS = 480  # per beat, of what is written


@dataclass(frozen=True)
class Performance:
    """What a MIDI file holds for a drummer.

    Parameters
    ----------
    hits : numpy.ndarray
        ``(M, 3)``: beat, voice, velocity (0..1]; sorted by beat.
    bpm : float
        The first tempo; 120 where none is written.
    metre : str
        The first time signature, such as ``"4/4"``.
    unknown : int
        Hits on keys that no voice has.
    """

    hits: np.ndarray
    bpm: float
    metre: str
    unknown: int


def read_midi(path):
    """Read a MIDI file.

    Parameters
    ----------
    path : str or pathlib.Path
        Of any type; channel 10, or every channel where channel 10 is empty.

    Returns
    -------
    Performance
        Its hits.

    Raises
    ------
    ValueError
        If it is no readable MIDI file, or has no hit of any voice.
    """
    mido = optional("mido", "music")
    try:
        file = mido.MidiFile(path)
        ticks, tempo, metre, notes = file.ticks_per_beat, None, None, []
        for track in file.tracks:
            now = 0
            for message in track:
                now += message.time
                if message.type == "note_on" and message.velocity > 0:
                    notes.append((now, message.channel, message.note, message.velocity))
                elif message.type == "set_tempo":
                    tempo = tempo or message.tempo
                elif message.type == "time_signature":
                    metre = metre or f"{message.numerator}/{message.denominator}"
    except (OSError, EOFError, ValueError, IndexError, KeyError, TypeError, mido.KeySignatureError) as error:
        raise ValueError(f"no readable MIDI file: {type(error).__name__} {error}".strip()) from None
    if ticks <= 0:
        raise ValueError(f"expected a division in ticks per beat, got {ticks}")
    drums = [note for note in notes if note[1] == DRUMS] or notes
    hits = np.array([(now / ticks, KEYS[key], velocity / 127) for now, _, key, velocity in drums if key in KEYS])
    if not len(hits):
        raise ValueError(f"expected hits on the keys of a drum kit, found {len(drums)} notes on others")
    hits = hits[np.lexsort((hits[:, 1], hits[:, 0]))]
    return Performance(hits, 6e7 / (tempo or 500_000), metre or "4/4", len(drums) - len(hits))


def write_midi(path, hits, bpm=120.0, length=0.1):
    """Write hits as a MIDI file of type 0 on channel 10.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    hits : numpy.ndarray
        ``(M, 3)``: beat, voice, velocity; what is before beat 0 is written at 0.
    bpm : float
        Tempo.
    length : float
        Of each note, in beats.

    Returns
    -------
    str or pathlib.Path
        ``path``.
    """
    mido = optional("mido", "music")
    events = []
    for beat, voice, velocity in hits:
        on, key = max(0, round(beat * TICKS)), SENT[int(voice)]
        events.append((on, 1, key, int(np.clip(round(velocity * 127), 1, 127))))
        events.append((on + round(length * TICKS), 0, key, 0))
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=round(6e7 / bpm)),
                            mido.MetaMessage("time_signature", numerator=4, denominator=4)])
    now = 0
    for tick, sounding, key, velocity in sorted(events):
        kind = "note_on" if sounding else "note_off"
        track.append(mido.Message(kind, channel=DRUMS, note=key, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(type=0, ticks_per_beat=TICKS)
    file.tracks.append(track)
    file.save(path)
    return path
