"""What the chapter ships: ``chords.pt``, from chorales and the toy grammar (and POP909 where it is at hand)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def make(run, build):
    """Train ``chords.pt``.

    Parameters
    ----------
    run : callable
        Runs a command of ``main.py``.
    build : pathlib.Path
        Folder of the files.

    Returns
    -------
    list of pathlib.Path
        The file for ``patch/``.
    """
    toy, songs, out = build / "toy-chords", build / "songs", build / "chords.pt"
    if not toy.is_dir():
        maker = ROOT / "toy" / "make_toy.py"
        subprocess.run([sys.executable, str(maker), "chords", "--out", str(toy), "--songs", "600"], check=True)
    pop = os.environ.get("POP909")
    if not songs.is_dir():
        named = ("--source", "pop909", "--data", pop) if pop else ()
        if not pop:
            print("chords: going on without POP909; name its folder with POP909=FOLDER", flush=True)
        run("chords", "build", *named, "--source", "music21", "--source", "songs", "--data", toy, "--out", songs)
    run("train", "chords/shipped", "--data", songs, "--out", out)
    return [out]
