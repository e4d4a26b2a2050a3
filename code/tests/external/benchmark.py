"""What the object costs, measured in real Pure Data in real time: run it on an idle machine.

    cd code && ../.venv/bin/python -m tests.external.benchmark [--model generative.pt] [--soak 600]

prints one JSON object, with ``--soak`` only what so many seconds of ten notes a second did. Without ``--model`` a
network of 5.7 million parameters, 1.49 s of sound at 22,050 Hz, stands for a trained one. The object ``nn~`` is not
compared: it hosts streams, not notes, and is not at hand here.

Contents
--------
measure           all of the below for one model
bang_to_sound     milliseconds from the message to the end of the block with the first sample
notes_per_second  how many notes a second the worker sustains
processor         per cent of a core while a number of voices sound, and milliseconds for a second of sound
alone             milliseconds of the network itself for a second of sound
memory            MiB of the first object and of each further one
soak              a long time of music, with every tick of the audio timed
StallMonitor           when the whole machine stood still
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import torch
from latentsampler.contract.export import load_scripted

from tests import pd
from tests.stall_monitor import StallMonitor

from . import models as small
from .conftest import BUILD, build_external
from .test_play import stats

RATE = 44100
BLOCK_MS = 64 / RATE * 1000
START_MS = 2000  # the model is loaded by then
UNDERRUN_MS = 25  # a tick so long after the one before would be heard with a sound card


def playing(model, period_ms, seconds, steal="none"):
    """Text of a patch that plays the first control's zero at a steady pace, then prints its statistics."""
    patch = pd.Patch()
    player, start = patch.obj(f"wae-sampler {model} 64 @steal {steal}"), patch.obj("bang")
    patch.chain(player, patch.obj("dac~"))
    patch.connect(player, 1, patch.obj("print status"))
    first = patch.obj("t b b")
    patch.chain(patch.obj("loadbang"), first, start)
    patch.connect(first, 1, patch.msg("; pd dsp 1"))
    clock = patch.obj(f"metro {period_ms}")
    note = patch.obj("t b")
    patch.chain(clock, note, patch.msg("list 0"), player)
    end = START_MS + 1000 * seconds
    for milliseconds, message in [(START_MS, "1"), (end, "stop")]:
        patch.chain(patch.at(start, milliseconds, message), clock)
    patch.chain(patch.at(start, end + 50, "stats"), player)
    patch.at(start, end + 100, "; pd quit")
    return patch.text()


def bang_to_sound(build, folder, model, seconds=10.0):
    """Distribution over single notes, the model's `ready` and one block of Pd together."""
    run = pd.run_patch(playing(model, 250, seconds), folder, batch=False, paths=(build,), timeout=seconds + 60)
    waits = np.array([float(line.split()[1]) for line in run.printed("status", "ready")]) + BLOCK_MS
    quantiles = {f"p{q}_ms": round(float(np.percentile(waits, q)), 2) for q in (5, 50, 95, 99)}
    return {"notes": len(waits), **quantiles, "max_ms": round(float(waits.max()), 2)}


def notes_per_second(build, folder, model, seconds=6.0, steal="none"):
    """Rendered notes in a stretch in which far more are asked for than can be."""
    run = pd.run_patch(playing(model, 2, seconds, steal), folder, batch=False, paths=(build,), timeout=seconds + 60)
    return round(stats(run)["rendered"] / seconds, 1)


def processor(build, folder, model, length, voices=16, seconds=8.0):
    """Per cent of one core, all threads of Pd together, once that many notes of ``length`` seconds overlap.

    And milliseconds of a core for a second of sound: by the notes that were rendered meanwhile, since a Pd that was
    held up plays what it missed all at once.
    """
    patch, log = Path(folder) / "processor.pd", Path(folder) / "processor.log"
    patch.write_text(playing(model, 1000 * length / voices, length + seconds + 1))
    with log.open("wb") as out:
        process = subprocess.Popen(pd.command(patch, batch=False, paths=(build,)), stdout=out, stderr=out)
    while process.poll() is None and _ready(log) < voices:  # not by the clock: Pd may take long to begin
        time.sleep(0.05)
    before, first, begun = psutil.Process(process.pid).cpu_times(), _ready(log), time.monotonic()
    time.sleep(seconds - 0.5)
    after, last, ended = psutil.Process(process.pid).cpu_times(), _ready(log), time.monotonic()
    process.wait(timeout=60)
    spent = after.user + after.system - before.user - before.system
    return round(100 * spent / (ended - begun), 1), round(1000 * spent / ((last - first) * length), 1)


def _ready(log):
    """Notes that were rendered so far, by what Pd printed."""
    return log.read_text(errors="replace").count("status: ready")


def alone(model, length, voices=16, notes=40):
    """Milliseconds of a core for a second of sound of the network itself, one thread, no Pure Data around it.

    At the pace of `processor`: between two notes a processor sleeps and others take its caches, which a network that
    runs without a break does not notice.
    """
    module = load_scripted(model)[0]
    controls, spent = torch.zeros(1, small.Large.k), []
    with torch.inference_mode():
        for _ in range(notes):
            begun, before = time.monotonic(), time.process_time()
            module(controls)
            spent.append(time.process_time() - before)
            time.sleep(max(length / voices - (time.monotonic() - begun), 0))
    return 1000 * float(np.mean(spent[3:])) / length  # the first calls compile


