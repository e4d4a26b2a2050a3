"""What the demo shows: the external's build, the picture of the walk, the summary."""

import os
import shutil
import subprocess
import sys

import numpy as np
import soundfile
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
    program = next((out / "external").rglob("wae-render"))
    wav = out / "point.wav"
    done = subprocess.run([str(program), str(out / "generative.pt"), "--point", *(f"{x:.9g}" for x in point),
                           "--out", str(wav)], capture_output=True, text=True, check=True)
    got = soundfile.read(wav, dtype="float32")[0]
    told = {"built": True, "program": str(program), "largest_difference_from_python": float(np.abs(got - note).max())}
    print(done.stdout.strip())
    say(told)
    return told


def draw(out, metadata, points, step_ms):
    """Draw walk.png: the spectrogram of walk.wav above the walk in both latent planes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    sound, rate = soundfile.read(out / "walk.wav", dtype="float32")
    figure = plt.figure(figsize=(11, 8), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 1.2))
    axis = figure.add_subplot(grid[0, :])
    axis.specgram(sound + 1e-9, NFFT=2048, Fs=rate, noverlap=1536, cmap="magma", vmin=-140, vmax=-30)
    axis.set(xlabel="time (s)", ylabel="frequency (Hz)", title="walk.wav", ylim=(0, 8000))
    for k in range(len(points)):
        axis.axvline(k * step_ms / 1000.0, color="white", alpha=0.15, linewidth=0.7)
    notes = np.loadtxt(line.rstrip(";\n") for line in open(out / "generative.map.txt", encoding="utf-8"))
    for plane in (0, 1):
        _plane(figure.add_subplot(grid[1, plane]), notes, points, plane, metadata["controls"])
    figure.savefig(out / "walk.png", dpi=110)
    plt.close(figure)


def _plane(axis, notes, points, plane, controls):
    x, y = 2 * plane, 2 * plane + 1
    rgb = np.stack([notes[:, 4] // 100, notes[:, 4] // 10 % 10, notes[:, 4] % 10], axis=1) / 9.0
    axis.scatter(notes[:, x], notes[:, y], s=6, c=rgb, alpha=0.35, linewidths=0)
    axis.plot(*np.vstack([points, points[:1]])[:, [x, y]].T, color="black", linewidth=0.8)
    steps = axis.scatter(points[:, x], points[:, y], c=np.arange(len(points)), cmap="viridis", s=60, edgecolor="black",
                         zorder=3)
    axis.figure.colorbar(steps, ax=axis, label="step")
    axis.set(xlabel=f"{controls[x]['name']} (sd)", ylabel=f"{controls[y]['name']} (sd)", aspect="equal",
             title=f"circle {plane + 1} among the notes")


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
    for name, figures in summary["vocoders"].items():
        print(f"   {name}: spectral convergence {figures['sc_db']:.1f} dB, "
              f"log-spectral distance {figures['lsd_db']:.2f} dB")
    print(f"   the walk plays {summary['chosen']}")
    print(f"   walk: {walk['points']} points by {walk['player']}, {walk['seconds']} s, peak {walk['peak_dbfs']} dBFS, "
          f"{walk['largest_difference_from_python']:.1e} from Python's own rendering")
    print(f"   pitch: {measured['within_50_cents']:.0%} of notes within 50 cents of the asked one, "
          f"median {measured['median_cents']:.1f}; {measured['silent']} silent notes")
    print(f"   files: {out}/model.pt vocoder.pt generative.pt walk.wav walk.png summary.json")
    print("   play it: make external && pd patch/main.pd")
