#!/usr/bin/env python3
r"""The report: numbers, tables and figures from records, then LaTeX, then a checksum list. Called by ``make report``.

Two documents: ``report.pdf`` from ``main.tex`` and ``chapters/*.tex``, and ``studies.pdf`` from ``studies.tex``, which
collects the pages ``chapters/studies/*.tex``, one a chapter.

Conventions
-----------
* The sources name what they want: ``\result[DIGITS]{CHAPTER/RUN/METRIC}`` is the mean over seeds, ``\interval`` its
  95 % interval over seeds (Student's t), ``\percent`` the mean times 100; ``\derived[DIGITS]{NAME}``,
  ``\recordtable{NAME}`` and ``\recordfigure{NAME}`` are what a chapter's ``report.py`` works out and draws.
  ``\decided{NAME}{ABOVE}{BELOW}{UNDECIDED}`` prints one of three wordings: the derived number is above zero, below, or
  its interval holds zero. ``CHAPTER/RUN:config/FIELD`` and ``CHAPTER/RUN:provenance/FIELD`` are settings and
  environment.
* A name that no record gives is left undefined, and LaTeX stops at it, naming it.
* ``report/report.sha256`` lists what the PDFs were made from (sources, and the records that they draw on), and the
  PDFs. A change of any of them makes ``sha256sum -c report.sha256`` and a test fail.

Contents
--------
numbers          sources + records -> LaTeX definitions
sources          the files of LaTeX
text_of_sources  their text, without comments
pages            the pages of the studies, as studies.tex reads them
generate         everything that LaTeX reads, into a folder
checksums        what the PDFs were made from
compile_pdf      LaTeX -> PDF
complaints       what LaTeX's log says that should not be so
main             the command
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the backend comes first
from latentsampler.runtime import latex  # noqa: E402

from tools.report.records import ROOT, Records, find_parts, number, side  # noqa: E402

REPORT = ROOT / "report"
DOCUMENTS = {"main": "report.pdf", "studies": "studies.pdf"}
CODE = [*sorted(Path(__file__).parent.glob("*.py")), Path(latex.__file__)]
USES = re.compile(r"\\(result|interval|percent|derived|decided|recordtable|recordfigure)(?:\[(\d)\])?\{([^}#]+)\}")
COMPLAINTS = ("Overfull", "LaTeX Warning: Reference", "LaTeX Warning: Citation", "Package natbib Warning")
STYLE = {"font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 8, "axes.labelsize": 8,
         "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 7, "axes.linewidth": 0.6, "pdf.fonttype": 42,
         "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.0}


def _text(kind, key, digits, store, derived):
    if kind == "result":
        return number(store.mean(key), digits)
    if kind == "percent":
        return number(100.0 * store.mean(key), digits) + r"\,\%"
    if kind == "interval":
        return "[{}, {}]".format(*(number(value, digits) for value in store.interval(key)))
    if key not in derived:
        raise KeyError(f"no report.py derives {key!r}")
    value = derived[key](store)
    if kind == "decided":
        return str(side(value))
    if isinstance(value, latex.Phrase):
        return value
    if isinstance(value, tuple):
        middle, low, high = (number(part, digits) for part in value)
        return f"{middle} [{low}, {high}]"
    return number(value, digits)


def numbers(source, store, derived):
    r"""Return the definitions of all numbers that a source names; those that no record gives are left out.

    Parameters
    ----------
    source : str
        LaTeX.
    store : Records
        Where they come from.
    derived : dict
        Name -> function of records.

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
            text = _text(kind, key, int(digits or 0), store, derived)
            lines.append(f"\\definenumber{{{kind}|{digits or 0}|{key}}}{{{text}}}")
        except (KeyError, FileNotFoundError) as missing:
            print(f"report: {_short(missing)}", file=sys.stderr)
    return "\n".join(lines) + "\n"


def _short(missing):
    return str(missing.args[0]).partition(";")[0]  # without the list of records that there are


def study_pages(report=REPORT):
    """Return the pages of the studies, sorted by name."""
    return sorted((Path(report) / "chapters" / "studies").glob("*.tex"))


def sources(report=REPORT):
    """Return the files of LaTeX: documents, macros, chapters, pages of studies."""
    report = Path(report)
    return [*(report / f"{name}.tex" for name in DOCUMENTS), report / "records.sty",
            *sorted((report / "chapters").glob("*.tex")), *study_pages(report)]


def text_of_sources(report=REPORT):
    """Return the LaTeX of all sources but the macros, without comments."""
    return "\n".join(re.sub(r"(?<!\\)%.*", "", path.read_text(encoding="utf-8")) for path in sources(report)
                     if path.suffix == ".tex")


def pages(report=REPORT, absent=()):
    """Return LaTeX that puts each study on a page of its own, and the references if any page cites.

    Parameters
    ----------
    report : pathlib.Path
        Folder of the sources.
    absent : collection of tuple
        Uses (see ``USES``) that no record gives; a study with one of them is left out, which is printed.

    Returns
    -------
    str
        LaTeX.
    """
    found = []
    for path in study_pages(report):
        if lacking := sorted(set(USES.findall(path.read_text(encoding="utf-8"))) & set(absent)):
            names = ", ".join(name for _, _, name in lacking)
            print(f"report: the study {path.stem} is left out, for no record gives {names}", file=sys.stderr)
        else:
            found.append(path)
    lines = [f"\\study{{{path.stem}}}" for path in found] or ["No study has a page yet."]
    if any("\\cite" in path.read_text(encoding="utf-8") for path in found):
        lines += [r"\clearpage", r"\bibliographystyle{IEEEtranN}", r"{\small\bibliography{references}}"]
    return "\n".join([*lines, ""])


