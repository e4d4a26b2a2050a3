"""Claims about the report: every number is recorded, a missing one stops LaTeX, the PDFs are short and up to date."""

import hashlib
import re
import shutil
import subprocess

import numpy as np
import pytest
from latentsampler.runtime import records
from scipy import stats
from tools.report import make
from tools.report.records import Parts, Records, find_parts, number

from tests.conftest import require

REPORT = make.REPORT
ALLOWED = {"16-bit", r"95\,\%", "SOL~0.9", "FluidR3"}  # names and conventions, no results
CHAPTERS = [path for path in make.sources() if path.parent != REPORT]

SECTION = re.compile(r'References\n\s*-+\n(.*?)(?:\n\s*\n|""")', re.DOTALL)  # of a docstring


@pytest.fixture
def store(tmp_path):
    """Two runs: one of three seeds, one of a single seed with nested metrics and a missing value."""
    for seed, value in enumerate((-1.0, -2.0, -6.0)):
        records.write_record("part", "many", seed, {"width": 128}, {"sc_db": value}, [], {"seconds": 10.0}, tmp_path)
    nested = {"kinds": {"0.5 s": {"share": 0.25}}, "count": 1234567, "lost": None, "list": [3.0, 4.0]}
    records.write_record("part", "one", 0, {"name": "a_b"}, nested, [], {"seconds": 1.0}, tmp_path)
    return Records(tmp_path)


def latex(folder, text):
    """Compile a document that asks for numbers with the report's own macros."""
    shutil.copy(REPORT / "records.sty", folder)
    (folder / "t.tex").write_text("\\documentclass{article}\n\\usepackage{records}\n\\begin{document}" + text
                                  + "\\end{document}")
    return subprocess.run(["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "t.tex"], cwd=folder,
                          capture_output=True, text=True, errors="replace")


def needs_latex():
    """Skip, or fail where nothing may be missing, without LaTeX."""
    require(shutil.which("latexmk") and shutil.which("pdftotext"), "no LaTeX here: `make report` names the packages")


def test_a_result_is_the_mean_over_seeds_and_an_interval_is_students(store):
    assert store.mean("part/many/sc_db") == pytest.approx(-3.0)
    half = stats.t.ppf(0.975, 2) * np.std([-1, -2, -6], ddof=1) / np.sqrt(3)
    assert store.interval("part/many/sc_db") == pytest.approx((-3.0 - half, -3.0 + half))


def test_metrics_settings_and_environment_are_found_by_path(store):
    assert store.mean("part/one/kinds/0.5 s/share") == 0.25 and store.mean("part/one/list/1") == 4.0
    assert store.mean("part/many:config/width") == 128 and store.mean("part/one:provenance/seconds") == 1.0
    assert {path.name for path in store.used} == {"seed0", "seed1", "seed2"}


def test_one_seed_has_no_interval_and_a_missing_value_is_no_number(store):
    with pytest.raises(KeyError, match="one seed"):
        store.interval("part/one/count")
    with pytest.raises(KeyError, match="no record gives 'part/one/lost'"):
        store.mean("part/one/lost")


@pytest.mark.parametrize("value, digits, text", [
    (-16.29, 1, "$-$16.3"), (-0.04, 1, "0.0"), (1601797, 0, r"1\,601\,797"), (9999, 0, "9999"),
    (12345.678, 2, r"12\,345.68"), ("a_b", 0, r"a\_b")])
def test_numbers_have_a_true_minus_thin_spaces_and_no_minus_zero(value, digits, text):
    assert number(value, digits) == text


def test_a_number_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="expected a finite number"):
        number(float("nan"))


def test_definitions_hold_what_is_recorded_and_leave_out_the_rest(store, capsys):
    source = r"\result[1]{part/many/sc_db} \percent{part/one/kinds/0.5 s/share} \result{part/none/x} \derived{nothing}"
    lines = make.numbers(source, store, {}).splitlines()
    assert lines == [r"\definenumber{percent|0|part/one/kinds/0.5 s/share}{25\,\%}",
                     r"\definenumber{result|1|part/many/sc_db}{$-$3.0}"]
    assert "part/none/x" in capsys.readouterr().err


