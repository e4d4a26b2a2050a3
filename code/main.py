#!/usr/bin/env python3
"""Root script: every stage of the flow as a command; without an argument, the whole flow, small.

Examples
--------
    python code/main.py dataset build --source soundfont --out data
    python code/main.py train wae --data data/STORE --out model.pt
    python code/main.py vocoder train harmonic --data data/STORE --model model.pt --out vocoder.pt
    python code/main.py export --model model.pt --vocoder vocoder.pt --out generative.pt
    python code/main.py render generative.pt --point 0.5 -1 0 0.3 60 --out note.wav
"""

import argparse
import contextlib
import importlib
import os
import sys
from pathlib import Path


def main(arguments=None):
    """Parse the command line, run one command, and turn a user's mistake into one line instead of a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        options = _parser().parse_args(arguments or ["demo"])
        with _logging(options):
            return options.run(options) or 0
    except (FileNotFoundError, FileExistsError, NotADirectoryError, PermissionError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"error: {error}; run ./setup.sh first, or install the extra that the message names", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(prog="main.py", description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    benchmark = commands.add_parser("benchmark", help="measure a stage and record it")
    benchmarks = benchmark.add_subparsers(metavar="NAME", required=True)
    for cli in _command_lines():
        if hasattr(cli, "add_parser"):
            cli.add_parser(commands)
        if hasattr(cli, "add_benchmarks"):
            cli.add_benchmarks(benchmarks)
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
