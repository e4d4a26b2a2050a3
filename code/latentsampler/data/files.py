"""Notes that are sound files: which there are, and how they are read.

Contents
--------
FileSource   rows, and files to read them from: a source (see ``build``)
read_sound   beginning of a file -> mono waveform at any rate
"""

import hashlib
import io
import json
import os
import struct
from pathlib import Path

import numpy as np

from latentsampler.data.fields import RejectedError
from latentsampler.data.prepare import check_clipping
from latentsampler.data.table import Rows

PROMPT, SEARCH = 0.25, 2.0  # seconds before a note that are looked through for its onset, first and then
QUIET, LOUDER, SILENT = 0.01, 10.0, 0.001  # peak of a beginning that is no note where LOUDER times it follows
LOWEST_RATE = 1000  # Hz
LOUDEST = 1000.0  # re full scale: 60 dB above it


class FileSource:
    """Notes that are sound files.

    Parameters
    ----------
    name : str
        What it is, for people.
    root : pathlib.Path
        What the paths of rows are relative to.
    rows : iterable of dict
        The notes.
    rejected : list of dict
        "path" and "reason" of what is no note; more are appended while ``rows`` is read.
    suffix : str
        Added to a row's path to get the file's.
    """

    def __init__(self, name, root, rows, rejected, suffix=""):
        self.root, self.suffix = Path(root), suffix
        self._rejected = rejected
        self._rows = Rows(self._present(rows))
        self.description = {"source": name, "notes": len(self._rows), "fingerprint": self._fingerprint()}

    def __getstate__(self):
        return {**self.__dict__, "_rows": (), "_rejected": ()}  # workers read files; they are told which

    def _present(self, rows):
        for row in rows:
            reason = _why_no_file(self.root / (row["Path"] + self.suffix))
            if reason:
                self._rejected.append({"path": row["Path"], "reason": reason})
            else:
                yield row

    def _fingerprint(self):
        # size and three pieces of each file: reading gigabytes to find a finished store would take minutes
        digest = hashlib.sha256(json.dumps(self._rejected).encode())
        for row in self._rows:
            digest.update(json.dumps(row, sort_keys=True).encode())
            path = self.root / (row["Path"] + self.suffix)
            size = path.stat().st_size
            digest.update(str(size).encode())
            with open(path, "rb") as file:
                for start in (0, size // 2, max(0, size - 4096)):
                    file.seek(start)
                    digest.update(file.read(4096))
        return digest.hexdigest()[:32]

    def notes(self):
        """Return the rows that have a file, and what was rejected."""
        return self._rows, self._rejected

    def read(self, row, sample_rate, seconds):
        """Return the first ``seconds`` of a note and what may come before its onset (see `read_sound`)."""
        path = self.root / (row["Path"] + self.suffix)
        sound = read_sound(path, sample_rate, seconds + PROMPT)
        level = np.abs(sound)
        if level[:int(PROMPT * sample_rate)].max(initial=0.0) > 0.1 * level.max(initial=0.0):
            return sound  # most notes start at once: reading and resampling more is half of a build's time
        return read_sound(path, sample_rate, seconds + SEARCH)


def _why_no_file(path):
    """Return why a path is no file that can be read, or nothing."""
    if path.is_file():
        return "" if os.access(path, os.R_OK) else "unreadable: no permission"
    if path.is_symlink() and not path.exists():
        return f"missing: a link to {os.readlink(path)}, which is not there"
    if path.is_dir():
        return "missing: a folder, expected a file"
    return "unreadable: a device or a pipe, expected a file" if path.exists() else "missing: in the table only"


def read_sound(path, sample_rate, seconds):
    """Read the beginning of a sound file, and up to its sound where a long silence comes first.

    Parameters
    ----------
    path : str or pathlib.Path
        Anything that libsndfile reads, and wav files whose header was never finished.
    sample_rate : int
        Hz, of the result.
    seconds : float
        How much to read, at most; of a sound after a long silence, beside that silence.

    Returns
    -------
    numpy.ndarray
        ``(n,)`` float32, channels averaged (or the stronger one, where they cancel), resampled as ``librosa.load`` does
        (soxr, high quality).

    Raises
    ------
    RejectedError
        If the file cannot be read, is clipped, or holds no plausible numbers.
    """
    import soundfile
    import soxr

    try:
        with soundfile.SoundFile(_finished(path)) as file:
            rate, bits = file.samplerate, _BITS.get(file.subtype, 16)
            if rate < LOWEST_RATE:
                raise RejectedError(f"unreadable: expected a sample rate of at least {LOWEST_RATE} Hz, got {rate}")
            sound = _sounding(file, int(np.ceil(seconds * rate)))  # (n, C)
    except (soundfile.SoundFileError, OSError) as error:
        reason = getattr(error, "error_string", str(error))
        if reason.startswith("File does not exist"):  # what the decoder of mp3 says of a file that is there
            reason = "what is in it cannot be decoded"
        raise RejectedError(f"unreadable: {reason}") from error
    if not np.all(np.isfinite(sound)):
        raise RejectedError(f"NaN: {np.count_nonzero(~np.isfinite(sound))} samples are not finite")
    if np.abs(sound).max(initial=0.0) > LOUDEST:
        raise RejectedError(f"too loud: peak {np.abs(sound).max():.2g}, expected full scale 1")
    for channel in sound.T:
        check_clipping(channel, bits)
    return soxr.resample(_mono(sound), rate, sample_rate, quality="HQ")  # (n,)


_BITS = {"PCM_U8": 8, "PCM_S8": 8, "ULAW": 8, "ALAW": 8, "PCM_24": 24, "PCM_32": 24, "FLOAT": 24, "DOUBLE": 24}


def _sounding(file, n):
    """Return the first ``n`` frames of a file, and more where these are nearly silent and a sound comes later."""
    first = file.read(n, dtype="float32", always_2d=True)  # (n, C)
    peak, end = np.abs(first).max(initial=0.0), len(first)
    while peak < QUIET:
        more = file.read(n, dtype="float32", always_2d=True)
        if len(more) == 0:
            break
        if np.abs(more).max() > max(LOUDER * peak, SILENT):
            file.seek(0)
            return file.read(end + 2 * n, dtype="float32", always_2d=True)
        peak, end = max(peak, np.abs(more).max()), end + len(more)
    return first


def _mono(sound):
    """Return the average of the channels, or the strongest where they cancel, as left = -right does."""
    average = sound.mean(axis=1)
    energies = np.square(sound).sum(axis=0)
    cancel = np.square(average).sum() < 0.01 * energies.max(initial=0.0) / max(1, sound.shape[1])
    return np.ascontiguousarray(sound[:, np.argmax(energies)]) if cancel else average


def _finished(path):
    """Return a path, or the bytes of a wav file with the sizes that a stream's header lacks."""
    with open(path, "rb") as file:
        head = file.read(4096)
        start = head.find(b"data", 12)
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE" or start < 0 or len(head) < start + 8:
            return os.fsencode(path)  # any bytes: soundfile would encode a text as UTF-8
        declared = struct.unpack("<I", head[start + 4:start + 8])[0]
        length = os.fstat(file.fileno()).st_size - start - 8
        if declared not in (0, 0xFFFFFFFF) or length <= 0:
            return os.fsencode(path)
        whole = bytearray(head + file.read())
    whole[4:8] = struct.pack("<I", len(whole) - 8)
    whole[start + 4:start + 8] = struct.pack("<I", length)
    return io.BytesIO(whole)
