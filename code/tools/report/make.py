#!/usr/bin/env python3
r"""The report: numbers, tables and figures from records, then LaTeX, then a seal. Called by ``make report``.

Conventions
-----------
* The sources name what they want: ``\result[DIGITS]{CHAPTER/RUN/METRIC}`` is the mean over seeds, ``\interval`` its
  95 % interval over seeds (Student's t), ``\percent`` the mean times 100, ``\derived[DIGITS]{NAME}`` a number that
  ``parts.DERIVED`` works out, ``\recordtable{NAME}`` and ``\recordfigure{NAME}`` what ``TABLES`` and
  ``FIGURES`` of that module draw. ``CHAPTER/RUN:config/FIELD`` and ``CHAPTER/RUN:provenance/FIELD`` are settings and
  circumstances. ``\decided`` and ``\ifrecorded`` choose a wording (see ``claims``).
* A name that no record gives is left undefined, and LaTeX stops at it, naming it.
* ``report/report.sha256`` lists what the PDF was made from (sources, and the records that it draws on), and the PDF.
  A change of any of them makes ``sha256sum -c report.sha256`` and a test fail.

Contents
--------
Records          numbers by name; remembers which records were drawn on
number           value -> LaTeX
numbers          sources + Records -> LaTeX definitions
text_of_sources  their LaTeX, without comments
generate         everything that LaTeX reads, into a folder
sealed, seal     what the PDF was made from; the same, written down
main             the command
"""

import argparse
import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from latentsampler.runtime import records
from scipy import stats

from tools.report import claims, comparisons, parts

ROOT = Path(__file__).resolve().parents[3]
REPORT = ROOT / "report"
MADE_BY = tuple(f"code/tools/report/{name}.py" for name in ("make", "parts", "comparisons", "claims"))
USES = re.compile(r"\\(result|interval|percent|derived|decided|ifrecorded|recordtable|recordfigure)"
                  r"(?:\[(\d)\])?\{([^}#]+)\}")
COMPLAINTS = ("Overfull", "LaTeX Warning: Reference", "LaTeX Warning: Citation", "Package natbib Warning")


class Records:
    """Numbers of all records by name.

    Parameters
    ----------
    results : pathlib.Path
        Where records live.
    """

    def __init__(self, results=records.RESULTS):
        self.results = Path(results)
        self.used = set()
        self._values = {}
        for path in sorted(self.results.glob("*/*/seed*")):
            name = f"{path.parts[-3]}/{path.parts[-2]}"
            for part, prefix in (("metrics", f"{name}/"), ("config", f"{name}:config/"),
                                 ("provenance", f"{name}:provenance/")):
                for key, value in _flat(json.loads((path / f"{part}.json").read_text(encoding="utf-8"))):
                    self._values.setdefault(prefix + key, []).append((path, value))

    def __contains__(self, key):
        return key in self._values

    def values(self, key):
        """Return a number's values, one per seed."""
        if key not in self._values:
            raise KeyError(f"no record gives {key!r}")
        self.used |= {path for path, _ in self._values[key]}
        return [value for _, value in self._values[key]]

    def mean(self, key):
        """Return a number's mean over seeds, or a text as it is."""
        values = self.values(key)
        return values[0] if isinstance(values[0], str) else sum(values) / len(values)

    def interval(self, key):
        """Return the 95 % interval of the mean over seeds, by Student's t; needs two seeds."""
        values = self.values(key)
        if len(values) < 2:
            raise KeyError(f"{key!r} has one seed, and so no interval")
        low, high = stats.t.interval(0.95, len(values) - 1, loc=self.mean(key), scale=stats.sem(values))
        return float(low), float(high)

    def read(self, chapter, run, seed=0):
        """Return a whole record, for tables and figures."""
        self.used.add(self.results / chapter / run / f"seed{seed}")
        return records.read_record(chapter, run, seed, self.results)

    def read_all(self, chapter):
        """Return all records of a chapter: run -> list by seed."""
        found = records.read_records(chapter, self.results)
        self.used |= {self.results / record["id"] for runs in found.values() for record in runs}
        return found