def resident(build, folder, model, objects):
    """MiB of a Pd with so many idle objects that play one file."""
    patch = pd.Patch()
    for _ in range(objects):
        patch.obj(f"wae-sampler {model} 16")
    patch.at(patch.obj("loadbang"), 4000, "; pd quit")
    (Path(folder) / "memory.pd").write_text(patch.text())
    process = subprocess.Popen(pd.command(Path(folder) / "memory.pd", batch=False, paths=(build,)),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(3)
    used = psutil.Process(process.pid).memory_info().rss / 2**20
    process.wait(timeout=60)
    return used


def memory(build, folder, model):
    """Cost of the first object, which brings libtorch and the model, and of each further one."""
    none, one, many = (resident(build, folder, model, n) for n in (0, 1, 9))
    return {"first_mib": round(one - none, 1), "each_further_mib": round((many - one) / 8, 2)}


def soak(build, folder, model, notes_per_second, seconds):
    """Play random points in real time and time every tick.

    Returns
    -------
    run : tests.pd.Run
        With late ticks printed as ``late``.
    underruns : list of float
        Milliseconds of the ticks that are late by more than this machine stood still.
    """
    patch = pd.Patch()
    player, start = patch.obj(f"wae-sampler {model} 64"), patch.obj("bang")
    patch.chain(player, patch.obj("dac~"))
    patch.connect(player, 1, patch.obj("print status"))
    first = patch.obj("t b b")
    patch.chain(patch.obj("loadbang"), first, start)
    patch.connect(first, 1, patch.msg("; pd dsp 1"))
    clock = patch.obj(f"metro {1000 / notes_per_second}")
    point = patch.msg("$1 0 $1 0 60")
    patch.chain(clock, patch.obj("random 1000"), patch.obj("/ 250"), patch.obj("- 2"), point, player)
    end = START_MS + 1000 * seconds
    watch = watch_ticks(patch)
    timed = [(START_MS, "1", clock), (START_MS, "1", watch), (end, "stop", clock), (end + 2500, "stats", player)]
    for milliseconds, message, box in timed:
        patch.chain(patch.at(start, milliseconds, message), box)
    patch.at(start, end + 2800, "; pd quit")
    with StallMonitor() as monitor:
        run = pd.run_patch(patch.text(), folder, batch=False, paths=(build,), timeout=seconds + 60)
    return run, underruns(run, monitor)


def underruns(run, monitor):
    """Milliseconds of the ticks printed as ``late`` that stay late without the time the machine stood still."""
    return [told for told, without in monitor.told("late", run.log, run.times) if without > UNDERRUN_MS]



def watch_ticks(patch):
    """Add boxes that print the length of late ticks as ``late``; return the box that a 1 switches on."""
    gate, order, watch = patch.obj("spigot"), patch.obj("t b b"), patch.obj("realtime")
    patch.chain(patch.obj("bang~"), gate, order, watch)
    patch.connect(order, 1, watch, 1)  # read the time since the last tick, then begin anew
    split = patch.obj(f"moses {UNDERRUN_MS}")
    patch.chain(watch, split)
    patch.connect(split, 1, patch.obj("print late"))
    switch = patch.obj("t f b")
    patch.connect(switch, 1, watch)
    patch.connect(switch, 0, gate, 1)
    return switch


def soaked(build, folder, model, seconds):
    """Figures of a soak, as a dict for JSON."""
    run, late = soak(build, folder, model, 10, seconds)
    return {"seconds": seconds, "late_ticks": len(run.printed("late")), "underruns": len(late), **stats(run)}


def measure(build, folder, model):
    """All figures for one model, as a dict for JSON."""
    _, metadata = load_scripted(model)
    length = metadata["n_samples"] / metadata["sample_rate"]
    perform = subprocess.run([build / "wae-bench"], capture_output=True, text=True, check=True, timeout=120)
    latency = bang_to_sound(build, folder, model)
    return {
        "seconds_of_sound": round(length, 3),
        "bang_to_sound": latency,
        "ms_per_second_of_sound": round(latency["p50_ms"] / length, 2),
        "notes_per_second": notes_per_second(build, folder, model),
        **dict(zip(("percent_of_a_core_at_16_voices", "core_ms_per_second_of_sound"),
                   processor(build, folder, model, length), strict=True)),
        "memory": memory(build, folder, model),
        "perform": json.loads(perform.stdout),
    }


def main():
    """Measure the model named on the command line, or the large test model."""
    parser = argparse.ArgumentParser(description="cost of [wae-sampler] in real Pure Data, as JSON")
    parser.add_argument("--model", type=Path, help="a generative.pt; by default a network of 5.7 M parameters")
    parser.add_argument("--build", type=Path, help="a folder that is built already; by default build/external")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="only play ten notes a second for so long")
    options = parser.parse_args()
    build = options.build or build_external(BUILD)
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or small.save(small.Large(), Path(folder) / "large.pt")
        model = Path(model).resolve()
        figures = soaked(build, folder, model, options.soak) if options.soak else measure(build, folder, model)
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
