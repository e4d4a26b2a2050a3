"""Single notes of synthetic instruments whose parameters are known, and the table of them (see ``toy/README.md``).

Same seed, same bytes, whatever the number of jobs.
"""

import argparse
import os
import sys

import joblib
from tqdm import tqdm

from ..files import write_note, write_table
from ..plan import plan, sample
from ..programs import PROGRAMS, ProgramError, render
from ..timbres import TIMBRES


def add_arguments(parser):
    """Add the options of this kind."""
    add = parser.add_argument
    add("--jobs", type=_at_least_one, default=os.cpu_count(), metavar="N", help="processes (default: all cores)")
    add("--format", choices=("wav", "flac"), default="wav", help="of the audio files (default: wav)")
    add("--small", action="store_true", help="only the balanced sample: 9 notes of each instrument")
    add("--with", dest="programs", action="append", choices=sorted(PROGRAMS), default=[], metavar="PROGRAM",
        help="add the instrument of another program, csound or pd; may be given twice")


def make(options):
    """Write every note and the table; return what was written."""
    chosen = sample if options.small else list
    notes = chosen(plan(options.seed, TIMBRES))
    tasks = (joblib.delayed(write_note)(note, options.out, options.format) for note in notes)
    parallel = joblib.Parallel(n_jobs=options.jobs, return_as="generator")
    rows = list(tqdm(parallel(tasks), total=len(notes), unit="note", disable=not sys.stderr.isatty()))
    for name in sorted(set(options.programs)):
        rows += _other_rows(name, chosen, options)
    write_table(rows, options.out / "notes.csv")
    return f"{len(rows)} notes and notes.csv"


def _at_least_one(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {number}")
    return number


def _other_rows(name, chosen, options):
    """Write the notes of another program's instrument and return their rows; none where it is not installed."""
    program = PROGRAMS[name]
    if not program.is_here():
        print(f"make_toy: --with {name}: no program {program.executable} on the PATH, its instrument is left out "
              f"(Debian: apt-get install {program.package})", file=sys.stderr)
        return []
    notes = chosen(plan(options.seed, [program.timbre]))
    try:
        rendered = render(program, notes)
    except ProgramError as error:
        raise SystemExit(f"make_toy: --with {name}: {error}") from None
    return [write_note(note, options.out, options.format, samples)
            for note, samples in zip(notes, rendered, strict=True)]
