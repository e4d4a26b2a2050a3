"""What a player sees: pictures of the panel and of the GEM window under Xvfb, and the mouse in a plane."""

import contextlib
import io
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from tests import pd
from tests.conftest import require
from tests.stall_monitor import StallMonitor

POINTS = {1: (0, 160, 255), 2: (255, 128, 0)}  # colours of the moving points
GEM_POINTS = {1: (77, 166, 230), 2: (242, 140, 77)}
GEM = Path("/usr/lib/pd/extra/Gem")
PORT = 9137


class Screen:
    """A Pd with its window on a display of its own, told what to do by messages, seen by screenshots."""

    def __init__(self, output, display):
        self.lines, self.times = [], []  # what Pd printed, and when
        self.env = {**os.environ, "DISPLAY": display}
        threading.Thread(target=pd.listen, args=[output, self.lines, self.times], daemon=True).start()

    def send(self, message):
        """Send a message to the probe patch by [netreceive]."""
        command = ["pdsend", str(PORT), "localhost", "udp"]
        subprocess.run(command, input=f"{message};\n", text=True, check=True, timeout=10)

    def mouse(self, *words):
        """Move or press the mouse, in xdotool's words."""
        subprocess.run(["xdotool", *map(str, words)], env=self.env, check=True, timeout=20)

    def picture(self):
        """Return the screen as (height, width, 3) integers."""
        command = ["import", "-window", "root", "png24:-"]
        done = subprocess.run(command, env=self.env, check=True, timeout=20, capture_output=True)
        return np.round(image.imread(io.BytesIO(done.stdout))[:, :, :3] * 255).astype(int)

    def log(self):
        """Return what Pd printed so far."""
        return "\n".join(self.lines)

    def wait_for(self, pattern, seconds):
        """Wait until the log matches; return the last match."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = re.findall(pattern, self.log())
            if found:
                return found[-1]
            time.sleep(0.1)
        pytest.fail(f"Pd did not print {pattern!r} within {seconds} s; it printed:\n{self.log()[-1500:]}")



@contextlib.contextmanager
def screen(folder, boxes=(), declare=""):
    """Open main.pd and a probe on a new display, and close both in the end."""
    lines = pd.Patch()
    source = lines.obj(f"netreceive -u {PORT}")
    name = lines.obj("list split 1")
    lines.chain(source, lines.obj("list"), name)
    values, both, target = lines.obj("list"), lines.obj("t b a"), lines.obj("s")
    lines.connect(name, 1, values, 1)
    lines.connect(name, 0, both)
    lines.connect(both, 1, target, 1)
    lines.connect(both, 0, values)
    lines.chain(values, target)
    for receiver in ("/wae/x1", "/wae/d1"):
        lines.chain(lines.obj(f"r {receiver}"), lines.obj(f"print {receiver}"))
    for chain in boxes:
        lines.chain(*[lines.obj(box) for box in chain])
    (folder / "probe.pd").write_text(f"#N canvas 1000 820 120 30 12;\n{declare}" + lines.body())
    display = f":{200 + os.getpid() % 700}"
    server = subprocess.Popen(["Xvfb", display, "-screen", "0", "1280x900x24"], stderr=subprocess.DEVNULL)
    time.sleep(2)
    command = ["pd", "-noprefs", "-noaudio", "-nomidi", "-stderr", "-open", "probe.pd", "-open", "main.pd"]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, "DISPLAY": display}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    with ended_with(process, server):
        yield Screen(process.stdout, display)


@contextlib.contextmanager
def ended_with(*processes):
    """End processes of ours when the context ends."""
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def centroid(picture, colour, tolerance=2):
    """Centre (x, y) of the pixels of a colour; fails when there are fewer than fifty."""
    y, x = np.nonzero((np.abs(picture - np.array(colour)) <= tolerance).all(axis=2))
    assert len(x) >= 50, f"expected at least 50 pixels of {colour}, got {len(x)}"
    return np.array([x.mean(), y.mean()])


def steady(view, colours):
    """Wait until both points are on the screen; return their places."""
    for _ in range(60):
        with contextlib.suppress(AssertionError):
            return {k: centroid(view.picture(), colour) for k, colour in colours.items()}
        time.sleep(0.5)
    return {k: centroid(view.picture(), colour) for k, colour in colours.items()}


@pytest.mark.alone
@pytest.mark.long
def test_the_moving_points_take_the_step_that_the_geometry_says(bench, xvfb):
    with screen(bench.folder) as view:
        view.wait_for(r"/wae/x1: 0\b", 30)
        steady(view, POINTS)
        time.sleep(2)
        places = []
        for _ in range(2):
            view.send("/wae/step 1")
            time.sleep(1.5)
            places.append(steady(view, POINTS))
        moved = {k: places[1][k] - places[0][k] for k in POINTS}
    # preset 1: diameters of 0.6 and 0.5 of 240 pixels, 8 and 12 steps; the screen's y points down
    for k, (radius, steps) in {1: (72, 8), 2: (60, 12)}.items():
        angle = 2 * np.pi / steps
        expected = radius * np.array([np.cos(angle) - 1, -np.sin(angle)])
        assert np.abs(moved[k] - expected).max() < 2, f"circle {k}"


@pytest.mark.alone
@pytest.mark.long
def test_the_mouse_moves_a_circle_by_its_diamond_and_sizes_it_by_its_square(bench, xvfb):
    with screen(bench.folder) as view:
        view.wait_for(r"/wae/x1: 0\b", 30)
        steady(view, POINTS)
        time.sleep(2)
        view.send("/wae/step 1")
        time.sleep(1.5)
        centre = steady(view, POINTS)[1] - [72, 0]  # step 0 lies to the right of the centre
        drag(view, centre + [0, 6], [40, 0])
        assert abs(float(view.wait_for(r"/wae/x1: (0\.[3-9]\d*)", 10)) - 40 / 60) < 0.06  # 60 pixels a unit
        drag(view, centre + [40 + 72 + 9, 4], [20, 0])
        assert abs(float(view.wait_for(r"/wae/d1: (\d\.\d+)", 10)) - 2 * 92 / 60) < 0.12


def drag(view, start, way):
    """Press at a place, move in small steps, release."""
    view.mouse("mousemove", *np.round(start).astype(int), "mousedown", 1)
    for part in np.linspace(0, 1, 11)[1:]:
        view.mouse("mousemove", *np.round(start + part * np.array(way)).astype(int))
        time.sleep(0.05)
    time.sleep(0.5)
    view.mouse("mouseup", 1)


@pytest.mark.alone
@pytest.mark.long
def test_gem_draws_15_frames_a_second_while_99_of_100_ticks_are_at_most_25_ms_late(bench, xvfb):
    require(GEM.is_dir(), "GEM is needed (apt-get install gem)")
    (bench.folder / "gap.pd").write_text(
        "#N canvas 0 0 300 200 12;\n#X obj 20 20 inlet;\n#X obj 20 50 t b b;\n#X obj 20 90 realtime;\n"
        "#X obj 20 120 print gap;\n#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n#X connect 1 1 2 1;\n"
        "#X connect 2 0 3 0;\n")
    boxes = [["gemhead", "t b", "print frame"], ["r /wae/gem", "metro 10", "gap"]]
    with screen(bench.folder, boxes, "#X declare -lib Gem;\n") as view:
        view.wait_for(r"/wae/x1: 0\b", 30)
        view.send("/wae/gem 1")
        view.send("/wae/run 1")
        found = steady(view, GEM_POINTS)
        time.sleep(2)
        with StallMonitor() as monitor:
            begun, since = time.monotonic(), len(view.lines)
            time.sleep(5)
            ended, until = time.monotonic(), len(view.lines)
        lines, times = view.lines[since:until], view.times[since:until]
        rate = sum(line.startswith("frame:") for line in lines) / (ended - begun)
        gaps = np.array([without for _, without in monitor.told("gap", lines, times)])
        places = steady(view, GEM_POINTS)
    assert rate >= 15
    assert len(gaps) > 300 and np.quantile(gaps, 0.99) <= 10 + 25, f"ticks of 10 ms took up to {gaps.max():.0f} ms"
    assert not np.allclose(found[1], places[1], atol=3) or not np.allclose(found[2], places[2], atol=3)
    assert "connection failed" not in view.log()
    assert view.log().count("couldn't create") == 1  # the external, which is not there


@pytest.mark.long
def test_gem_that_is_not_installed_does_no_harm(bench):
    opener = bench.folder / "wae-gem.pd"
    opener.write_text(opener.read_text().replace("Gem/Gem.", "Gem/Absent."))
    run, _ = bench.run(["main"], [(200.0, "/wae/gem 1")], 400.0, sounds=["/wae/status"])
    assert run.complaints() == ["verbose(1): ... couldn't create"]  # the external, which is not there
    assert any("GEM is not installed" in line for line in run.printed("/wae/status"))


def test_pictures_of_the_readme_exist_and_are_small(root):
    text = (root / "patch" / "README.md").read_text()
    pictures = [root / "patch" / name for name in re.findall(r"\((pictures/[^)]+)\)", text)]
    assert len(pictures) >= 2
    assert all(p.stat().st_size < 200_000 for p in pictures)
