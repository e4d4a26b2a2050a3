"""Notes and chords -> files that other programs open, and back.

Contents
--------
write_midi, read_midi   rows (beat, pitch, velocity, length) <-> a MIDI file
write_musicxml          chords and notes -> MusicXML with chord symbols
"""

import numpy as np

from latentsampler.chapters.chords.alphabet import NAMES, NONE, QUALITIES
from latentsampler.runtime.extras import optional

TICKS = 480  # per beat


def write_midi(notes, path, bpm=100.0):
    """Write notes as a MIDI file of one track.

    Parameters
    ----------
    notes : numpy.ndarray
        ``(M, 4)``: beat, pitch, velocity in (0, 1], length in beats.
    path : str or pathlib.Path
        The file.
    bpm : float
        Tempo.
    """
    import mido

    messages = []
    for beat, pitch, velocity, length in np.asarray(notes, dtype=float):
        start = round(beat * TICKS)
        level = int(np.clip(round(velocity * 127), 1, 127))
        messages.append((start, 1, mido.Message("note_on", note=int(pitch), velocity=level)))
        messages.append((start + max(1, round(length * TICKS)), 0, mido.Message("note_off", note=int(pitch))))
    track, now = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))]), 0
    for time, _, message in sorted(messages, key=lambda item: item[:2]):  # an end comes before a start at the same time
        track.append(message.copy(time=time - now))
        now = time
    mido.MidiFile(ticks_per_beat=TICKS, tracks=[track]).save(str(path))


def read_midi(path):
    """Return the notes ``(M, 4)`` of a MIDI file: beat, pitch, velocity, length; sorted by beat, then pitch."""
    import mido

    file, notes = mido.MidiFile(str(path)), []
    for track in file.tracks:
        now, open_notes = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                open_notes.setdefault(message.note, []).append((now, message.velocity))
            elif message.type in ("note_on", "note_off") and open_notes.get(message.note):
                start, velocity = open_notes[message.note].pop(0)
                notes.append((start / file.ticks_per_beat, message.note, velocity / 127,
                              (now - start) / file.ticks_per_beat))
    return np.array(sorted(notes)).reshape(-1, 4)


# how music21 names the qualities of A3
KINDS = dict(zip(QUALITIES, (
    "major", "minor", "dominant-seventh", "major-seventh", "minor-seventh", "major-sixth", "minor-sixth", "diminished",
    "diminished-seventh", "half-diminished-seventh", "augmented", "suspended-second", "suspended-fourth",
    "minor-major-seventh"), strict=True))


def write_musicxml(symbols, path, notes=None, per_bar=4, title="chords"):
    """Write chords, one a beat, as MusicXML: a chord symbol where one begins, and the notes where there are some.

    Parameters
    ----------
    symbols : sequence of int
        0 to 168.
    path : str or pathlib.Path
        The file, ``.musicxml``.
    notes : numpy.ndarray, optional
        ``(M, 4)`` as in :func:`write_midi`.
    per_bar : int
        Beats in a bar.
    title : str
        Of the piece.
    """
    music21 = optional("music21", "music")
    part = music21.stream.Part()
    part.append(music21.meter.TimeSignature(f"{per_bar}/4"))
    for beat, symbol in enumerate(symbols):
        if beat and symbol == symbols[beat - 1]:
            continue
        part.insert(beat, _symbol(music21, int(symbol)))
    for beat, pitch, velocity, length in np.asarray(notes if notes is not None else [], dtype=float).reshape(-1, 4):
        note = music21.note.Note(int(pitch), quarterLength=max(0.25, round(length * 4) / 4))
        note.volume.velocity = int(velocity * 127)
        part.insert(round(beat * 4) / 4, note)
    if notes is None or not len(notes):
        for start in range(0, len(symbols), per_bar):  # one rest a bar: a longer one would stretch its bar
            part.insert(start, music21.note.Rest(quarterLength=min(per_bar, len(symbols) - start)))
    score = music21.stream.Score([part.makeMeasures()])
    score.insert(0, music21.metadata.Metadata(title=title))
    score.write("musicxml", fp=str(path))


def _symbol(music21, symbol):
    if symbol == NONE:
        return music21.harmony.NoChord()
    root = NAMES[symbol // 14].replace("b", "-")
    return music21.harmony.ChordSymbol(root=root, kind=KINDS[QUALITIES[symbol % 14]])