def test_a_number_that_no_record_gives_stops_latex_and_is_named(store, tmp_path):
    needs_latex()
    (tmp_path / "numbers.tex").write_text(make.numbers(r"\result[1]{part/many/sc_db}", store, {}))
    assert latex(tmp_path, r"\result[1]{part/many/sc_db}").returncode == 0
    done = latex(tmp_path, r"\result[1]{part/many/sc_db}\result{part/gone/x}")
    assert done.returncode != 0
    assert "No record gives result|0|part/gone/x" in done.stdout


def test_no_number_in_the_text_of_the_paper_is_typed_by_hand():
    typed = {}
    for path in sorted((REPORT / "chapters").glob("*.tex")):  # a study also quotes published figures and sizes
        text = re.sub(r"(?<!\\)%.*", "", path.read_text(encoding="utf-8"))
        text = make.USES.sub("", text)
        text = re.sub(r"\\begin\{(tikzpicture|equation)\}.*?\\end\{\1\}|(?<!\\)\$[^$]*\$", "", text, flags=re.DOTALL)
        text = re.sub(r"\\(cite\w*|ref|label|file|includegraphics|citealp)(\[[^]]*\])?\{[^}]*\}", "", text)
        for allowed in ALLOWED:
            text = text.replace(allowed, "")
        typed[path.name] = re.findall(r"\S*\d\S*", text)
    assert not {name: words for name, words in typed.items() if words}


def test_every_work_cited_is_in_the_bibliography_with_author_title_and_year():
    entries = dict(re.findall(r"@\w+\{(\w+),(.*?)\n(?=@|\Z|\n)", (REPORT / "references.bib").read_text(), re.DOTALL))
    text = "".join(path.read_text(encoding="utf-8") for path in CHAPTERS)
    cited = {key for keys in re.findall(r"\\cite\w*(?:\[[^]]*\])*\{([^}]*)\}", text) for key in keys.split(",")}
    assert cited <= set(entries) and len(cited) >= 25
    for key, entry in entries.items():
        assert re.search(r"\b(author|key) = ", entry) and "title = " in entry and "year = " in entry, key


