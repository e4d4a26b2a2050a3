"""A copy of the patch for each test, with or without the external, and a bench that records what its names say."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests import pd
from tests.conftest import ROOT, require
from tests.external import models as small
from tests.external.conftest import build_external

PATCH = ROOT / "patch"


class Bench:
    """Runs abstractions of the patch headless and records the numbers that arrive at receivers."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, boxes, events, ends_at, records=(), rows=1000, sounds=(), **options):
        """Load boxes, send events, and record receivers.

        Parameters
        ----------
        boxes : list of str
            Objects, each wired to the next.
        events : list of (float, str)
            Milliseconds, and ``NAME VALUES`` to send.
        ends_at : float
            Milliseconds after which Pd quits.
        records : dict
            Receiver -> how many numbers of each of its messages are kept; ``rows`` messages at most.
        rows : int
            Size of the tables.
        sounds : sequence of str
            Receivers that are printed as ``NAME: ...``.

        Returns
        -------
        tuple
            The pd.Run, and receiver -> array (messages, numbers).
        """
        patch = pd.Patch()
        start = patch.obj("loadbang")
        patch.chain(*[patch.obj(box) for box in boxes])
        for name in sounds:
            patch.chain(patch.obj(f"r {name}"), patch.obj(f"print {name}"))
        for receiver, width in dict(records).items():
            keep(patch, receiver, width, rows)
        for time, message in events:
            patch.at(start, time, f"; {message}")
        close(patch, start, ends_at, dict(records), self.folder)
        done = pd.run_patch(patch.text(), self.folder, **options)
        return done, {r: self.read(r, width) for r, width in dict(records).items()}

    def read(self, receiver, width):
        """Return what was kept of a receiver's messages."""
        stem = table(receiver)
        columns = [soundfile.read(self.folder / f"{stem}-{k}.wav", dtype="float32")[0] for k in range(width + 1)]
        count = int(columns[-1][0])  # the last table holds the number of messages
        return np.stack(columns[:-1], axis=1)[:count].astype(float)


def table(receiver):
    """Name of the tables for a receiver."""
    return receiver.strip("/").replace("/", "-")


def keep(patch, receiver, width, rows):
    """Add what writes the messages of a receiver into tables, a column each."""
    stem = table(receiver)
    for k in range(width):
        patch.obj(f"array define {stem}-{k} {rows}")
    patch.obj(f"array define {stem}-{width} 1")
    source = patch.obj(f"r {receiver}")
    order = patch.obj("t l b")
    counter, plus = patch.obj("f"), patch.obj("+ 1")
    patch.chain(source, order)
    patch.connect(order, 1, counter)
    patch.chain(counter, plus)
    patch.connect(plus, 0, counter, 1)
    patch.chain(plus, patch.obj(f"tabwrite {stem}-{width}"))
    numbers = patch.obj("unpack " + " ".join("f" * width)) if width > 1 else patch.obj("f")
    patch.connect(order, 0, numbers)
    for k in range(width):
        write = patch.obj(f"tabwrite {stem}-{k}")
        patch.connect(numbers, k, write)
        patch.connect(counter, 0, write, 1)


def close(patch, start, ends_at, records, folder):
    """Add the end: every table becomes a wav file, then Pd quits."""
    both = patch.obj("t b b")
    patch.chain(start, patch.obj(f"delay {ends_at!r}"), both, patch.msg("; pd quit"))
    writer = patch.obj("soundfiler")
    for receiver, width in records.items():
        for k in range(width + 1):
            write = patch.msg(f"write -wave -bytes 4 {folder}/{table(receiver)}-{k}.wav {table(receiver)}-{k}")
            patch.connect(both, 1, write)
            patch.chain(write, writer)


def copied(folder):
    """Copy the patch's own files, without models and objects."""
    require(pd.PD, "Pure Data is needed (apt-get install puredata-core)")
    for path in [*PATCH.glob("*.pd"), PATCH / "presets.txt"]:
        shutil.copy(path, folder)
    return Path(folder)


@pytest.fixture
def bench(tmp_path):
    """A Bench on a copy of the patch without the external."""
    return Bench(copied(tmp_path))


@pytest.fixture(scope="session")
def built():
    """File of the built external: the one beside the patch, or one built now."""
    require(pd.PD, "Pure Data is needed (apt-get install puredata-core puredata-dev)")
    if os.environ.get("WAE_BUILD"):
        found = list(Path(os.environ["WAE_BUILD"]).rglob("wae-sampler.pd_*"))
    else:
        found = list(build_external(ROOT / "build" / "external").rglob("wae-sampler.pd_*"))
    assert found, "the build left no wae-sampler.pd_*"
    return found[0]


@pytest.fixture
def bench_with_external(tmp_path, built):
    """A Bench on a copy of the patch with the external and a small model of four latents and a pitch."""
    folder = copied(tmp_path)
    (folder / built.name).symlink_to(built.resolve())
    small.save(small.Plucks(), folder / "generative.pt")
    return Bench(folder)


@pytest.fixture
def xvfb():
    """Fail or skip where no picture can be taken."""
    require(all(shutil.which(name) for name in ("Xvfb", "xdotool", "import")),
            "screenshots need xvfb, xdotool and imagemagick, and Pd's window (puredata-gui)")
    return sys.platform