def _flat(tree, prefix=""):
    """Yield the leaves of nested dicts and lists as ``a/b/0``, value."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _flat(value, f"{prefix}{key}/")
        elif value is not None:
            yield f"{prefix}{key}", value


def number(value, digits=0):
    """Return a number as LaTeX: a true minus, thin spaces from 10,000 on; a text with its specials escaped."""
    if isinstance(value, str):
        return re.sub(r"([_&%#$])", r"\\\1", value)
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value}")
    text = f"{value:.{digits}f}"
    if float(text) == 0.0:
        text = text.removeprefix("-")  # no minus zero
    whole, _, rest = text.removeprefix("-").partition(".")
    if len(whole) > 4:
        whole = re.sub(r"(?<=\d)(?=(\d{3})+$)", r"\\,", whole)
    return ("$-$" if text.startswith("-") else "") + whole + ("." + rest if rest else "")


def _text(kind, key, digits, store):
    if kind == "result":
        return number(store.mean(key), digits)
    if kind == "percent":
        return number(100.0 * store.mean(key), digits) + r"\,\%"
    if kind == "ifrecorded":
        return "1" if key in store else "0"
    if kind == "decided":
        return str(claims.side(parts.DERIVED[key](store)))
    if kind == "interval":
        return "[{}, {}]".format(*(number(value, digits) for value in store.interval(key)))
    derived = parts.DERIVED[key](store)
    if isinstance(derived, comparisons.Phrase):
        return derived
    if isinstance(derived, tuple):  # an Interval: value, low, high
        value, low, high = (number(part, digits) for part in derived)
        return f"{value} [{low}, {high}]"
    return number(derived, digits)


def numbers(source, store):
    r"""Return the definitions of all numbers that a source names; those that no record gives are left out.

    Parameters
    ----------
    source : str
        LaTeX.
    store : Records
        Where they come from.

    Returns
    -------
    str
        Lines of ``\definenumber{KIND|DIGITS|NAME}{TEXT}``.
    """
    lines = []
    for kind, digits, key in sorted(set(USES.findall(source))):
        if kind.startswith("record"):
            continue
        try:
            lines.append(f"\\definenumber{{{kind}|{digits or 0}|{key}}}{{{_text(kind, key, int(digits or 0), store)}}}")
        except KeyError as missing:
            print(f"report: {missing.args[0]}", file=sys.stderr)
    return "\n".join(lines) + "\n"


def sources():
    """Return the LaTeX sources and the bibliography."""
    return [REPORT / "main.tex", *sorted((REPORT / "chapters").glob("*.tex")), REPORT / "references.bib"]


def text_of_sources():
    """Return the LaTeX of all sources, without comments."""
    return "\n".join(re.sub(r"(?<!\\)%.*", "", path.read_text(encoding="utf-8")) for path in sources()[:-1])


def generate(build, store=None):
    """Write ``numbers.tex``, tables and figures; return the records that they come from.

    Parameters
    ----------
    build : pathlib.Path
        Folder.
    store : Records, optional
        The committed ones by default.

    Returns
    -------
    list of pathlib.Path
        Folders of records, sorted.
    """
    store = Records() if store is None else store
    build = Path(build)
    build.mkdir(parents=True, exist_ok=True)
    text = text_of_sources()
    (build / "numbers.tex").write_text(numbers(text, store), encoding="utf-8")
    for kind, _, name in sorted(set(USES.findall(text))):
        if kind == "recordtable":
            (build / f"{name}.tex").write_text(parts.TABLES[name](store), encoding="utf-8")
        elif kind == "recordfigure":
            parts.save(parts.FIGURES[name](store), build / f"{name}.pdf")
    return sorted(store.used)


def sealed(used):
    """Return what the report is made from, relative to ``report/``: path -> SHA-256."""
    files = [*sources(), *(ROOT / name for name in MADE_BY), *parts.FILES,
             *(path for folder in used for path in sorted(folder.iterdir()))]
    return {os.path.relpath(path, REPORT): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def seal(used):
    """Write ``report.sha256``: the inputs, and the PDF, in the format of ``sha256sum``."""
    lines = {**sealed(used), "report.pdf": hashlib.sha256((REPORT / "report.pdf").read_bytes()).hexdigest()}
    (REPORT / "report.sha256").write_text("".join(f"{value}  {name}\n" for name, value in lines.items()))


def compile_pdf(build):
    """Run LaTeX in ``report/`` with its output in ``build``; a failure shows what it stopped at.

    Parameters
    ----------
    build : pathlib.Path
        Folder that :func:`generate` filled.

    Returns
    -------
    pathlib.Path
        The PDF.
    """
    if shutil.which("latexmk") is None:
        raise SystemExit("report: LaTeX is not there; `make report` names the packages")
    build = Path(build).resolve()
    environment = {**os.environ, "TEXINPUTS": f".:{build}:", "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}
    done = subprocess.run(["latexmk", "-pdf", "-halt-on-error", "-interaction=nonstopmode", f"-outdir={build}",
                           "main.tex"], cwd=REPORT, env=environment, capture_output=True, text=True, errors="replace")
    if done.returncode:
        lines = done.stdout.splitlines()
        shown = [line for line in lines if line.startswith(("!", "l."))] or lines[-9:]
        raise SystemExit("report: LaTeX stopped:\n" + "\n".join(shown) + f"\n(the whole log: {build / 'main.log'})")
    return build / "main.pdf"


def main():
    """Generate, compile, and put ``report.pdf`` and its seal in place."""
    parser = argparse.ArgumentParser(description="Make report/report.pdf from sources and records.")
    parser.add_argument("--out", type=Path, help="only compile, into this folder; report/ stays as it is")
    arguments = parser.parse_args()
    build = arguments.out or REPORT / "build"
    used = generate(build)
    pdf = compile_pdf(build)
    for line in (build / "main.log").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(COMPLAINTS):
            print(f"report: {line}", file=sys.stderr)
    if arguments.out is None:
        shutil.copy(pdf, REPORT / "report.pdf")
        seal(used)
        print(f"report/report.pdf, from {len(used)} records")


if __name__ == "__main__":
    main()
