"""Notes that are sound files: which there are, and how they are read.

Contents
--------
FileSource   rows, and files to read them from: a source (see ``build``)
read_sound   beginning of a file -> mono waveform at any rate
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from latentsampler.data.fields import RejectedError
from latentsampler.data.prepare import check_clipping
from latentsampler.data.table import Rows

PROMPT, SEARCH = 0.25, 2.0  # seconds before a note that are looked through for its onset, first and at most


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
            if (self.root / (row["Path"] + self.suffix)).is_file():
                yield row
            else:
                self._rejected.append({"path": row["Path"], "reason": "missing: in the table only"})

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


def read_sound(path, sample_rate, seconds):
    """Read the beginning of a sound file.

    Parameters
    ----------
    path : str or pathlib.Path
        Anything that libsndfile reads.
    sample_rate : int
        Hz, of the result.
    seconds : float
        How much to read, at most.

    Returns
    -------
    numpy.ndarray
        ``(n,)`` float32, channels averaged, resampled as ``librosa.load`` does (soxr, high quality).

    Raises
    ------
    RejectedError
        If the file cannot be read, or is clipped.
    """
    import soundfile
    import soxr

    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            sound = file.read(int(np.ceil(seconds * rate)), dtype="float32", always_2d=True)  # (n, C)
    except (soundfile.SoundFileError, OSError) as error:
        raise RejectedError(f"unreadable: {error}") from error
    if not np.all(np.isfinite(sound)):
        raise RejectedError(f"NaN: {np.count_nonzero(~np.isfinite(sound))} samples are not finite")
    for channel in sound.T:
        check_clipping(channel)
    return soxr.resample(sound.mean(axis=1), rate, sample_rate, quality="HQ")  # (n,)
