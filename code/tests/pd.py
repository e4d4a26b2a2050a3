"""Patches written by tests and run in real Pure Data without a window or a sound card.

Conventions: times in milliseconds of Pd's logical time from the moment the patch has loaded, audio float32. Time t
lies at sample t * rate / 1000 of everything recorded. Sounds are written by ``[soundfiler]``, never by ``[writesf~]``,
whose thread is still writing when a batch ends.

Contents
--------
PD         the program, or None
Patch      a patch as text, built box by box
Run        what one run printed, recorded and returned
listen     output of a Pd -> its lines and their moments
run_patch  text -> Run
perform    timed messages to one object -> Run: what most tests need
"""

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import soundfile

PD = shutil.which("pd")
FLAGS = ("-nogui", "-noprefs", "-noaudio", "-nomidi", "-stderr")
SUBPATCH = "#N canvas 0 0 450 300 {name} 0;\n{body}#X restore 20 20 pd {name};\n"
TROUBLE = re.compile(r"couldn't create|error:|no method for|no such object|can't load|maximum object loading depth")


def escaped(text):
    """Return a box's text as it stands in a file, where comma, semicolon and dollar are Pd's own."""
    return re.sub(r"\s*([,;])", r" \\\1", text.replace("$", "\\$"))


class Patch:
    """A patch, built from the top; every method that adds a box returns its index for ``connect``."""

    def __init__(self):
        self.boxes, self.wires = [], []

    def box(self, line):
        """Add one finished line of the file format."""
        self.boxes.append(line)
        return len(self.boxes) - 1

    def obj(self, text):
        """Add an object box."""
        return self.box(f"#X obj 20 20 {escaped(text)};\n")

    def msg(self, text):
        """Add a message box; a leading ``;`` sends to a receiver."""
        return self.box(f"#X msg 20 20 {escaped(text)};\n")

    def subpatch(self, name, patch):
        """Add another patch as ``[pd name]``."""
        return self.box(SUBPATCH.format(name=name, body=patch.body()))

    def connect(self, source, outlet, target, inlet=0):
        """Wire two boxes."""
        self.wires.append(f"#X connect {source} {outlet} {target} {inlet};\n")

    def chain(self, *boxes):
        """Wire first outlets to first inlets, in order."""
        for source, target in zip(boxes, boxes[1:], strict=False):
            self.connect(source, 0, target)

    def at(self, start, milliseconds, message):
        """Add a message box that fires so long after a bang from box ``start``; return it."""
        box = self.msg(message)
        self.chain(start, self.obj(f"delay {milliseconds!r}"), box)
        return box

    def body(self):
        """Return boxes and wires without the canvas around them."""
        return "".join(self.boxes + self.wires)

    def text(self):
        """Return the whole file."""
        return "#N canvas 0 0 600 400 12;\n" + self.body()


class Run:
    """Outcome of a run: ``code``, ``seconds``, ``log`` (lines of stderr), ``arrays`` (name -> float32 samples).

    ``times`` has the moment at which each line of the log came, in seconds of ``time.monotonic``.
    """

    def __init__(self, code, seconds, log, arrays, times=()):
        self.code, self.seconds, self.log, self.arrays, self.times = code, seconds, log, arrays, list(times)

    def printed(self, name, selector=""):
        """Return what ``[print name]`` wrote, without the name; or only its messages of a selector, without that."""
        # A symbol of several words is printed with a backslash before each blank, comma and semicolon.
        lines = [re.sub(r"\\(?=[ ,;])", "", line[len(name) + 2 :]) for line in self.log if line.startswith(name + ": ")]
        if not selector:
            return lines
        return [line[len(selector) :].strip() for line in lines if line.split(" ")[0] == selector]

    def numbers(self, name, selector):
        """Return the first number of every such message."""
        return [float(line.split()[0]) for line in self.printed(name, selector)]

    def complaints(self):
        """Return the lines in which Pd reports trouble: its exit code stays 0 then."""
        return [line for line in self.log if TROUBLE.search(line)]


def command(patch, rate=44100, batch=True, paths=(), args=(), late=False):
    """Return the command line that runs the patch file ``patch``.

    ``batch``: as fast as the machine can. Else in real time, and only in a test that is marked alone, unless the test
    holds however ``late`` Pd is.
    """
    assert batch or late or "PYTEST_XDIST_WORKER" not in os.environ, "Pd keeps real time here: mark the test alone"
    search = [word for path in paths for word in ("-path", str(path))]
    return [PD, *FLAGS, "-r", str(rate), *(["-batch"] if batch else []), *search, *args, "-open", str(patch)]


