#!/usr/bin/env python3
"""Root script: every stage of the flow as a command; without an argument, the whole flow, small.

Examples
--------
    python code/main.py dataset build --source soundfont --out data
    python code/main.py train autoencoder/wae --data data/STORE --out model.pt
    python code/main.py train vocoder/harmonic --data data/STORE --model model.pt --out vocoder.pt
    python code/main.py export --model model.pt --vocoder vocoder.pt --out generative.pt
    python code/main.py render generative.pt --point 0.5 -1 0 0.3 60 --out note.wav
"""

import argparse
import contextlib
import csv
import errno
import importlib
import os
import sys
import zipfile
from pathlib import Path


def main(arguments=None):
    """Parse the command line, run one command, and turn a user's mistake into one line instead of a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    options = argparse.Namespace()
    try:
        options = _options(arguments or ["demo"])
        with _logging(options):
            return options.run(options) or 0
    except KeyboardInterrupt:
        print(f"stopped{_kept(options)}", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        print(f"error: {error}; run ./setup.sh first, or install the extra that the message names", file=sys.stderr)
        return 2
    except Exception as error:
        if not _users(error):
            raise
        print(f"error: {_line(error)}", file=sys.stderr)
        return 2


def _users(error):
    """Say whether an error comes from what a user gave (files, network, disk, numbers) and not from a bug."""
    if isinstance(error, OSError | ValueError | EOFError | FloatingPointError | csv.Error | zipfile.BadZipFile):
        return True
    return any(kind.__name__ in ("LibsndfileError", "SoundFileError", "CalledProcessError")
               for kind in type(error).__mro__)


def _line(error):
    """Return an error as one line: what was expected, what came, and the file, where there is one."""
    if isinstance(error, UnicodeError):
        return f"expected text in UTF-8, got bytes that are none: {error}"
    if isinstance(error, OSError) and error.strerror:
        place = f": {os.fsdecode(error.filename)}" if error.filename else ""
        hint = {errno.ENOSPC: "; free some space or name another disk with --out",
                errno.EACCES: "; name another place with --out"}.get(error.errno, "")
        return f"{error.strerror}{place}{hint}"
    return " ".join(str(error).split()) or type(error).__name__


def _kept(options):
    """Return what is told of a stopped training: whether there is a checkpoint to go on from."""
    out = getattr(options, "out", None)
    if getattr(options, "run", None) is None or not getattr(options, "leftover", False) or out is None:
        return "; what was written so far stays"
    if Path(f"{out}.ckpt").is_file() or Path(f"{out}.ckpt.done").is_file():
        return f"; the same command goes on from {out}.ckpt"
    return "; there was no checkpoint yet (one is written each minute)"


def _options(arguments):
    """Return what was asked for; options that a chapter names itself stay in ``rest`` until the chapter is known."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    options.rest = rest
    if rest and not getattr(options, "leftover", False):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return options


def _parser():
    parser = argparse.ArgumentParser(prog="main.py", description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for cli in _command_lines():
        cli.add_parser(commands)
    demo = commands.add_parser("demo", help="the whole flow, small (at most 10 minutes on 2 cores)")
    demo.add_argument("--out", type=Path, default=Path("build/demo"), help="folder to write (default: %(default)s)")
    demo.set_defaults(run=_demo)
    return parser


def _command_lines():
    """Yield the module ``cli`` of every folder of the package that has one: a new chapter needs no edit here."""
    import latentsampler

    package = Path(latentsampler.__file__).parent
    for path in sorted(package.rglob("cli.py")):
        yield importlib.import_module(".".join(("latentsampler", *path.relative_to(package).with_suffix("").parts)))


def _logging(options):
    """Return a context in which new records are logged to MLflow, for commands that write some."""
    if not getattr(options, "record", False):
        return contextlib.nullcontext()
    from latentsampler.experiments.tracking import logging_new

    return logging_new()


def _demo(options):
    from tools import demo

    return demo.main(options.out)


if __name__ == "__main__":
    sys.exit(main())
