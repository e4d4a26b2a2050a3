"""The whole flow, small: notes -> mels -> V(W)AE -> vocoders -> instrument -> Pure Data -> a picture and a summary.

Called by ``make demo`` or ``python code/main.py``. Writes only under its folder. Parts that the machine lacks (Pure
Data, a compiler, a SoundFont) are named and skipped.
"""

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import torch
from latentsampler.chapters.autoencoder import experiment as autoencoder
from latentsampler.chapters.instrument import generative, puredata, walk
from latentsampler.chapters.vocoder import experiment as vocoder
from latentsampler.contract import export
from latentsampler.data import build, soundfont, sources
from latentsampler.data.splits import split
from latentsampler.data.store import NoteDataset
from latentsampler.sound import pitch
from latentsampler.sound.audio import MelConfig

from tools import demo_report

ROOT = Path(__file__).resolve().parents[2]
N_POINTS, STEP_MS = 32, 400.0  # 400 ms are 8,820 samples at 22,050 Hz: every start falls on a sample
GAIN = 0.15  # four notes of full level ring at a time, with their attacks in phase
SILENT = 10 ** (-50 / 20)  # a note whose peak is under -50 dBFS counts as silent


class Stages:
    """Names and seconds of what was done."""

    def __init__(self):
        self.seconds = {}

    @contextmanager
    def stage(self, name):
        """Time one stage and say its name."""
        print(f"\n== {name}", flush=True)
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 1)


def main(out):
    """Run the flow into the folder ``out``; return the exit status."""
    torch.set_num_threads(1)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    stages, summary = Stages(), {}
    builder = demo_report.start_external(ROOT, out)  # compiles on the other core while the networks train
    try:
        with stages.stage("notes"):
            dataset, summary["notes"] = make_notes(out)
        with stages.stage("autoencoder"):
            summary["autoencoder"], _ = autoencoder.run(autoencoder.RUNS["demo"], 0, out / "model.pt", dataset)
            demo_report.say(summary["autoencoder"])
        with stages.stage("vocoders"):
            summary["vocoders"], summary["chosen"] = train_vocoders(out, dataset)
        with stages.stage("instrument"):
            module, metadata, points, notes = make_instrument(out, dataset)
        with stages.stage("external"):
            summary["external"] = demo_report.finish_external(builder, out, points[0], notes[0])
    finally:
        if builder is not None and builder.poll() is None:
            builder.terminate()
    with stages.stage("walk"):
        summary["walk"] = play_walk(out, metadata, points, notes, summary["external"]["built"])
    with stages.stage("measure"):
        summary["measured"] = measure_notes(notes, points, metadata["sample_rate"])
        demo_report.draw(out, metadata, points, STEP_MS)
    summary["seconds"] = stages.seconds
    (out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    demo_report.tell(summary, out)
    return 0


def make_notes(out):
    """Return a dataset of SoundFont notes, or of toy notes where there is no SoundFont, and what it is."""
    try:
        source = soundfont.SoundFontSource()
    except FileNotFoundError as error:
        print(f"{error}\nfalling back on the toy set")
        toy = out / "toy"
        if not (toy / "notes.csv").is_file():
            subprocess.run([sys.executable, str(ROOT / "toy" / "make_toy.py"), "--out", str(toy)], check=True)
        source = sources.from_table(toy)
    store = build.build_store(source, out / "notes", MelConfig())
    dataset = NoteDataset(store)
    parts = split(dataset)
    found = {"store": str(store), "accepted": len(dataset), "rejected": dataset.info["rejected"],
            "train": len(parts.train), "valid": len(parts.valid), "test": len(parts.test)}
    demo_report.say(found)
    return dataset, found


def train_vocoders(out, dataset):
    """Train an MCNN and a pitch-driven vocoder; keep the one that is closer on held-out notes as vocoder.pt."""
    model = export.load_scripted(out / "model.pt")[0]
    figures = {}
    for name in ("demo-mcnn", "demo-harmonic"):
        print(f"-- {name}")
        figures[name], _ = vocoder.run(vocoder.RUNS[name], 0, out / f"{name}.pt", dataset, model=model)
        figures[name]["ms_per_second"] = 1000.0 * vocoder.seconds_per_second(_vocoder(out / f"{name}.pt"), dataset)
        demo_report.say(figures[name])
    test = split(dataset).test
    figures["griffin-lim-60"] = vocoder.baseline(dataset, test[::max(1, len(test) // 48)])
    figures["griffin-lim-60"]["ms_per_second"] = 1000.0 * vocoder.seconds_per_second(None, dataset)
    print("-- griffin-lim-60, for comparison")
    demo_report.say(figures["griffin-lim-60"])
    chosen = min(("demo-mcnn", "demo-harmonic"), key=lambda name: figures[name]["sc_db"])
    print(f"the walk plays {chosen}")
    (out / "vocoder.pt").write_bytes((out / f"{chosen}.pt").read_bytes())
    return figures, chosen


def _vocoder(path):
    """Return a loaded vocoder that says whether it needs the pitch."""
    module, metadata = export.load_scripted(path)
    return vocoder.Loaded(module, metadata["needs_pitch"])


def make_instrument(out, dataset):
    """Assemble generative.pt and render the walk's notes with it."""
    metadata = generative.assemble(out / "model.pt", out / "vocoder.pt", out / "generative.pt")
    generative.write_map(out / "model.pt", dataset, out / "generative.pt")
    module, metadata = generative.load_generative(out / "generative.pt")
    points = walk.walk_points(metadata, N_POINTS)
    return module, metadata, points, walk.render_points(module, metadata, points)


def play_walk(out, metadata, points, notes, external):
    """Write walk.wav by Pure Data, or by Python where the external is not there; return what was measured in it."""
    rate, n_samples = metadata["sample_rate"], metadata["n_samples"]
    starts = [round(k * STEP_MS * rate / 1000.0) for k in range(len(points))]
    expected = GAIN * walk.mix(notes, starts, starts[-1] + n_samples)
    if external:
        puredata.play(points, STEP_MS, out / "generative.pt", out / "external", out / "walk.wav", rate, n_samples,
                      GAIN)
        got, player = soundfile.read(out / "walk.wav", dtype="float32")[0], "Pure Data"
    else:
        soundfile.write(out / "walk.wav", expected, rate, subtype="FLOAT")
        got, player = expected, "Python (no built external)"
    error = float(np.abs(got[:len(expected)] - expected[:len(got)]).max())
    found = {"player": player, "points": len(points), "seconds": round(len(got) / rate, 2),
            "peak_dbfs": round(float(20 * np.log10(np.abs(got).max() + 1e-9)), 2),
            "largest_difference_from_python": error}
    demo_report.say(found)
    return found


def measure_notes(notes, points, sample_rate):
    """Return the share of notes in tune and the number of silent ones."""
    f0 = np.array([pitch.estimate_f0(note, sample_rate) for note in demo_report.bar(notes, "pitch")])
    off = np.abs(pitch.cents(f0, pitch.midi_to_hz(points[:, -1])))
    found = {"within_50_cents": float(np.mean(off <= 50.0)), "median_cents": float(np.nanmedian(off)),
            "silent": int(np.sum(np.abs(notes).max(axis=1) < SILENT))}
    demo_report.say(found)
    return found
