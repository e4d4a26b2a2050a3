"""Write the toy dataset: synthetic notes whose parameters are known, and the table of them.

    python toy/make_toy.py --out DIR [--seed S] [--jobs N] [--format wav|flac] [--small] [--with csound] [--with pd]

Same seed, same bytes, whatever the number of jobs.
"""

import argparse
import os
import sys
from pathlib import Path

import joblib
from toyset.files import write_note, write_table
from toyset.plan import plan, sample
from toyset.programs import PROGRAMS, ProgramError, render
from toyset.timbres import TIMBRES
from tqdm import tqdm


def arguments(argv=None):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description="Write synthetic notes of known parameters, and notes.csv.")
    add = parser.add_argument
    add("--out", required=True, type=Path, metavar="DIR", help="folder to make; must be new or empty")
    add("--seed", type=int, default=0, metavar="S", help="whole number, at least 0 (default: 0)")
    add("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes (default: all cores)")
    add("--format", choices=("wav", "flac"), default="wav", help="of the audio files (default: wav)")
    add("--small", action="store_true", help="only the balanced sample: 9 notes of each instrument")
    add("--with", dest="programs", action="append", choices=sorted(PROGRAMS), default=[], metavar="PROGRAM",
        help="add the instrument of another program, csound or pd; may be given twice")
    options = parser.parse_args(argv)
    if options.seed < 0:
        parser.error(f"--seed: expected a whole number of at least 0, got {options.seed}")
    if options.jobs < 1:
        parser.error(f"--jobs: expected at least 1, got {options.jobs}")
    return options


def make_folder(out):
    """Make the output folder; refuse one that holds something, lest an old note be mistaken for a new one."""
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
    options = arguments(argv)
    make_folder(options.out)
    try:
        rows = write_all(options)
    except OSError as error:
        raise SystemExit(f"make_toy: cannot write to {options.out} ({error.strerror or error}); "
                         "make room or name another --out") from None
    print(f"make_toy: {len(rows)} notes and notes.csv in {options.out}")


def write_all(options):
    """Write every note and the table; return its rows."""
    chosen = sample if options.small else list
    notes = chosen(plan(options.seed, TIMBRES))
    tasks = (joblib.delayed(write_note)(note, options.out, options.format) for note in notes)
    parallel = joblib.Parallel(n_jobs=options.jobs, return_as="generator")
    rows = list(tqdm(parallel(tasks), total=len(notes), unit="note", disable=not sys.stderr.isatty()))
    for name in sorted(set(options.programs)):
        rows += other_rows(name, chosen, options)
    write_table(rows, options.out / "notes.csv")
    return rows


def other_rows(name, chosen, options):
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


if __name__ == "__main__":
    main()