def normalised(text):
    """Lower-case words without markup, for finding a title however it is set."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", re.sub(r"\\\W|[{}$\\]", "", text.lower())).split())


def test_every_work_that_a_docstring_refers_to_by_title_is_in_the_bibliography():
    known, missing, found = normalised((REPORT / "references.bib").read_text(encoding="utf-8")), [], 0
    for path in sorted((make.ROOT / "code" / "latentsampler").rglob("*.py")):
        for section in SECTION.findall(path.read_text(encoding="utf-8")):
            for title in re.findall(r'"([^"]+)"', section):
                found += 1
                start = " ".join(normalised(title).split()[:3])
                missing += [] if start in known else [f"{path.name}: {title}"]
    assert found > 20 and not missing


@pytest.mark.parametrize("name", make.DOCUMENTS.values())
def test_each_document_has_at_most_eight_pages(name):
    require(shutil.which("pdfinfo"), "pdfinfo (poppler-utils) is not there")
    told = subprocess.run(["pdfinfo", REPORT / name], capture_output=True, text=True, check=True).stdout
    assert int(re.search(r"Pages:\s+(\d+)", told)[1]) <= 8


def test_the_pdfs_were_made_from_the_present_sources_and_records():
    listed = dict(reversed(line.split("  ", 1)) for line in (REPORT / "report.sha256").read_text().splitlines())
    outdated = [name for name, value in listed.items() if not (REPORT / name).is_file()
                or hashlib.sha256((REPORT / name).read_bytes()).hexdigest() != value]
    assert not outdated, f"run `make report`: {', '.join(outdated)} changed since the PDFs were made"
    store, parts = Records(), find_parts()
    make.numbers(make.text_of_sources(), store, parts.derived)  # no drawing: names tell which records
    assert set(make.checksums(make.used_files(store, parts))) | set(make.DOCUMENTS.values()) <= set(listed)


def test_two_chapters_that_define_one_name_are_refused(tmp_path, monkeypatch):
    import latentsampler.chapters as chapters

    for name in ("one_of_two", "two_of_two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "report.py").write_text('DERIVED = {"length": lambda records: 2.0}\n')
    monkeypatch.setattr(chapters, "__path__", [str(tmp_path)])
    with pytest.raises(ValueError, match=r"expected names that no other report.py has, got length in .*two_of_two"):
        find_parts()


PAGE = r"""\section{The %s}
It has \derived[1]{length}\,cm and %s.
"""


@pytest.fixture
def studies(tmp_path, monkeypatch):
    """A function pages -> a folder of sources that holds these pages of studies."""
    def write(pages):
        folder = tmp_path / "report"
        shutil.copytree(REPORT, folder, ignore=shutil.ignore_patterns("build", "results", "studies", "*.pdf"))
        (folder / "chapters" / "studies").mkdir()
        for name, text in pages.items():
            (folder / "chapters" / "studies" / f"{name}.tex").write_text(text)
        return folder
    return write


@pytest.mark.parametrize("pages, count", [
    ({}, 1), ({"snail": PAGE % ("snail", r"is slow \citep{griffin1984}"), "worm": PAGE % ("worm", "eats")}, 4)])
def test_a_study_gets_a_page_by_a_new_file_and_there_may_be_none(pages, count, studies, store, tmp_path, monkeypatch):
    needs_latex()
    folder, build = studies(pages), tmp_path / "build"
    monkeypatch.setattr(make, "find_parts", lambda: Parts(derived={"length": lambda records: 2.0}))
    monkeypatch.setattr(make, "text_of_sources", lambda report: "".join(pages.values()))  # no main.tex: no records
    make.generate(build, store, folder)
    told = subprocess.run(["pdftotext", make.compile_pdf("studies", build, folder), "-"], capture_output=True,
                          text=True, check=True).stdout
    found = told.rstrip("\f").split("\f")
    assert len(found) == count and "Studies around a Latent Sampler" in found[0]
    assert not make.complaints(build / "studies.log")
    if pages:
        assert "It has 2.0" in found[1] and "It has 2.0" in found[2] and "Griffin" in found[3]
    else:
        assert "No study has a page yet" in found[0]


def test_a_study_without_its_records_is_left_out_and_named(studies, capsys):
    folder = studies({"snail": r"\result{snail/none/x}", "worm": "It eats."})
    text = make.pages(folder, {("result", "", "snail/none/x")})
    assert "\\study{worm}" in text and "snail" not in text
    assert "the study snail is left out, for no record gives snail/none/x" in capsys.readouterr().err


def test_a_study_of_more_than_one_page_is_named(studies, store, tmp_path, monkeypatch):
    needs_latex()
    long = PAGE % ("eel", "is long") + "It is very long indeed, and longer than that.\n\n" * 140
    folder = studies({"eel": long})
    monkeypatch.setattr(make, "find_parts", lambda: Parts(derived={"length": lambda records: 2.0}))
    monkeypatch.setattr(make, "text_of_sources", lambda report: long)
    make.generate(tmp_path / "build", store, folder)
    make.compile_pdf("studies", tmp_path / "build", folder)
    assert make.complaints(tmp_path / "build" / "studies.log") == ["eel has more than one page (2 to 3)"]


@pytest.mark.parametrize("value, wording", [((1.0, 0.5, 1.5), "above"), ((-1.0, -1.5, -0.5), "below"),
                                            ((0.1, -0.1, 0.3), "undecided"), (-0.2, "below"), (0.0, "undecided")])
def test_a_claim_turns_with_the_sign_of_its_number(value, wording, store, tmp_path):
    needs_latex()
    source = r"\decided{difference}{above}{below}{undecided}"
    (tmp_path / "numbers.tex").write_text(make.numbers(source, store, {"difference": lambda records: value}))
    assert latex(tmp_path, source).returncode == 0
    told = subprocess.run(["pdftotext", tmp_path / "t.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert told.split("1")[0].split() == [wording]


def test_figures_embed_truetype_fonts_and_are_the_same_bytes_again(tmp_path):
    written = []
    for name in ("a.pdf", "b.pdf"):
        make.save(find_parts().figures["frontends"](Records()), tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert b"/Type3" not in written[0] and b"/FontFile2" in written[0]


@pytest.mark.long
def test_the_committed_documents_are_what_their_sources_say_without_overfull_boxes(tmp_path):
    needs_latex()
    make.generate(tmp_path)
    for document, name in make.DOCUMENTS.items():
        pdf = make.compile_pdf(document, tmp_path)
        words = [subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
                 for path in (pdf, REPORT / name)]
        assert words[0] == words[1]
        assert not make.complaints(tmp_path / f"{document}.log")
        assert "undefined" not in (tmp_path / f"{document}.log").read_text(errors="replace")
