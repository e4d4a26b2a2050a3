"""What the chapter ships: ``rhythm.pt`` from Groove MIDI, and ``drums.pt`` from a folder of one-shots."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def make(run, build):
    """Train the chapter's files.

    Parameters
    ----------
    run : callable
        Runs a command of ``main.py``.
    build : pathlib.Path
        Folder of the files.

    Returns
    -------
    list of pathlib.Path
        The files for ``patch/``.

    Raises
    ------
    FileNotFoundError
        If the data are not there; the message says which and where they come from.
    """
    groove = _folder("GROOVE", "data/groove", "the Groove MIDI Dataset (CC BY 4.0; mirdata downloads it)")
    drums = _folder("DRUMS", "data/drums", "drum one-shots with drums.csv and audio/ (the shipped ones are CC0)")
    store, out = build / "groove", build / "rhythm.pt"
    if not store.is_dir():
        run("rhythm", "build", "--source", groove, "--out", store)
    run("train", "rhythm/shipped", "--data", store, "--out", out)
    run("rhythm", "drums", "--source", drums, "--out", build / "drums.pt", "--rhythm", out)
    return [out, build / "drums.pt"]


def _folder(variable, default, what):
    folder = Path(os.environ.get(variable, ROOT / default))
    if not folder.is_dir():
        raise FileNotFoundError(f"expected {what} in {folder}; name another folder with {variable}=FOLDER")
    return folder
