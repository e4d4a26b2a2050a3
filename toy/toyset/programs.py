"""Instruments that another program plays: one in Csound, one in Pure Data, with the same table as the others.

Conventions
-----------
The program renders onset, envelope and tone, one file of 32-bit floats a note; level, end fade and 16 bits are
``blocks.finish``'s, as for every note. Bytes are the same for the same version of the program.

Contents
--------
Program, PROGRAMS   what is needed to play an instrument elsewhere
render              notes -> samples
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from . import blocks
from .timbres import Timbre
from .tones import vowel_formants

HERE = Path(__file__).resolve().parent


class ProgramError(RuntimeError):
    """The program ran and did not do what was asked."""


@dataclass(frozen=True)
class Program:
    """An instrument and the program that plays it.

    Parameters
    ----------
    executable, package : str
        Command, and the Debian package that holds it.
    timbre : Timbre
        What it plays.
    files : callable
        ``notes -> {file name: text}``, all that the program reads.
    command : tuple of str
        Run in the folder of those files; must leave ``0.wav``, ``1.wav``, ... there.
    """

    executable: str
    package: str
    timbre: Timbre
    files: Callable
    command: tuple

    def is_here(self):
        """Return whether the program is installed."""
        return shutil.which(self.executable) is not None


def render(program, notes):
    """Return the samples of each note, ``(N_SAMPLES,)`` int16, in order.

    Parameters
    ----------
    program : Program
        Installed.
    notes : list of Note
        Of that program's timbre.

    Raises
    ------
    ProgramError
        When it fails, or leaves no sound or one of another length; the message ends with what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, text in program.files(notes).items():
            Path(folder, name).write_text(text, encoding="utf-8")
        done = subprocess.run([program.executable, *program.command], cwd=folder, capture_output=True, text=True,
                              timeout=60 + len(notes))
        said = (done.stdout + done.stderr)[-600:]
        if done.returncode != 0:
            raise ProgramError(f"{program.executable}: expected exit status 0, got {done.returncode}; it said:\n{said}")
        return [blocks.finish(_read(Path(folder, f"{k}.wav"), said), note.dynamics) for k, note in enumerate(notes)]


def _read(path, said):
    if not path.is_file():
        raise ProgramError(f"expected {path.name} to be rendered, got no such file; the program said:\n{said}")
    samples, rate = soundfile.read(path)
    if (samples.shape, rate) != ((blocks.N_SAMPLES,), blocks.SAMPLE_RATE):
        raise ProgramError(f"{path.name}: expected {blocks.N_SAMPLES} samples at {blocks.SAMPLE_RATE} Hz, mono, got "
                           f"{samples.shape} at {rate} Hz; the program said:\n{said}")
    return samples


def _csound_files(notes):
    """Return the orchestra with its score: i 1 start length file f0 attack rate cents F1 F2 F3 F4."""
    seconds = blocks.N_SAMPLES / blocks.SAMPLE_RATE
    lines = []
    for k, p in enumerate(notes):
        formants = np.maximum(vowel_formants(p.shape), p.f0_hz)  # singers raise a formant that lies below f0
        values = [k * seconds, seconds, k, p.f0_hz, p.attack_ms / 1000.0, p.vibrato_hz, p.vibrato_cents, *formants]
        lines.append("i 1 " + " ".join(f"{value:.12g}" for value in values))
    return {"fof.csd": (HERE / "fof.csd").read_text(encoding="utf-8").replace("; SCORE", "\n".join(lines))}


def _pd_files(notes):
    """Return the patch with its score, a text for [qlist]: parameters, go, and 1,600 ms later save."""
    lines = []
    for k, p in enumerate(notes):
        highest = max(blocks.HIGHEST_HZ / p.f0_hz - 5.0, 1.5)  # the bell reaches about five partials up
        centre = 1.0 + p.shape * (min(9.0, highest) - 1.0)
        start = (-0.25 - p.vibrato_hz * blocks.TIME[-1] / 2.0) % 1.0  # vibrato crosses zero in the middle
        lines += [f"index {k};", f"f0 {p.f0_hz:.7g};", f"attack {p.attack_ms:.7g};", f"rate {p.vibrato_hz:.7g};",
                  f"sway {p.vibrato_cents * np.log(2.0) / 1200.0:.7g};", f"start {start:.7g};",
                  f"low {int(centre)};", f"high {int(centre) + 1};", f"mix {centre % 1.0:.7g};",
                  "go bang;", "1600 save bang;"]
    return {"paf.pd": (HERE / "paf.pd").read_text(encoding="utf-8"), "score.txt": "\n".join([*lines, "done bang;", ""])}


_FACTORS = ("attack_ms", "vibrato_hz", "vibrato_cents", "shape")
PROGRAMS = {
    "csound": Program("csound", "csound", Timbre("Csound Choir", "CsC", "Voices", None, _FACTORS), _csound_files,
                      ("--nodisplays", "-m0", "-d", "-n", "fof.csd")),
    "pd": Program("pd", "puredata-core", Timbre("Pd Formant", "PdF", "Electronics", None, _FACTORS), _pd_files,
                  ("-nogui", "-nrt", "-batch", "-noprefs", "-noaudio", "-stderr", "-r", "22050", "-open", "paf.pd")),
}
