"""The patch as a drawing: read from the items that Pd's own window draws."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests import pd

from .conftest import PATCH
from .test_view import ended_with

PLUGIN = Path(__file__).parent


def windows(text):
    """Return window title -> (wires, boxes): wires as (x0, y0, x1, y1), boxes and comments as (x0, y0, x1, y1)."""
    found = {}
    for line in text.splitlines():
        kind, *fields = line.split("\t")
        if kind == "window":
            wires, boxes = found.setdefault(fields[0].split()[0], ([], []))
            continue
        tags, places = fields[0].split(), [float(number) for number in fields[1].split()]
        if kind == "line" and "cord" in tags:
            wires.append((*places[:2], *places[-2:]))
        elif kind == "line" and {"obj", "msg", "atom", "floatatom"} & set(tags):
            boxes.append((min(places[::2]), min(places[1::2]), max(places[::2]), max(places[1::2])))
        elif kind == "text" and "text" in tags and fields[2]:
            boxes.append(tuple(float(number) for number in fields[2].split()))
    return found


def crosses(wire, box, margin=2.0):
    """Say whether a wire passes through the inside of a box (Liang and Barsky's clipping)."""
    x0, y0, x1, y1 = wire
    enter, leave = 0.0, 1.0
    sides = ((x0 - x1, x0 - box[0] - margin), (x1 - x0, box[2] - margin - x0),
             (y0 - y1, y0 - box[1] - margin), (y1 - y0, box[3] - margin - y0))
    for direction, distance in sides:
        if direction == 0 and distance <= 0:
            return False
        if direction < 0:
            enter = max(enter, distance / direction)
        elif direction > 0:
            leave = min(leave, distance / direction)
    return enter < leave


def joins(wire, box, margin=4.0):
    """Say whether a box, or the text in it, is one of the two that a wire joins: a loop passes its own."""
    x0, y0, x1, y1 = wire
    leaves = box[0] - margin <= x0 <= box[2] + margin and abs(y0 - box[3]) <= margin
    return leaves or (box[0] - margin <= x1 <= box[2] + margin and abs(y1 - box[1]) <= margin)


def test_a_wire_through_a_box_is_found_and_one_beside_it_is_not():
    box = (10.0, 10.0, 50.0, 30.0)
    assert crosses((0, 20, 60, 20), box) and crosses((30, 0, 30, 60), box) and crosses((0, 0, 60, 40), box)
    assert not crosses((0, 40, 60, 40), box) and not crosses((30, 30, 30, 60), box) and not crosses((5, 0, 5, 60), box)


@pytest.mark.alone
@pytest.mark.long
def test_no_wire_runs_through_a_box_or_a_comment(bench, xvfb):
    target = bench.folder / "geometry.txt"
    names = sorted(path.name for path in PATCH.glob("*.pd"))
    display = f":{1000 + os.getpid() % 700}"
    server = subprocess.Popen(["Xvfb", display, "-screen", "0", "1600x1200x24"], stderr=subprocess.DEVNULL)
    with ended_with(server):
        time.sleep(2)
        command = [pd.PD, "-noprefs", "-noaudio", "-nomidi", "-path", str(PLUGIN), *names]
        subprocess.run(command, cwd=bench.folder, timeout=90, stdin=subprocess.DEVNULL, capture_output=True,
                       env={**os.environ, "DISPLAY": display, "PATCH_GEOMETRY": str(target)})
    found = windows(target.read_text(errors="replace"))
    assert set(names) <= set(found), "Pd did not open all patches"
    crossed = {title: [wire for wire in wires for box in boxes if crosses(wire, box) and not joins(wire, box)]
               for title, (wires, boxes) in found.items()}
    assert sum(len(wires) for wires, _ in found.values()) > 900
    assert {title: wires for title, wires in crossed.items() if wires} == {}
