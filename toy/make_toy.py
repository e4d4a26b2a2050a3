"""Write the toy dataset: synthetic notes whose parameters are known, and the table of them.

    python toy/make_toy.py --out DIR [--seed S] [--jobs N] [--format wav|flac] [--small]

Same seed, same bytes, whatever the number of jobs.
"""

import argparse
import os
import sys
from pathlib import Path

import joblib
from toyset.files import write_note, write_table
from toyset.plan import plan, sample
from toyset.timbres import TIMBRES
from tqdm import tqdm


def arguments(argv=None):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description="Write synthetic notes whose parameters are known, and notes.csv.")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder to make; must be new or empty")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="whole number, at least 0 (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes (default: all cores)")
    parser.add_argument("--format", choices=("wav", "flac"), default="wav", help="of the audio files (default: wav)")
    parser.add_argument("--small", action="store_true", help="only the balanced sample: 144 notes")
    options = parser.parse_args(argv)
    if options.seed < 0:
        parser.error(f"--seed: expected a whole number of at least 0, got {options.seed}")
    if options.jobs < 1:
        parser.error(f"--jobs: expected at least 1, got {options.jobs}")
    return options


def make_folder(out):
    """Make the output folder; refuse one that holds something, so that no old note is mistaken for a new one."""
    if out.exists() and not out.is_dir():
        raise SystemExit(f"make_toy: --out: expected a folder, got the file {out}; name another")
    if out.is_dir() and any(out.iterdir()):
        raise SystemExit(f"make_toy: --out: expected a new or empty folder, got {out} with files in it; empty it or name another")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(f"make_toy: --out: cannot make {out} ({error.strerror}); name a folder that you may write to") from None


def main(argv=None):
    """Write the dataset and say what was written."""
    options = arguments(argv)
    make_folder(options.out)
    notes = plan(options.seed, TIMBRES)
    if options.small:
        notes = sample(notes)
    tasks = (joblib.delayed(write_note)(note, options.out, options.format) for note in notes)
    parallel = joblib.Parallel(n_jobs=options.jobs, return_as="generator")
    rows = list(tqdm(parallel(tasks), total=len(notes), unit="note", disable=not sys.stderr.isatty()))
    write_table(rows, options.out / "notes.csv")
    print(f"make_toy: {len(rows)} notes and notes.csv in {options.out}")


if __name__ == "__main__":
    main()