def listen(output, log, times):
    """Append every line of a program's output to ``log`` and, first, its moment (``time.monotonic``) to ``times``."""
    for line in output:
        times.append(time.monotonic())
        log.append(line.decode(errors="replace").rstrip("\r\n"))


def run_patch(text, folder=None, *, name="test.pd", timeout=120, env=None, **options):
    """Write a patch, run it until it quits, and collect what it left.

    Parameters
    ----------
    text : str
        The patch; it must send ``; pd quit`` in the end.
    folder : path, optional
        Where the patch lies; every ``*.wav`` there is read afterwards. A temporary folder by default.
    timeout : float
        Seconds of wall clock.
    env : dict, optional
        Environment of Pd.
    **options
        See `command`.

    Raises
    ------
    TimeoutError
        With the end of the log, if Pd did not quit.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            return run_patch(text, made, name=name, timeout=timeout, env=env, **options)
    folder = Path(folder)
    (folder / name).write_text(text)
    log, times, killed, begun = [], [], threading.Event(), time.monotonic()
    with subprocess.Popen(command(folder / name, **options), cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:

        def kill():
            killed.set()
            process.kill()

        watch = threading.Timer(timeout, kill)
        watch.start()
        try:
            listen(process.stdout, log, times)
            code = process.wait()
        finally:
            watch.cancel()
    if killed.is_set():
        tail = "\n".join(log)[-2000:]
        raise TimeoutError(f"Pd did not quit within {timeout} s; its last words:\n{tail}")
    seconds = time.monotonic() - begun
    arrays = {path.stem: soundfile.read(path, dtype="float32")[0] for path in sorted(folder.glob("*.wav"))}
    return Run(code, seconds, log, arrays, times)


def perform(creation, events, seconds, folder, *, rate=44100, offline=True, block=None, **options):
    """Play timed messages into one object; record its signal as array ``out``, print its second outlet as ``status``.

    Parameters
    ----------
    creation : str
        Text of the object's box.
    events : list of (float, str)
        Milliseconds and message. A message that begins with ``;`` goes to the receiver that it names.
    seconds : float
        Length of the recording.
    folder : path
        See `run_patch`.
    offline : bool
        The object in offline mode, faster than real time; else in real time.
    block : str, optional
        Text of a ``[block~]`` box: the object and its recorder then live in a subpatch of that block size, and the
        receiver ``to-block`` changes it.

    Returns
    -------
    Run
    """
    patch = Patch()
    patch.obj(f"table out {int(round(seconds * rate))}")
    start = patch.obj("bang")
    if block is None:
        player, recorder = sounding(patch, creation)
    else:
        inner = Patch()
        inside = sounding(inner, creation)
        for receiver, box in zip(("player", "recorder", "block"), (*inside, inner.obj(block)), strict=True):
            inner.chain(inner.obj(f"r to-{receiver}"), box)
        patch.subpatch("inner", inner)
        player, recorder = patch.obj("s to-player"), patch.obj("s to-recorder")
    schedule(patch, start, player, recorder, events, offline)
    finish(patch, start, seconds * 1000 + 200, folder)
    return run_patch(patch.text(), folder, rate=rate, batch=offline, **options)


def sounding(patch, creation):
    """Add the object with a recorder on its first outlet and a printer on its second; return object and recorder."""
    player, recorder = patch.obj(creation), patch.obj("tabwrite~ out")
    patch.connect(player, 0, recorder)
    patch.connect(player, 1, patch.obj("print status"))
    return player, recorder


def schedule(patch, start, player, recorder, events, offline):
    """Add what happens at load (DSP on, offline mode, recording) and at each event's time."""
    first = patch.obj("t b b b b")
    patch.chain(patch.obj("loadbang"), first)
    patch.connect(first, 3, patch.msg("; pd dsp 1"))
    mode = patch.msg(f"offline {int(offline)}")
    patch.connect(first, 2, mode)
    patch.chain(mode, player)
    patch.connect(first, 1, recorder)
    patch.connect(first, 0, start)
    for milliseconds, message in events:
        patch.chain(patch.at(start, milliseconds, message), player)


def finish(patch, start, milliseconds, folder):
    """Add the end: write the table ``out`` as ``out.wav``, then quit."""
    both = patch.obj("t b b")
    patch.chain(start, patch.obj(f"delay {milliseconds!r}"), both, patch.msg("; pd quit"))
    write = patch.msg(f"write -wave -bytes 4 {folder}/out.wav out")
    patch.connect(both, 1, write)
    patch.chain(write, patch.obj("soundfiler"))
