"""Headless Pure Data plays points through [wae-sampler], sample by sample the same every time.

Conventions
-----------
* Pure Data runs at the model's rate and in its ``-batch`` mode, where logical time runs as fast as it can; the
  object is in offline mode, in which the signal waits for the worker.
* The sound is what the model computes: controls are not clipped, and there is no level and no limiter.
* The score starts with a block of samples ([bang~]), because [tabwrite~] records from a block's first sample.

Contents
--------
find_pd       the ``pd`` program, or None
walk_patch    points -> text of a patch that plays and records them
play          points -> wav, by real Pure Data
"""

import shutil
import subprocess
from pathlib import Path

# box, outlet, box, inlet: object and recording, start of the score with a block, end, errors, signal on
WIRES = (
    (1, 0, 0, 0), (0, 0, 20, 0), (20, 0, 2, 0), (0, 1, 4, 0), (4, 0, 18, 0), (18, 0, 16, 1), (17, 0, 16, 0),
    (16, 0, 5, 0), (5, 2, 19, 0), (19, 0, 16, 1), (5, 1, 2, 0), (5, 0, 7, 0), (7, 0, 6, 0), (8, 0, 9, 0),
    (9, 1, 10, 0), (10, 0, 11, 0), (9, 0, 12, 0), (4, 1, 13, 0), (14, 0, 15, 0)
)
WRONG = ("couldn't create", "error:", "connection failed", "bad arguments", "no method for")


def find_pd():
    """Return the path of Pure Data, or None where there is none."""
    return shutil.which("pd")


def walk_patch(generative, score, wav, n_samples, gain, voices=32):
    """Return the text of a patch that plays a score and quits.

    Parameters
    ----------
    generative, score, wav : pathlib.Path
        The model, a [qlist] file that sends lists to ``point`` and a last ``finished``, and the wav to write.
    n_samples : int
        Length of the recording.
    gain : float
        Level of the sum.
    voices : int
        Buffers of the object.

    Returns
    -------
    str
        A Pd file.
    """
    return "\n".join([
        "#N canvas 50 50 760 420 12;",
        f"#X obj 30 180 wae-sampler {generative.resolve()} {voices} @offline 1 @clip 0 @level 0 @limit 0;",  # 0
        "#X obj 30 60 r point;",  # 1
        f"#X obj 30 340 tabwrite~ walk-{n_samples};",  # 2
        f"#X obj 300 340 array define walk-{n_samples} {n_samples};",  # 3
        "#X obj 160 220 route loaded error;",  # 4
        "#X obj 160 300 t b b b;",  # 5
        "#X obj 300 60 qlist;",  # 6
        f"#X msg 300 30 read {score.resolve()} \\, bang;",  # 7
        "#X obj 450 60 r finished;",  # 8
        "#X obj 450 100 t b b;",  # 9
        f"#X msg 480 180 write -wave -bytes 4 {wav.resolve()} walk-{n_samples};",  # 10
        "#X obj 480 220 soundfiler;",  # 11
        "#X msg 450 140 \\; pd quit;",  # 12
        "#X obj 450 260 print error;",  # 13
        "#X obj 600 30 loadbang;",  # 14
        "#X msg 600 60 \\; pd dsp 1;",  # 15
        "#X obj 160 260 spigot;",  # 16
        "#X obj 100 220 bang~;",  # 17
        "#X msg 220 240 1;",  # 18
        "#X msg 260 260 0;",  # 19
        f"#X obj 30 300 *~ {gain:.9g};",  # 20
        *(f"#X connect {' '.join(map(str, wire))};" for wire in WIRES), ""])


def play(points, step_ms, generative, external, wav, sample_rate, n_samples, gain=1.0, timeout=300):
    """Play points one after the other through [wae-sampler] in real headless Pure Data.

    Parameters
    ----------
    points : numpy.ndarray
        ``(n, K)`` controls.
    step_ms : float
        Milliseconds from one start to the next; a whole number of samples if starts are to be sample-exact.
    generative, external, wav : str or pathlib.Path
        The model, the folder of the built object, and the file to write.
    sample_rate : int
        Hz, of the model and so of Pure Data.
    n_samples : int
        Samples of a note: the recording ends that long after the last start.
    gain : float
        Level of the sum.
    timeout : float
        Seconds after which Pure Data is ended.

    Returns
    -------
    str
        What Pure Data printed.

    Raises
    ------
    RuntimeError
        If Pure Data reports an error, does not end, or writes nothing.
    """
    wav = Path(wav)
    score, patch = wav.with_suffix(".qlist.txt"), wav.with_suffix(".pd")
    lines = [f"{step_ms if k else 0:.10g} point {' '.join(f'{x:.9g}' for x in point)};"
             for k, point in enumerate(points)]
    tail_ms = 1000.0 * n_samples / sample_rate
    score.write_text("\n".join([*lines, f"{tail_ms + 50:.10g} finished bang;", ""]), encoding="utf-8")
    total = round((len(points) - 1) * step_ms * sample_rate / 1000.0) + n_samples
    patch.write_text(walk_patch(Path(generative), score, wav, total, gain), encoding="utf-8")
    wav.unlink(missing_ok=True)
    command = [find_pd(), "-nogui", "-nrt", "-batch", "-noprefs", "-noaudio", "-stderr", "-r", str(sample_rate),
               "-path", str(Path(external).resolve()), str(patch.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"Pure Data did not end within {timeout} s: {(error.stderr or b'')[-500:]}") from error
    wrong = [line for line in done.stderr.splitlines() if any(word in line for word in WRONG)]
    if wrong or not wav.is_file():
        raise RuntimeError(f"Pure Data failed: {'; '.join(wrong[:3]) or 'no wav was written'}")
    return done.stderr
