"""What the demo shows: the external's build, the picture of the walk, the summary."""

import os
import shutil
import subprocess
import sys

import numpy as np
import soundfile
from latentsampler.chapters.instrument import figures
from latentsampler.contract import notemap
from tqdm import tqdm


def bar(items, name):
    """Return ``items`` with a progress bar."""
    return tqdm(items, desc=name, leave=False)


def say(figures):
    """Print a dict, one line per entry."""
    for name, value in figures.items():
        print(f"   {name:32s} {value:.4g}" if isinstance(value, float) else f"   {name:32s} {value}", flush=True)


def start_external(root, out):
    """Start to compile the external in the background; return the process, or None where parts are missing."""
    missing = [tool for tool in ("cmake", "c++", "pd") if shutil.which(tool) is None]
    if missing:
        print(f"skipped: the external and Pure Data ({', '.join(missing)} not found; see README, 'System parts')")
        return None
    folder = out.resolve() / "external-build"
    steps = [["cmake", "-S", str(root / "external"), "-B", str(folder), "-DCMAKE_BUILD_TYPE=Release",
              f"-DPython3_EXECUTABLE={sys.executable}", "-DBUILD_TESTING=OFF"],
             ["cmake", "--build", str(folder)],
             ["cmake", "--install", str(folder), "--prefix", str(out.resolve() / "external")]]
    script = " && ".join(" ".join(f"'{word}'" for word in step) for step in steps)
    log = open(out / "external.log", "w", encoding="utf-8")  # noqa: SIM115 (the child owns it)
    return subprocess.Popen(["nice", "sh", "-c", script], stdout=log, stderr=subprocess.STDOUT, env=os.environ)


def finish_external(builder, out, point, note):
    """Wait for the build, render a point with the C++ program, and compare it with Python's note."""
    if builder is None:
        return {"built": False}
    if builder.wait() != 0:
        tail = (out / "external.log").read_text(encoding="utf-8").splitlines()[-5:]
        raise RuntimeError("the external did not compile; the end of external.log:\n" + "\n".join(tail))
    program = out / "external-build" / "wae-render"
    wav = out / "point.wav"
    done = subprocess.run([str(program), str(out / "generative.pt"), "--point", *(f"{x:.9g}" for x in point),
                           "--out", str(wav)], capture_output=True, text=True, check=True)
    got = soundfile.read(wav, dtype="float32")[0]
    found = {"built": True, "program": str(program), "largest_difference_from_python": float(np.abs(got - note).max())}
    print(done.stdout.strip())
    say(found)
    return found


def draw(out, metadata, points, step_ms):
    """Draw walk.png: the spectrogram of walk.wav above the walk among the notes in both latent planes."""
    sound = soundfile.read(out / "walk.wav", dtype="float32")[0]
    notes = notemap.read(out / "generative.map.txt")
    figures.figure_walk(sound, points, metadata, notes, step_ms / 1000.0).savefig(out / "walk.png", dpi=110)


def tell(summary, out):
    """Print what was built where, how long it took, and how good it is."""
    model, measured, walk = summary["autoencoder"], summary["measured"], summary["walk"]
    print("\n== summary")
    print("   seconds: " + ", ".join(f"{name} {value:g}" for name, value in summary["seconds"].items())
          + f"; {sum(summary['seconds'].values()):.0f} in all")
    print(f"   notes: {summary['notes']['accepted']} accepted, {summary['notes']['rejected']} rejected "
          f"({out}/notes, with rejected.csv)")
    print(f"   autoencoder: {model['lsd_db']:.2f} dB log-spectral distance on held-out recordings; "
          f"PCA of the same size {model['pca_lsd_db']:.2f} dB")
    for name, values in summary["vocoders"].items():
        print(f"   {name}: spectral convergence {values['sc_db']:.1f} dB, "
              f"log-spectral distance {values['lsd_db']:.2f} dB, {values['ms_per_second']:.1f} ms per second of sound")
    print(f"   the walk plays {summary['chosen']}")
    print(f"   walk: {walk['points']} points by {walk['player']}, {walk['seconds']} s, peak {walk['peak_dbfs']} dBFS, "
          f"{walk['largest_difference_from_python']:.1e} from Python's own rendering")
    print(f"   pitch: {measured['within_50_cents']:.0%} of notes within 50 cents of the requested one, "
          f"median {measured['median_cents']:.1f}; {measured['silent']} silent notes")
    print(f"   files: {out}/model.pt vocoder.pt generative.pt walk.wav walk.png summary.json")
    print("   play it: make external && pd patch/main.pd")
