"""Write a toy dataset: synthetic data whose parameters are known.

    python toy/make_toy.py [KIND] --out DIR [--seed S] [options of the kind]

KIND is the name of a file in ``toyset/kinds`` (default: notes). Same seed, same bytes.
"""

import argparse
import importlib
import sys
from pathlib import Path

from toyset.kinds import KINDS

DEFAULT = "notes"


def find_kind(argv):
    """Return the module of the kind that a command line names first, and the rest of the command line."""
    name, rest = (argv[0], argv[1:]) if argv and not argv[0].startswith("-") else (DEFAULT, argv)
    if name not in KINDS:
        raise SystemExit(f"make_toy: expected a kind of toy data, one of {', '.join(KINDS)}; got {name!r}")
    return importlib.import_module(f"toyset.kinds.{name}"), rest


def arguments(kind, argv):
    """Return the parsed command line of a kind."""
    name = kind.__name__.rpartition(".")[2]
    parser = argparse.ArgumentParser(
        usage=f"make_toy.py [KIND] --out DIR [--seed S] ...   (KIND: {', '.join(KINDS)}; default: {DEFAULT})",
        description=f"{name}: {kind.__doc__.splitlines()[0]}")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder to make; must be new or empty")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="whole number, at least 0 (default: 0)")
    kind.add_arguments(parser)
    options = parser.parse_args(argv)
    if options.seed < 0:
        parser.error(f"--seed: expected a whole number of at least 0, got {options.seed}")
    return options


def make_folder(out):
    """Make the output folder; refuse one that holds something, lest old data be mistaken for new."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise SystemExit(f"make_toy: --out: expected a new or empty folder, got {out} with files in it; "
                             "empty it or name another")
    except OSError as error:
        raise SystemExit(f"make_toy: --out: expected a folder that can be made and written to, got {out} "
                         f"({error.strerror}); name another") from None


def main(argv=None):
    """Write the dataset and say what was written."""
    kind, rest = find_kind(sys.argv[1:] if argv is None else argv)
    options = arguments(kind, rest)
    make_folder(options.out)
    try:
        written = kind.make(options)
    except OSError as error:
        raise SystemExit(f"make_toy: cannot write to {options.out} ({error.strerror or error}); "
                         "make room or name another --out") from None
    print(f"make_toy: {written} in {options.out}")


if __name__ == "__main__":
    main()
