"""What a thing is, as a short text: configs, files, folders.

Contents
--------
as_json      a Config as its record holds it
short_hash   identity of what JSON can hold
file_hash    identity of a file
path_hash    identity of a file, a store, or any other folder
"""

import hashlib
import json
from dataclasses import asdict, is_dataclass
from pathlib import Path


def as_json(config):
    """Return a config (dataclass or dict) as its record holds it."""
    return json.loads(json.dumps(asdict(config) if is_dataclass(config) else config))


def short_hash(content):
    """Return 12 hexadecimal digits that identify what JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def file_hash(path):
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_hash(path):
    """Return the identity of a path's content: 64 hexadecimal digits.

    Parameters
    ----------
    path : str or pathlib.Path
        A file; a store, whose checksum it is; or a folder, all of whose files count with their names.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    path = Path(path)
    if path.is_file():
        return file_hash(path)
    for name in ("store.json", "info.json"):
        if (path / name).is_file():
            return json.loads((path / name).read_text(encoding="utf-8"))["checksum"]
    files = sorted(file for file in path.rglob("*") if file.is_file())
    text = "".join(f"{file.relative_to(path)} {file_hash(file)}\n" for file in files)
    return hashlib.sha256(text.encode()).hexdigest()
