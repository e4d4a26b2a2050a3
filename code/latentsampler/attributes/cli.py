"""The command ``describe``: sound files -> a table of their perceptual attributes.

Conventions
-----------
* A row is ``{"file": path as given, "depth": points, ...}``; points are those of `descriptors`.
* A file that cannot be read is reported on standard error and left out; the others are described.

Contents
--------
describe_files  paths -> rows and complaints
write_csv       rows -> csv
add_parser      adds the command to a parser's subcommands
"""

import csv
import os
import sys
from pathlib import Path

import numpy as np

from latentsampler.attributes.descriptors import ATTRIBUTES, describe
from latentsampler.runtime.text import text

LOWEST_RATE, LOUDEST = 1000, 1000.0  # Hz; re full scale
COLUMNS = ("file", *(attribute.__name__ for attribute in ATTRIBUTES))


def describe_files(paths):
    """Describe sound files, each at its own rate and of its own length.

    Parameters
    ----------
    paths : sequence of str or Path
        Any format that libsndfile reads; channels are summed.

    Returns
    -------
    tuple of list
        Rows, one per sound that could be read, in order (NaN where it is silent); and complaints, one line
        per sound that could not.
    """
    rows, complaints = [], []
    for path in paths:
        try:
            values = _describe_file(path)
        except (OSError, ValueError) as error:
            complaints.append(f"{text(path)}: {error}")
        else:
            rows.append({"file": text(path), **values})
    return rows, complaints


def _describe_file(path):
    import soundfile  # not at the top: a machine that only trains has none

    if not Path(path).is_file():
        raise FileNotFoundError("expected a sound file, got " + ("a folder; name the files in it"
                                if Path(path).is_dir() else "nothing there; check the spelling"))
    try:
        samples, rate = soundfile.read(os.fsencode(path), always_2d=True)  # (n_samples, channels)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"expected sound, got something else ({error.error_string.rstrip('.')}); "
                         "convert it to wav or flac") from None
    if len(samples) < 2:
        raise ValueError(f"expected samples, got {len(samples)}; the recording is empty")
    if rate < LOWEST_RATE:
        raise ValueError(f"expected at least {LOWEST_RATE} samples a second, got {rate}")
    if not np.all(np.abs(samples) <= LOUDEST):  # also where they are not finite
        raise ValueError(f"expected samples around full scale 1, got up to {np.abs(samples).max():.3g}")
    return {name: float(value[0]) for name, value in describe(samples.T[None], rate).items()}


def write_csv(rows, file):
    """Write rows as csv: a line of column names, points with two decimals, nothing where a sound is silent.

    Parameters
    ----------
    rows : list of dict
        From `describe_files`.
    file : text file
        Open for writing, with ``newline=""``.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        points = ("" if np.isnan(row[name]) else f"{row[name]:.2f}" for name in COLUMNS[1:])
        writer.writerow([row["file"], *points])


def _why_not_written(path):
    """Return why a file cannot be written, as far as can be known before; else nothing."""
    if Path(path).is_dir():
        return "Is a directory"
    folder = Path(path).absolute().parent
    return "" if folder.is_dir() and os.access(folder, os.W_OK) else "No such folder, or no permission"


def _write_whole(rows, path):
    if path.exists() and not path.is_file():  # a device or a pipe takes the lines as they come
        with open(path, "w", newline="", encoding="utf-8") as file:
            write_csv(rows, file)
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            write_csv(rows, file)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _table(rows):
    """Lines of the table that a person reads."""
    width = max([len(row["file"]) for row in rows] + [4])
    yield f"{'file':{width}}" + "".join(f"{name:>11}" for name in COLUMNS[1:])
    for row in rows:
        cells = ("silent" if np.isnan(row[name]) else f"{row[name]:.1f}" for name in COLUMNS[1:])
        yield f"{row['file']:{width}}" + "".join(f"{cell:>11}" for cell in cells)


def run(options):
    """Carry out the command.

    Parameters
    ----------
    options : argparse.Namespace
        With ``sounds``, a list of paths, and ``csv``, a path, ``-`` or None.

    Returns
    -------
    int
        Exit status: 0, or 1 where a file could not be read or written.
    """
    wrong = _why_not_written(options.csv) if options.csv not in (None, "-") else ""
    if wrong:  # before minutes of work
        print(f"describe: --csv: cannot write to {options.csv} ({wrong}); name another file", file=sys.stderr)
        return 1
    rows, complaints = describe_files(options.sounds)
    if options.csv == "-":
        write_csv(rows, sys.stdout)
    elif options.csv:
        try:
            _write_whole(rows, Path(options.csv))
        except OSError as error:
            complaints.append(f"--csv: cannot write to {options.csv} ({error.strerror}); name another file")
    elif rows:
        print("\n".join(_table(rows)))
    for complaint in complaints:
        print(f"describe: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


def add_parser(subparsers):
    """Add ``describe SOUND... [--csv OUT]`` to the subcommands of a parser; it sets ``run``.

    Parameters
    ----------
    subparsers : argparse._SubParsersAction
        What ``parser.add_subparsers()`` returns.

    Returns
    -------
    argparse.ArgumentParser
        The command's own parser; ``options.run(options)`` returns the exit status.
    """
    parser = subparsers.add_parser(
        "describe", help="perceptual attributes of sounds",
        description="Depth, brightness, hardness, roughness, warmth, sharpness and booming, in points "
                    "of listeners' ratings (0 to 100; values outside occur).")
    parser.add_argument("sounds", nargs="+", metavar="SOUND", help="sound file (wav, flac, ogg, aiff, ...)")
    parser.add_argument("--csv", metavar="OUT", help="write csv instead of a table; - is standard output")
    parser.set_defaults(run=run)
    return parser
