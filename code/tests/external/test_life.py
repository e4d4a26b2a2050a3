"""Claims about beginning and end: Pd quits cleanly at any moment, and memory does not grow."""

import subprocess
import threading

import psutil
import pytest

from tests import pd

from . import models as small


def quitting(build, folder, model, moment, delay_ms):
    """Start Pd in real time and quit ``delay_ms`` after a moment: "load" begins, "render" begins, or all is "idle"."""
    patch = pd.Patch()
    player = patch.obj(f"wae-sampler {model} 32")
    patch.chain(player, patch.obj("dac~"))
    first = patch.obj("t b b")
    patch.connect(first, 1, patch.msg("; pd dsp 1"))
    leave = patch.obj(f"delay {delay_ms}")
    patch.chain(leave, patch.msg("; pd quit 3"))
    if moment == "load":
        patch.chain(patch.obj("loadbang"), first, leave)
    else:
        loaded = patch.obj("route loaded")
        patch.connect(player, 1, loaded)
        burst = patch.obj("t b b")
        patch.chain(loaded, first, burst, leave)
        if moment == "render":
            many = patch.obj("until")
            patch.connect(burst, 1, patch.msg("20"))
            patch.chain(len(patch.boxes) - 1, many, patch.msg("0 0 0 0 60"), player)
    return pd.run_patch(patch.text(), folder, batch=False, late=True, paths=(build,), timeout=60)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A model whose loading and rendering take long enough to be met half way."""
    return small.save(small.Large(), tmp_path_factory.mktemp("large") / "large.pt")


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.parametrize("moment", ["load", "render", "idle"])
def test_quitting_at_any_moment_is_clean(build, large, tmp_path, moment, times):
    for i in range(times):
        delay = 7.3 * i % 150 if moment != "idle" else 5
        run = quitting(build, tmp_path, large, moment, delay)
        assert run.code == 3, f"{moment}, {delay} ms: exit {run.code}\n" + "\n".join(run.log[-10:])
        assert run.complaints() == []


def test_objects_come_and_go_with_their_notes_and_loads(build, models, tmp_path):
    assert churn(build, models, tmp_path, 60) == []


@pytest.mark.long
def test_a_thousand_objects_come_and_go(build, models, tmp_path):
    assert churn(build, models, tmp_path, 1000) == []


def churn(build, models, folder, times):
    """Make and delete objects, some while they load or play; what Pd complained about."""
    patch, inner = pd.Patch(), pd.Patch()
    patch.subpatch("churn", inner)
    patch.obj("r churned")  # so that a message finds a receiver while no object is there
    start = patch.obj("bang")
    first = patch.obj("t b b")
    patch.chain(patch.obj("loadbang"), first, start)
    patch.connect(first, 1, patch.msg("; pd dsp 1"))
    step = 6.0
    clock = patch.obj(f"metro {step}")
    turn = patch.obj("t b b")
    patch.chain(start, patch.msg("1"), clock, turn)
    creation = [f"obj 20 20 wae-sampler {models}/chunked.pt 4", "obj 20 60 r churned", "connect 1 0 0 0"]
    patch.chain(turn, patch.msg("".join(f"; pd-churn {line}" for line in ["clear", *creation])))
    patch.connect(turn, 1, patch.msg("; churned 0 0 0 0 60"))
    patch.at(start, step * times, "; pd-churn clear")
    patch.at(start, step * times + 500, "; pd quit")
    run = pd.run_patch(patch.text(), folder, batch=False, late=True, paths=(build,), timeout=120)
    assert run.code == 0
    return run.complaints()


class Memory:
    """Resident memory of a Pd in MiB at each line ``mark: ...`` that it prints."""

    def __init__(self, text, folder, build):
        (folder / "memory.pd").write_text(text)
        self.process = subprocess.Popen(pd.command(folder / "memory.pd", batch=False, late=True, paths=(build,)),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        self.marks, self.log = [], []
        timer = threading.Timer(400, self.process.kill)
        timer.start()
        for line in self.process.stderr:
            self.log.append(line)
            if line.startswith("mark: "):
                self.marks.append(psutil.Process(self.process.pid).memory_info().rss / 2**20)
        timer.cancel()
        self.code = self.process.wait()


def marked(creation, message, every_ms, marks_ms):
    """Text of a patch that sends a message at a steady pace and prints ``mark`` at given times, and the status."""
    patch = pd.Patch()
    player, start = patch.obj(creation), patch.obj("bang")
    patch.chain(player, patch.obj("dac~"))
    patch.connect(player, 1, patch.obj("print status"))
    first = patch.obj("t b b")
    patch.chain(patch.obj("loadbang"), first, start)
    patch.connect(first, 1, patch.msg("; pd dsp 1"))
    clock = patch.obj(f"metro {every_ms}")
    patch.chain(start, patch.msg("1"), clock)
    if isinstance(message, str):
        patch.chain(clock, patch.msg(message), player)
    else:  # two messages in turn
        count = patch.obj("f 0")
        patch.chain(clock, count, patch.obj("+ 1"), patch.obj("mod 2"))
        patch.connect(len(patch.boxes) - 1, 0, count, 1)
        select = patch.obj("sel 0 1")
        patch.chain(count, select)
        for i, text in enumerate(message):
            box = patch.msg(text)
            patch.connect(select, i, box)
            patch.chain(box, player)
    printer = patch.obj("print mark")
    for milliseconds in marks_ms:
        patch.chain(patch.at(start, milliseconds, "bang"), printer)
    patch.at(start, marks_ms[-1] + 200, "; pd quit")
    return patch.text()


@pytest.mark.alone
@pytest.mark.long
def test_memory_is_flat_over_ten_thousand_notes(build, tmp_path):
    model = small.save(small.Plucks(length=512), tmp_path / "short.pt")
    text = marked(f"wae-sampler {model} 16", "0 0 0 0 60", 4.0, [8000.0, 48000.0])
    memory = Memory(text, tmp_path, build)
    assert memory.code == 0
    assert sum(line.startswith("status: done") for line in memory.log) >= 11000  # 10,000 of them between the marks
    assert memory.marks[1] - memory.marks[0] <= 1.0


@pytest.mark.alone
@pytest.mark.long
def test_memory_is_flat_over_a_thousand_reloads(build, tmp_path):
    a = small.save(small.Plucks(length=512), tmp_path / "a.pt")
    b = small.save(small.Unpitched(length=512), tmp_path / "b.pt")
    text = marked("wae-sampler", [f"load {a}", f"load {b}"], 40.0, [8000.0, 48000.0])
    memory = Memory(text, tmp_path, build)
    assert memory.code == 0
    assert sum(line.startswith("status: loaded") for line in memory.log) >= 1150  # 1,000 of them between the marks
    assert memory.marks[1] - memory.marks[0] <= 1.0


def test_objects_that_play_one_file_share_its_model(build, large, tmp_path):
    def resident(objects):
        patch = pd.Patch()
        count, plus = patch.obj("f"), patch.obj("+ 1")
        patch.chain(count, plus)
        patch.connect(plus, 0, count, 1)
        for _ in range(objects):
            player, loaded, bang = (patch.obj(box) for box in (f"wae-sampler {large} 2", "route loaded", "t b"))
            patch.connect(player, 1, loaded)
            patch.chain(loaded, bang, count)
        both = patch.obj("t b b")
        patch.chain(plus, patch.obj(f"sel {objects}"), patch.obj("delay 500"), both, patch.obj("delay 500"),
                    patch.msg("; pd quit"))
        patch.connect(both, 1, patch.obj("print mark"))
        return Memory(patch.text(), tmp_path, build).marks[0]

    assert resident(6) - resident(1) <= 10  # the file alone is 22 MiB
