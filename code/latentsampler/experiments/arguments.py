"""What commands share: numbers and files that are checked where they are read, and the files of other chapters.

Contents
--------
positive, minutes, named_file   types of options
add_run, add_jobs               options of commands that run something
read_options                    options that a chapter names itself, from what argparse left over
"""

import argparse
import math
from pathlib import Path

DEVICES = ("cpu", "cuda")


def positive(text):
    """Return a whole number above 0."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return number


def seed(text):
    """Return a whole number from 0 to 2**31 - 1."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number < 2 ** 31:
        raise argparse.ArgumentTypeError(f"expected a whole number of 0 to {2 ** 31 - 1}, got {text!r}")
    return number


def minutes(text):
    """Return a finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected minutes above 0, got {text!r}")
    return number


def named_file(text):
    """Return name and path of ``NAME=FILE``; the file may hold further ``=``."""
    name, _, path = text.partition("=")
    if not path or not Path(path).exists():
        raise argparse.ArgumentTypeError(f"expected NAME=FILE with a file that is there, got {text!r}")
    return name, Path(path)


def add_run(parser, data=True):
    """Add the options of a command that runs an entry of a chapter's ``RUNS``."""
    parser.add_argument("name", metavar="CHAPTER/RUN", help="such as autoencoder/wae")
    parser.add_argument("--data", type=Path, required=data, help="what the chapter's open_data opens, such as a store "
                        "made by `dataset build`")
    add_input(parser)
    parser.add_argument("--device", choices=DEVICES, default="cpu")


def add_input(parser):
    """Add the option that names a file of another chapter."""
    parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE", type=named_file,
                        help="a file that the chapter's INPUTS name, such as model=model.pt; --NAME FILE says the same")
    parser.set_defaults(leftover=True)


def add_jobs(parser, folder, jobs=1):
    """Add the options of a command that runs many things at once."""
    parser.add_argument("--jobs", type=int, default=jobs, help="processes; -1 for all cores (default: %(default)s)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that sees the same folders")
    parser.add_argument("--minutes", type=minutes, metavar="BUDGET", help="nothing begins that would end after them")
    parser.add_argument("--folder", type=Path, default=Path(folder),
                        help="keeps what is done: a killed run goes on (default: %(default)s)")


def read_options(rest, files, numbers=None, prog="main.py"):
    """Read the options that a chapter names itself.

    Parameters
    ----------
    rest : sequence of str
        What argparse left over.
    files : collection of str
        Names of options that take a path.
    numbers : dict, optional
        Name -> (type, default, help).
    prog : str
        What error messages begin with.

    Returns
    -------
    paths : dict
        Name -> path, of those that were given.
    values : dict
        Name -> number, of all.

    Raises
    ------
    ValueError
        If an option is unknown; the message lists those that there are.
    """
    parser = argparse.ArgumentParser(prog=prog, add_help=False, allow_abbrev=False, exit_on_error=False)
    for name in files:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, type=Path)
    for name, (kind, default, text) in (numbers or {}).items():
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, type=kind, default=default, help=text)
    try:
        options, unknown = parser.parse_known_args(rest)
    except argparse.ArgumentError as error:
        raise ValueError(str(error)) from error
    if unknown:
        there = ", ".join(f"--{name.replace('_', '-')}" for name in (*files, *(numbers or {})))
        raise ValueError(f"unknown option {unknown[0]}; the chapter takes {there or 'none of its own'}")
    paths = {name: getattr(options, name) for name in files if getattr(options, name) is not None}
    for name, path in paths.items():
        if not path.exists():
            raise FileNotFoundError(f"expected a file for --{name}, found none at {path}")
    return paths, {name: getattr(options, name) for name in numbers or {}}
