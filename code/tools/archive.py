#!/usr/bin/env python3
"""The archive for evaluation, ``[ATIAM][ML2017] (Durand Petit).zip``. Called by ``make archive``.

Conventions
-----------
* It unfolds to one folder of its own name, with what git tracks (in a copy without a repository: all that git would not
  ignore) and the report's generated numbers, tables and figures.
* Same files, same bytes: entries are sorted and dated the first of January of the year; executable files stay so.
* At most 25 MB: if need be without the sounds of the book's listening page, else an error names the largest files.

Contents
--------
folder_name    names + year -> the folder's name
listed_files   what goes in, by git
write_archive  files -> zip
main           the command
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 25_000_000  # bytes
FORBIDDEN = r'/\<>:"|?*()[]'  # in a file name on some system, or in the format of this one
NAME_BYTES = 255 - len(".zip")
SPARED = "book/listening/*.flac"  # left out first where the archive would be too large; book/stimuli.py makes them


def folder_name(names, year=2017):
    """Return the folder's name.

    Parameters
    ----------
    names : str
        Family names, separated by spaces; any script.
    year : str or int
        Four digits.

    Returns
    -------
    str
        ``[ATIAM][ML<year>] (<names>)``, normalised (NFC), with single spaces.

    Raises
    ------
    ValueError
        If there is no name, a sign that no file name may have, or more than a file system takes.
    """
    names = " ".join(unicodedata.normalize("NFC", names).split())
    if not re.fullmatch(r"[12]\d{3}", str(year), re.ASCII):
        raise ValueError(f"expected YEAR of four digits, got {year!r}")
    if not any(letter.isalpha() for letter in names):
        raise ValueError(f'expected family names, as in NAMES="Durand Petit", got {names!r}')
    bad = sorted({letter for letter in names if letter in FORBIDDEN or unicodedata.category(letter)[0] == "C"})
    if bad:
        raise ValueError(f"expected names without {' '.join(map(repr, bad))}, got {names!r}")
    folder = f"[ATIAM][ML{year}] ({names})"
    if len(folder.encode()) > NAME_BYTES:
        raise ValueError(f"expected names that fit into a file name of {NAME_BYTES} bytes, "
                         f"got one of {len(folder.encode())}")
    return folder


def listed_files(root=ROOT):
    """Return what goes in, relative to ``root``, sorted.

    Parameters
    ----------
    root : pathlib.Path
        The project.

    Returns
    -------
    list of pathlib.Path
        Files that are there: the tracked ones of a repository, in a copy without one all that git would not ignore.

    Raises
    ------
    ValueError
        If git is not installed.
    """
    root = Path(root).resolve()
    try:
        top = _git(root, "rev-parse", "--show-toplevel").strip()
        if top and Path(top).resolve() == root:
            listed = _git(root, "ls-files", "-z")
        else:
            with tempfile.TemporaryDirectory() as empty:  # a repository that tracks nothing, beside the copy
                _git(root, "init", "--quiet", "--bare", empty)
                listed = _git(root, f"--git-dir={empty}", "--work-tree=.", "ls-files", "-z", "--others",
                              "--exclude-standard")
    except FileNotFoundError:
        raise ValueError("expected git, which lists the files of the archive: install it") from None
    paths = [Path(name) for name in listed.split("\0") if name]
    return sorted(path for path in paths if (root / path).is_file() and not (root / path).is_symlink())


def _git(folder, *arguments):
    """Return what git prints in a folder, whatever repository the environment names; nothing if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True)
    return os.fsdecode(done.stdout) if done.returncode == 0 else ""


def write_archive(target, folder, files, year, root=ROOT):
    """Write files into a zip.

    Parameters
    ----------
    target : pathlib.Path
        The zip.
    folder : str
        Folder inside it.
    files : iterable of pathlib.Path
        Relative to ``root``.
    year : int
        Date of the entries.
    root : pathlib.Path
        The project.

    Raises
    ------
    ValueError
        If the archive is larger than ``LIMIT``; it is removed.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(f"{folder}/{path.as_posix()}", (max(int(year), 1980), 1, 1, 0, 0, 0))
            executable = os.access(root / path, os.X_OK)
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(entry, (root / path).read_bytes(), zipfile.ZIP_DEFLATED, 9)
        largest = sorted(archive.infolist(), key=lambda entry: -entry.compress_size)[:5]
    if (size := target.stat().st_size) > LIMIT:
        target.unlink()
        shown = ", ".join(f"{entry.filename[len(folder) + 1:]} ({entry.compress_size / 1e6:.1f} MB)"
                          for entry in largest)
        raise ValueError(f"expected an archive of at most {LIMIT / 1e6:.0f} MB, got {size / 1e6:.1f} MB; "
                         f"the largest files: {shown}")


def generated():
    """Draw the report's numbers, tables and figures; return their paths, relative to the root."""
    from tools.report import make

    written, _ = make.generate(make.REPORT / "build")
    return [path.relative_to(ROOT) for path in written]


def main(arguments=None):
    """Write the archive; a mistake is one line and exit status 2."""
    parser = argparse.ArgumentParser(description="Write the archive for evaluation.")
    parser.add_argument("--names", required=True, help="family names, separated by spaces")
    parser.add_argument("--year", default="2017", help="of the course (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT, help="folder to write (default: the project's)")
    options = parser.parse_args(arguments)
    try:
        folder = folder_name(options.names, options.year)
        options.out.mkdir(parents=True, exist_ok=True)
        target = options.out / f"{folder}.zip"
        files = sorted({*listed_files(), *generated()})
        try:
            write_archive(target, folder, files, options.year)
        except ValueError:
            files = [path for path in files if not fnmatchcase(path.as_posix(), SPARED)]
            write_archive(target, folder, files, options.year)
            print(f"left out, to stay below {LIMIT / 1e6:.0f} MB: {SPARED}")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{target}: {len(files)} files, {target.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
