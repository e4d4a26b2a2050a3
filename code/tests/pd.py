"""Run a patch headless in Pure Data, without a sound card, and read what it wrote.

Conventions
-----------
A patch is text. ``{folder}`` in it is replaced by a folder of its own, where it may write (``[soundfiler]``, never
``[writesf~]``, whose thread is still writing when a batch ends) and where the files handed in ``files`` are copied.

Contents
--------
Result        standard error, the wavs written, the exit status
run_patch     patch text -> Result; in batch mode logical time runs as fast as the machine can
errors        lines of a Result that report a failure, though Pd's exit status is 0
player        a patch that plays a list of timed messages through an object and records its signal
"""

import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import soundfile

FLAGS = ["-nogui", "-noprefs", "-noaudio", "-nomidi", "-stderr"]
FAILURES = ("couldn't create", "no such object", "error:", "can't load", "maximum object loading depth")


@dataclass
class Result:
    """What a run of Pd left."""

    stderr: str
    status: int
    seconds: float
    sounds: dict = field(default_factory=dict)

    def printed(self, label):
        """Lines that ``[print label]`` wrote, without the label."""
        return [line[len(label) + 2 :] for line in self.stderr.splitlines() if line.startswith(label + ": ")]


def run_patch(text, folder, path=(), files=(), batch=True, timeout=120, rate=44100, extra=()):
    """Run a patch that quits by itself.

    Parameters
    ----------
    text : str
        The patch; lines begin with ``#N canvas``.
    folder : pathlib.Path
        Where the patch lies and writes.
    path : sequence of pathlib.Path
        Folders where Pd looks for objects.
    files : sequence of pathlib.Path
        Copied beside the patch.
    batch : bool
        Logical time as fast as it goes; False: real time.
    timeout : float
        Seconds until the run is given up.
    rate : int
        Sample rate in Hz.
    extra : sequence of str
        Further flags of Pd.

    Returns
    -------
    Result
        With the wavs in ``folder`` by stem, as float vectors.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder)
    patch = folder / "test.pd"
    patch.write_text(text.replace("{folder}", str(folder)))
    command = [shutil.which("pd") or "pd", *FLAGS, "-r", str(rate), *(["-batch"] if batch else []), *extra]
    for place in path:
        command += ["-path", str(place)]
    begun = time.perf_counter()
    done = subprocess.run([*command, "-open", str(patch)], capture_output=True, text=True, timeout=timeout)
    seconds = time.perf_counter() - begun
    sounds = {wav.stem: soundfile.read(wav, dtype="float32")[0] for wav in folder.glob("*.wav")}
    return Result(done.stderr, done.returncode, seconds, sounds)


def errors(result):
    """Lines of standard error that report a failure."""
    return [line for line in result.stderr.splitlines() if any(word in line for word in FAILURES)]


class Patch:
    """Patch text from boxes and cords, so that nobody counts boxes by hand."""

    def __init__(self):
        self.boxes, self.cords = [], []

    def add(self, kind, text, *sources):
        """Add a box ("obj" or "msg"), connect each (box, outlet) of sources to its first inlet; return its number."""
        number = len(self.boxes)
        self.boxes.append(f"#X {kind} 20 {20 + 24 * number} {text};")
        for box, outlet in sources:
            self.connect(box, outlet, number)
        return number

    def connect(self, source, outlet, target, inlet=0):
        """Connect an outlet to an inlet."""
        self.cords.append(f"#X connect {source} {outlet} {target} {inlet};")

    def text(self):
        """The file."""
        return "\n".join(["#N canvas 0 0 800 600 12;", *self.boxes, *self.cords]) + "\n"


def player(box, events, samples, length_ms=None, rate=44100):
    """Text of a patch that plays timed messages through an object and records its signal.

    Parameters
    ----------
    box : str
        The object under test, with its arguments; its status outlet is printed as ``status``.
    events : iterable of tuple
        (ms, message text); one ``[delay]`` each, so times are exact to a fraction of a sample.
    samples : int
        Length of the record, which begins at time 0 and becomes ``out.wav``.
    length_ms : float
        When Pd quits; by default just after the record is full.
    rate : int
        Sample rate in Hz that Pd is started with.

    Returns
    -------
    str
        Patch text for `run_patch`.
    """
    patch = Patch()
    sound = patch.add("obj", box)
    record = patch.add("obj", "tabwrite~ record", (sound, 0))
    patch.add("obj", "print status", (sound, 1))
    patch.add("obj", f"table record {samples}")
    first = patch.add("obj", "t b b b", (patch.add("obj", "loadbang"), 0))
    patch.add("msg", r"\; pd dsp 1", (first, 2))
    patch.connect(first, 1, record)
    for ms, message in events:
        patch.connect(patch.add("msg", message, (patch.add("obj", f"delay {ms}", (first, 0)), 0)), 0, sound)
    end = patch.add("obj", f"delay {length_ms or 1000.0 * samples / rate + 20}", (first, 0))
    last = patch.add("obj", "t b b", (end, 0))
    patch.add("obj", "soundfiler", (patch.add("msg", "write -wave -bytes 4 {folder}/out.wav record", (last, 1)), 0))
    patch.add("msg", r"\; pd quit", (last, 0))
    return patch.text()
