"""Scripts of others that the book's pages run: fetched once by name and version, checked, put into the book.

``vendor.json`` lists the npm packages with the SHA-512 that npm publishes for each. Nothing of them is committed.
A page of the book then loads no file from another host.

Contents
--------
vendor   all packages -> files below a folder
fetch    one package -> its archive, from the cache, by npm, or from the registry that npm's settings name
"""

import base64
import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import urllib.request
from pathlib import Path

PACKAGES = json.loads(Path(__file__).with_name("vendor.json").read_text(encoding="utf-8"))


def vendor(folder, cache):
    """Put the files of all packages below ``folder``; archives are kept in ``cache``."""
    for package in PACKAGES:
        unpack(fetch(package, Path(cache)), package["files"], Path(folder))


def fetch(package, cache):
    """Return the path of a package's archive, whose checksum is right.

    Parameters
    ----------
    package : dict
        name, version and integrity (``sha512-`` and base64, as npm writes it).
    cache : pathlib.Path
        Folder where archives are kept.

    Returns
    -------
    pathlib.Path
        The archive.

    Raises
    ------
    FileNotFoundError
        If it is not in the cache and cannot be fetched; the message says what is missing.
    ValueError
        If what was fetched is not what the checksum says.
    """
    path = cache / archive_name(package)
    if path.is_file() and checksum(path) == package["integrity"]:
        return path
    cache.mkdir(parents=True, exist_ok=True)
    if shutil.which("npm"):
        _by_npm(package, cache)
    else:
        _by_registry(package, path)
    if checksum(path) != package["integrity"]:
        raise ValueError(f"expected {path.name} with {package['integrity'][:20]}..., got {checksum(path)[:20]}...")
    return path


def unpack(archive, files, folder):
    """Copy the files of an archive that match a pattern into the folder that goes with the pattern.

    Parameters
    ----------
    archive : pathlib.Path
        Of npm: everything lies below ``package/``.
    files : dict
        Pattern -> folder, relative to ``folder``.
    folder : pathlib.Path
        Where to put them.

    Raises
    ------
    FileNotFoundError
        If a pattern matches nothing.
    """
    with tarfile.open(archive) as tar:
        members = {member.name.removeprefix("package/"): member for member in tar.getmembers() if member.isfile()}
        for pattern, target in files.items():
            names = fnmatch.filter(members, pattern)
            if not names:
                raise FileNotFoundError(f"expected {pattern} in {archive.name}, found none")
            (folder / target).mkdir(parents=True, exist_ok=True)
            for name in names:
                (folder / target / Path(name).name).write_bytes(tar.extractfile(members[name]).read())


def archive_name(package):
    """Return the file name under which npm packs a package: ``@a/b`` version 1 is ``a-b-1.tgz``."""
    return f"{package['name'].removeprefix('@').replace('/', '-')}-{package['version']}.tgz"


def checksum(path):
    """Return the SHA-512 of a file as npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def _by_npm(package, cache):
    name = f"{package['name']}@{package['version']}"
    done = subprocess.run(["npm", "pack", name, "--pack-destination", str(cache)], capture_output=True, text=True)
    if done.returncode:
        raise FileNotFoundError(f"`npm pack {name}` failed: {done.stderr.strip()[-300:]}")


def _by_registry(package, path):
    registry = os.environ.get("NPM_CONFIG_REGISTRY") or os.environ.get("npm_config_registry")
    if not registry:
        raise FileNotFoundError(
            f"the book needs {path.name} from npm: install npm (nodejs.org, or your system's package), or name a "
            f"registry by NPM_CONFIG_REGISTRY, or put the archive into {path.parent}")
    base = package["name"].rsplit("/", 1)[-1]
    with urllib.request.urlopen(f"{registry.rstrip('/')}/{package['name']}/-/{base}-{package['version']}.tgz") as file:
        path.write_bytes(file.read())
