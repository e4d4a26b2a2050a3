r"""Notes -> audio files and ``notes.csv``.

Conventions
-----------
* Audio is mono, 16 bits, 22,050 Hz, ``family/instrument/technique/name`` below the output folder.
* ``sha256`` is that of the note as a WAV file with a header of 44 bytes; a FLAC copy keeps it, as FLAC's own
  bytes depend on the encoder's version.
* ``notes.csv``: comma-separated, ``\n`` at line ends, TinySOL's columns, then the factors, then the checksum.

Contents
--------
COLUMNS       names of the columns, in order
file_name     note -> path below the output folder
wav_bytes     int16 samples -> a whole WAV file
write_note    synthesise and write one note
write_table   rows -> notes.csv
read_table    notes.csv -> rows
"""

import csv
import hashlib
import io
import wave
from pathlib import Path

import numpy as np
import soundfile

from .blocks import SAMPLE_RATE, finish
from .plan import DYNAMICS
from .timbres import FACTORS

TINYSOL_COLUMNS = ("Path", "Fold", "Family", "Instrument (abbr.)", "Instrument (in full)",
                   "Technique (abbr.)", "Technique (in full)", "Pitch", "Pitch ID", "Dynamics", "Dynamics ID",
                   "Instance ID", "String ID (if applicable)", "Needed digital retuning")
FACTOR_COLUMNS = ("f0_hz", *(factor.column for factor in FACTORS))
COLUMNS = (*TINYSOL_COLUMNS, *FACTOR_COLUMNS, "sha256")


def file_name(note, extension):
    """Return the path of a note below the output folder, with ``/`` between folders.

    A pitched note is named as TinySOL's own (no string, not retuned), an unpitched one by its instance.
    """
    folder = f"{note.timbre.family}/{note.timbre.name.replace(' ', '_')}/ordinario"
    start = f"{note.timbre.abbreviation}-ord-{note.pitch_name or 'N'}-{note.dynamics}"
    return f"{folder}/{start}-{'N-N' if note.timbre.pitched else f'N-{note.instance:02d}'}.{extension}"


def wav_bytes(samples):
    """Return int16 ``samples`` ``(n,)`` as the bytes of a mono WAV file."""
    with io.BytesIO() as target:
        with wave.open(target, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(SAMPLE_RATE)
            sound.writeframes(np.asarray(samples, dtype="<i2").tobytes())
        return target.getvalue()


def synthesise(note):
    """Return one note, ``(N_SAMPLES,)`` int16."""
    return finish(note.timbre.synthesise(note, note.rng()), note.dynamics)


def write_note(note, out, extension, samples=None):
    """Write one note below ``out`` and return its row of the table.

    Parameters
    ----------
    note : Note
        What to play.
    out : pathlib.Path
        Folder.
    extension : str
        ``"wav"`` or ``"flac"``.
    samples : numpy.ndarray or None
        ``(N_SAMPLES,)`` int16 where another program has rendered it.

    Returns
    -------
    dict
        Column name -> str.
    """
    samples = synthesise(note) if samples is None else samples
    content = wav_bytes(samples)
    path = Path(out, file_name(note, extension))
    path.parent.mkdir(parents=True, exist_ok=True)
    if extension == "wav":
        path.write_bytes(content)
    else:
        soundfile.write(path, samples, SAMPLE_RATE, subtype="PCM_16")
    return row(note, extension, hashlib.sha256(content).hexdigest())


def row(note, extension, checksum):
    """Return the row of the table of one note, column name -> str."""
    values = (file_name(note, extension), note.fold, note.timbre.family, note.timbre.abbreviation,
              note.timbre.name, "ord", "ordinario", note.pitch_name, "" if note.pitch is None else note.pitch,
              note.dynamics, DYNAMICS[note.dynamics], note.instance, "", "FALSE",
              *(_text(getattr(note, column)) for column in FACTOR_COLUMNS), checksum)
    return dict(zip(COLUMNS, map(str, values), strict=True))


def _text(value):
    return "" if value is None else f"{value:.7g}"


def write_table(rows, path):
    """Write rows (dicts of str) to ``path`` as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_table(path):
    """Return the rows of a ``notes.csv`` as dicts of str."""
    with open(path, newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))