def generate(build, store=None, report=REPORT):
    """Write numbers, tables, figures and the list of pages; return the files that they come from.

    Parameters
    ----------
    build : pathlib.Path
        Folder.
    store : Records, optional
        The committed ones by default.
    report : pathlib.Path
        Folder of the sources.

    Returns
    -------
    written, used : list of pathlib.Path
        What was written; the files that it was made from, sorted.
    """
    store = Records() if store is None else store
    parts, text, build = find_parts(), text_of_sources(report), Path(build)
    build.mkdir(parents=True, exist_ok=True)
    uses = sorted(set(USES.findall(text)))
    defined = numbers(text, store, parts.derived)
    absent = {use for use in uses if not use[0].startswith("record")
              and f"\\definenumber{{{use[0]}|{use[1] or 0}|{use[2]}}}" not in defined}
    written = [build / "numbers.tex", build / "pages.tex"]
    written[0].write_text(defined, encoding="utf-8")
    for use in uses:
        if use[0].startswith("record"):
            try:
                written.append(_write_part(use, build, store, parts))
            except (KeyError, FileNotFoundError) as missing:
                print(f"report: {_short(missing)}", file=sys.stderr)
                absent.add(use)
    written[1].write_text(pages(report, absent), encoding="utf-8")
    return written, used_files(store, parts, report)


def _write_part(use, build, store, parts):
    """Write a table or a figure that the sources name; return its path."""
    kind, _, name = use
    path = build / f"{name}.{'tex' if kind == 'recordtable' else 'pdf'}"
    path.unlink(missing_ok=True)  # what an earlier run wrote must not stand for what is absent now
    if kind == "recordtable":
        path.write_text(parts.tables[name](store), encoding="utf-8")
    else:
        with plt.rc_context(STYLE):
            save(parts.figures[name](store), path)
    return path


def save(figure, path):
    """Write a figure as PDF with embedded TrueType fonts, the same bytes for the same figure."""
    with plt.rc_context(STYLE):  # the font type counts when it is written
        figure.savefig(path, metadata={"CreationDate": None, "Producer": None, "Creator": None})
    plt.close(figure)


def used_files(store, parts, report=REPORT):
    """Return the files that the report is made from: sources, pictures, code, records drawn on.

    Parameters
    ----------
    store : Records
        After its use.
    parts : Parts
        Of all chapters.
    report : pathlib.Path
        Folder of the sources.

    Returns
    -------
    list of pathlib.Path
        Without repetition.
    """
    pictures = re.findall(r"\\includegraphics(?:\[[^]]*\])?\{([^}#]+)\}", text_of_sources(report))
    records = [file for path in sorted(store.used) for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return list(dict.fromkeys([*sources(report), report / "references.bib", *CODE, *parts.files,
                               *(report / name for name in pictures), *records]))


def checksums(files):
    """Return path, relative to ``report/``, -> SHA-256, in the order of the files."""
    return {os.path.relpath(path, REPORT): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def compile_pdf(document, build, report=REPORT):
    """Run LaTeX in ``report/`` with its output in ``build``; a failure shows what it stopped at.

    Parameters
    ----------
    document : str
        A key of ``DOCUMENTS``.
    build : pathlib.Path
        Folder that :func:`generate` filled.
    report : pathlib.Path
        Folder of the sources.

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
                           f"{document}.tex"], cwd=report, env=environment, capture_output=True, text=True,
                          errors="replace")
    if done.returncode:
        lines = done.stdout.splitlines()
        shown = [line for line in lines if line.startswith(("!", "l."))] or lines[-9:]
        raise SystemExit("report: LaTeX stopped:\n" + "\n".join(shown)
                         + f"\n(the whole log: {build / document}.log)")
    return build / f"{document}.pdf"


def complaints(log):
    """Return what a log of LaTeX says that should not be so: boxes, references, studies of more than one page.

    Parameters
    ----------
    log : pathlib.Path
        Written by :func:`compile_pdf`.

    Returns
    -------
    list of str
        Lines; empty if all is well.
    """
    text = log.read_text(encoding="utf-8", errors="replace")
    found = [line for line in text.splitlines() if line.startswith(COMPLAINTS)]
    for name, first, last in re.findall(r"^study (\S+) pages (\d+) to (\d+)$", text, re.MULTILINE):
        if first != last:
            found.append(f"{name} has more than one page ({first} to {last})")
    return found


def main():
    """Generate, compile, and put the PDFs and their checksum list in place."""
    parser = argparse.ArgumentParser(description="Make report/report.pdf and studies.pdf from sources and records.")
    parser.add_argument("--out", type=Path, help="only compile, into this folder; report/ stays as it is")
    arguments = parser.parse_args()
    build = arguments.out or REPORT / "build"
    _, files = generate(build)
    for document, name in DOCUMENTS.items():
        pdf = compile_pdf(document, build)
        for line in complaints(build / f"{document}.log"):
            print(f"report: {name}: {line}", file=sys.stderr)
        if arguments.out is None:
            shutil.copy(pdf, REPORT / name)
            files.append(REPORT / name)
            print(f"report/{name}")
    if arguments.out is None:
        lines = "".join(f"{value}  {name}\n" for name, value in checksums(files).items())
        (REPORT / "report.sha256").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
