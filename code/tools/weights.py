#!/usr/bin/env python3
"""Train what ``patch/`` ships, in order (notes, model, vocoder, instrument, knobs): called by ``make weights``.

A chapter that ships a file of its own holds ``weights.py`` with ``make(run, build) -> files``, which is found by its
place and called afterwards; CHAPTER=name trains that chapter's alone.

The environment names the interpreter (PYTHON) and the notes (DATA: a folder that gets a store, or a packed .npz).
DEVICE=cuda trains on a GPU.
"""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD, PATCH, RESULTS = ROOT / "build" / "weights", ROOT / "patch", ROOT / "report" / "results"


def run(*arguments):
    """Run one command of ``code/main.py``; a failure ends the whole."""
    command = [os.environ.get("PYTHON", sys.executable), str(ROOT / "code" / "main.py"), *map(str, arguments)]
    print("$", " ".join(command[1:]), flush=True)
    subprocess.run(command, check=True, cwd=ROOT)


def find_notes(data):
    """Return the store in ``data`` (built there from the SoundFont when there is none), or a packed .npz as it is."""
    if data.suffix == ".npz":
        return data
    run("dataset", "build", "--source", "soundfont", "--out", data)
    stores = [path.parent for path in data.glob("*/info.json")]
    if len(stores) != 1:
        raise SystemExit(f"expected one store in {data}, found {len(stores)}; remove the others")
    return stores[0]


def chapters():
    """Return the modules ``weights`` of the chapters that ship a file: name -> module."""
    import latentsampler.chapters

    names = sorted(path.parent.name for folder in latentsampler.chapters.__path__
                   for path in Path(folder).glob("*/weights.py"))
    return {name: importlib.import_module(f"latentsampler.chapters.{name}.weights") for name in names}


def ship(paths):
    """Copy files to ``patch/``."""
    for path in paths:
        shutil.copy(path, PATCH / path.name)
        print(f"shipped patch/{path.name} ({path.stat().st_size / 1e6:.1f} MB)")


def main():
    """Train, export, and move everything to its place."""
    BUILD.mkdir(parents=True, exist_ok=True)
    only = os.environ.get("CHAPTER")
    if not only:
        ship(make_instrument())
    for name, module in chapters().items():
        if only in (None, "", name):
            try:
                ship(module.make(run, BUILD))
            except FileNotFoundError as missing:
                print(f"{name}: going on without its file: {missing}", flush=True)


def make_instrument():
    """Train model, vocoder, instrument and knobs; return the files."""
    data = find_notes(Path(os.environ.get("DATA", BUILD / "notes")))
    device = os.environ.get("DEVICE", "cpu")
    model, vocoder, generative = (BUILD / f"{name}.pt" for name in ("model", "vocoder", "generative"))
    for record in ("autoencoder/wae/seed0", "vocoder/harmonic/seed0"):
        shutil.rmtree(RESULTS / record, ignore_errors=True)  # git keeps what was there
    run("train", "autoencoder/wae", "--data", data, "--out", model, "--device", device, "--record")
    run("train", "vocoder/harmonic", "--data", data, "--model", model, "--out", vocoder, "--device", device,
        "--record")
    run("export", "--model", model, "--vocoder", vocoder, "--data", data, "--grid", BUILD / "grid.wav", "--out",
        generative)
    shipped = [model, vocoder, generative, generative.with_suffix(".map.txt"), BUILD / "grid.wav", BUILD / "grid.txt"]
    if has_librosa():
        shipped += make_knobs(data, model, vocoder, generative)
    else:
        print("no knobs: librosa, which measures their pitch, is not here; run `make weights` where it is", flush=True)
    return shipped


def has_librosa():
    """Say whether the interpreter that trains can measure pitch: a machine that only trains cannot."""
    command = [os.environ.get("PYTHON", sys.executable), "-c", "import librosa"]
    return subprocess.run(command, capture_output=True).returncode == 0


def make_knobs(data, model, vocoder, generative):
    """Name the axes of an instrument, train the knobs on its sound, export them; return the files."""
    projection, knobs = BUILD / "projection.pt", BUILD / "knobs.pt"
    shutil.rmtree(RESULTS / "projection/knobs/seed0", ignore_errors=True)
    run("project", "name-axes", generative)
    run("project", "held-out", "--out", BUILD / "held-out")
    run("train", "projection/knobs", "--data", data, "--model", model, "--vocoder", vocoder, "--held-out",
        BUILD / "held-out", "--out", projection, "--record")
    run("export", "--controls", "knobs", "--model", model, "--vocoder", vocoder, "--projection", projection, "--data",
        data, "--out", knobs)
    return [knobs, knobs.with_suffix(".map.txt")]


if __name__ == "__main__":
    main()
