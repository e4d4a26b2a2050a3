"""Write the datasheet of the toy dataset as PDF, from its table and its audio.

Usage: ``python toy/datasheet.py --data DIR --out toy/datasheet.pdf``.
"""

import argparse
from pathlib import Path

import joblib
import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams.update({"pdf.fonttype": 42, "font.size": 9, "mathtext.fontset": "cm", "figure.dpi": 150})

import soundfile  # noqa: E402
from matplotlib.backends.backend_pdf import PdfPages  # noqa: E402
from toyset import check, pages  # noqa: E402
from toyset.files import COLUMNS, read_table  # noqa: E402

MEASURED_NOTES = 600  # a quarter of the set: a minute of work, and the picture does not change with more


def measure_note(folder, row):
    """Return what is found in one note, column -> float."""
    f0 = float(row["f0_hz"]) if row["f0_hz"] else None
    return check.measured(soundfile.read(folder / row["Path"])[0], row, f0)


def read_rows(folder):
    """Return the rows of ``notes.csv`` in ``folder``; end with a message where they are not a toy set's."""
    table = folder / "notes.csv"
    if not table.is_file():
        raise SystemExit(f"datasheet: --data: expected a folder with notes.csv, found none in {folder}; "
                         "make one with make_toy.py")
    rows = read_table(table)
    if not rows or set(rows[0]) != set(COLUMNS):
        raise SystemExit(f"datasheet: {table}: expected the columns of the toy set, got another table")
    missing = [row["Path"] for row in rows if not (folder / row["Path"]).is_file()]
    if missing:
        raise SystemExit(f"datasheet: {folder}: expected a sound for each of {len(rows)} rows, {len(missing)} "
                         f"are missing, "
                         f"the first is {missing[0]}")
    return rows


def main(argv=None):
    """Write the datasheet and say where it is."""
    parser = argparse.ArgumentParser(description="Write the datasheet of a toy dataset.")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="folder that make_toy.py wrote")
    parser.add_argument("--out", required=True, type=Path, metavar="PDF", help="file to write")
    parser.add_argument("--jobs", type=int, default=-1, metavar="N", help="processes (default: all cores)")
    options = parser.parse_args(argv)
    rows = read_rows(options.data)
    chosen = rows[::max(1, len(rows) // MEASURED_NOTES)]
    found = joblib.Parallel(n_jobs=options.jobs)(joblib.delayed(measure_note)(options.data, row) for row in chosen)
    figures = [pages.page_purpose(rows), pages.page_equations(rows), pages.page_factors(rows),
               pages.page_distributions(rows), pages.page_correlation(rows),
               pages.page_sounds(rows, lambda row: soundfile.read(options.data / row["Path"])[0]),
               pages.page_measured(chosen, found), pages.page_limits(rows)]
    try:
        # no date inside: the same data give the same file
        with PdfPages(options.out, metadata={"Title": "Toy notes: datasheet", "CreationDate": None}) as target:
            for figure in figures:
                target.savefig(figure)
    except OSError as error:
        raise SystemExit(f"datasheet: --out: cannot write {options.out} ({error.strerror})") from None
    print(f"datasheet: {len(figures)} pages in {options.out}")


if __name__ == "__main__":
    main()
