"""Files that a player must refuse by name, and ways to damage good ones.

Contents
--------
write_bad   folder -> {name: (file, pattern that the error must match)}
rewritten   a model with entries of its archive replaced, sums right
mutated     a model's bytes with random damage
"""

import json
import zipfile

import numpy as np
import torch
from torch import Tensor

from . import models as small


class TwoArguments(small.Plucks):
    def forward(self, controls: Tensor, other: Tensor) -> Tensor:
        return self.piece(controls + other, 0, self.length)


class Throws(small.Plucks):
    def forward(self, controls: Tensor) -> Tensor:
        if controls[0, 0] > -100:
            raise ValueError("boom")
        return self.piece(controls, 0, self.length)


class ThrowsAbove(small.Plucks):
    """Well at its defaults, so it loads; throws where the first control is above 2.5."""

    def forward(self, controls: Tensor) -> Tensor:
        if controls[0, 0] > 2.5:
            raise ValueError("boom")
        return self.piece(controls, 0, self.length)


class NotANumber(small.Plucks):
    def forward(self, controls: Tensor) -> Tensor:
        return self.piece(controls, 0, self.length) * torch.tensor(float("nan"))


class NotANumberAbove(small.Plucks):
    def forward(self, controls: Tensor) -> Tensor:
        sound = self.piece(controls, 0, self.length)
        return sound / (controls[:, :1] < 2.5).float()  # division by zero where the first control is above 2.5


class Short(small.Plucks):
    def forward(self, controls: Tensor) -> Tensor:
        return self.piece(controls, 0, self.length - 1)


class NoTensor(small.Plucks):
    def forward(self, controls: Tensor) -> float:
        return float(controls.sum())


def rewritten(source, target, entries):
    """Copy a model, entries (path without the first folder) replaced by bytes, removed by None, or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        top = old.namelist()[0].split("/")[0]
        names = [name.split("/", 1)[1] for name in old.namelist()]
        for name in [*names, *(extra for extra in entries if extra not in names)]:
            content = entries[name] if name in entries else old.read(f"{top}/{name}")
            if content is not None:
                new.writestr(f"{top}/{name}", content)
    return target


def write_bad(folder, good):
    """Write one file of each kind of trouble; return {name: (path, pattern of the error's text)}."""
    def made(name, module, pattern, **metadata):
        return name, (small.save(module, folder / f"{name}.pt", **metadata), pattern)

    def raw(name, content, pattern):
        path = folder / f"{name}.pt"
        path.write_bytes(content)
        return name, (path, pattern)

    def changed(name, entries, pattern):
        return name, (rewritten(good, folder / f"{name}.pt", entries), pattern)

    whole = good.read_bytes()
    noise = np.random.default_rng(1).integers(0, 256, 20000, dtype=np.uint8).tobytes()
    with zipfile.ZipFile(folder / "other.zip", "w") as other:
        other.writestr("stuff/readme.txt", "no model")
    n, middle = small.LENGTH, len(whole) // 2  # the middle lies in the largest tensor
    return dict([
        ("missing", (folder / "nowhere.pt", "no such file")),
        raw("empty", b"", "empty"),
        raw("truncated", whole[: len(whole) // 2], "damaged|truncated"),
        raw("random", noise, "not a TorchScript"),
        raw("random-zip", b"PK\3\4" + noise, "damaged|not a TorchScript"),
        raw("other-zip", (folder / "other.zip").read_bytes(), "not a TorchScript"),
        raw("flipped", whole[:middle] + bytes([whole[middle] ^ 16]) + whole[middle + 1 :], "damaged"),
        changed("version", {"extra/metadata.json": b'{"format_version": 2}'}, "expected format_version"),
        made("two-arguments", TwoArguments(), "forward takes 2"),
        made("fewer-controls", small.Plucks(), "forward failed|index|range", controls=small.controls(2, False)),
        made("empty-controls", small.Plucks(), "controls", controls=[]),
        made("throws", Throws(), "boom"),
        made("nan", NotANumber(), "NaN or infinity"),
        made("short", Short(), rf"expected \[1, {n}\]"),
        made("no-tensor", NoTensor(), "no tensor"),
        made("long", small.Plucks(), "n_samples", n_samples=10**9),
        made("fraction", small.Plucks(), "n_samples", n_samples=1000.5),
        made("no-controls", small.Plucks(), "controls", controls="four"),
        made("no-rate", small.Plucks(), "sample_rate", sample_rate=None),
        made("newer-torch", small.Plucks(), "newer torch", torch_version="99.0.0"),
        made("chunk-without-start", small.Plucks(), "start", chunk=1024),
        changed("no-metadata", {"extra/metadata.json": None}, "metadata.*missing|missing.*metadata|no metadata"),
        changed("half-metadata", {"extra/metadata.json": b'{"format_version": 1, "sample_rate":'}, "metadata"),
        changed("list-metadata", {"extra/metadata.json": b"[1, 2]"}, "metadata"),
        changed("deep-metadata", {"extra/metadata.json": b"[" * 100000}, "metadata"),
        changed("newer-format", {"version": b"99\n", ".data/version": b"99\n"}, "libtorch|version"),
    ])


def mutated(content, rng):
    """Return bytes with one of five kinds of random damage."""
    data = bytearray(content)
    kind, place = rng.integers(5), int(rng.integers(len(data)))
    if kind == 0:  # a few flipped bits
        for i in rng.integers(0, len(data), rng.integers(1, 20)):
            data[i] ^= 1 << int(rng.integers(8))
    elif kind == 1:  # cut off
        del data[place:]
    elif kind == 2:  # a stretch of noise
        data[place : place + 64] = rng.integers(0, 256, 64, dtype=np.uint8).tobytes()
    elif kind == 3:  # a piece is lost
        del data[place : place + int(rng.integers(1, 200))]
    else:  # flipped bits in the table of contents, which no sum protects
        first = data.rfind(b"PK\1\2", 0, len(data) - 200)
        for i in rng.integers(max(first, 0), len(data), 3):
            data[i] ^= 1 << int(rng.integers(8))
    return bytes(data)


def mutated_metadata(source, target, rng):
    """Copy a model whose metadata.json has a few wrong characters, or a value of another kind, under a right sum."""
    with zipfile.ZipFile(source) as archive:
        name = next(n for n in archive.namelist() if n.endswith("metadata.json"))
        text = archive.read(name)
    if rng.random() < 0.5:
        metadata = json.loads(text)
        key = list(metadata)[rng.integers(len(metadata))]
        odd = [None, "", -1, 1e308, [], {}, [None], "x" * 10000, True, 0, 2**63]
        metadata[key] = odd[rng.integers(len(odd))]
        text = json.dumps(metadata).encode()
    else:
        text = bytearray(text)
        for i in rng.integers(0, len(text), 3):
            text[i] = int(rng.integers(1, 256))
    return rewritten(source, target, {"extra/metadata.json": bytes(text)})
