"""Claims about the report: every number is recorded, a missing one stops LaTeX, the PDF is short and up to date."""

import hashlib
import re
import shutil
import subprocess

import numpy as np
import pytest
from latentsampler.runtime import records
from scipy import stats
from tools.report import claims, comparisons, make, parts

from tests.conftest import require

REPORT = make.REPORT
ALLOWED = {"16-bit", r"95\,\%", "SOL~0.9", "FluidR3"}  # names and conventions, no results

SECTION = re.compile(r'References\n\s*-+\n(.*?)(?:\n\s*\n|""")', re.DOTALL)  # of a docstring


@pytest.fixture
def store(tmp_path):
    """Two runs: one of three seeds, one of a single seed with nested metrics and a missing value."""
    for seed, value in enumerate((-1.0, -2.0, -6.0)):
        records.write_record("part", "many", seed, {"width": 128}, {"sc_db": value}, [], {"seconds": 10.0}, tmp_path)
    nested = {"kinds": {"0.5 s": {"share": 0.25}}, "count": 1234567, "lost": None, "list": [3.0, 4.0]}
    records.write_record("part", "one", 0, {"name": "a_b"}, nested, [], {"seconds": 1.0}, tmp_path)
    return make.Records(tmp_path)


def latex(folder, text):
    """Compile a document that asks for numbers with the report's own macros."""
    preamble = (REPORT / "main.tex").read_text()
    macros = re.search(r"\\newcommand\{\\definenumber\}.*?(?=\\newcommand\{\\recordtable\})", preamble, re.DOTALL)[0]
    (folder / "t.tex").write_text("\\documentclass{article}\n" + macros + "\\input{numbers}\n\\begin{document}" + text
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


def test_metrics_settings_and_circumstances_are_found_by_path(store):
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
    assert make.number(value, digits) == text


def test_a_number_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="expected a finite number"):
        make.number(float("nan"))


def test_definitions_hold_what_is_recorded_and_leave_out_the_rest(store, capsys):
    source = r"\result[1]{part/many/sc_db} \percent{part/one/kinds/0.5 s/share} \result{part/none/x} \derived{nothing}"
    lines = make.numbers(source, store).splitlines()
    assert lines == [r"\definenumber{percent|0|part/one/kinds/0.5 s/share}{25\,\%}",
                     r"\definenumber{result|1|part/many/sc_db}{$-$3.0}"]
    assert "part/none/x" in capsys.readouterr().err


def test_a_number_that_no_record_gives_stops_latex_and_is_named(store, tmp_path):
    needs_latex()
    (tmp_path / "numbers.tex").write_text(make.numbers(r"\result[1]{part/many/sc_db}", store))
    assert latex(tmp_path, r"\result[1]{part/many/sc_db}").returncode == 0
    done = latex(tmp_path, r"\result[1]{part/many/sc_db}\result{part/gone/x}")
    assert done.returncode != 0
    assert "No record gives result|0|part/gone/x" in done.stdout


def test_no_number_in_the_text_is_typed_by_hand():
    typed = {}
    for path in sorted((REPORT / "chapters").glob("*.tex")):
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
    text = "".join(path.read_text(encoding="utf-8") for path in (REPORT / "chapters").glob("*.tex"))
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


def test_the_report_has_at_most_eight_pages():
    require(shutil.which("pdfinfo"), "pdfinfo (poppler-utils) is not there")
    told = subprocess.run(["pdfinfo", REPORT / "report.pdf"], capture_output=True, text=True, check=True).stdout
    assert int(re.search(r"Pages:\s+(\d+)", told)[1]) <= 8


def test_the_report_was_made_from_the_present_sources_and_records():
    seal = dict(reversed(line.split("  ", 1)) for line in (REPORT / "report.sha256").read_text().splitlines())
    stale = [name for name, value in seal.items() if not (REPORT / name).is_file()
             or hashlib.sha256((REPORT / name).read_bytes()).hexdigest() != value]
    assert not stale, f"run `make report`: {', '.join(stale)} changed since report.pdf was made"
    store = make.Records()
    for kind, digits, key in make.USES.findall(make.text_of_sources()):
        if kind.startswith("record"):
            continue
        make.numbers(f"\\{kind}[{digits or 0}]{{{key}}}", store)  # no drawing: names tell which records
    assert set(make.sealed(sorted(store.used))) <= set(seal)


def test_a_table_of_methods_is_sorted_by_distance_with_paired_intervals(tmp_path):
    seeds = {"Plain": (7.0, 7.2, 7.4), "Sinkhorn": (6.0, 6.5, 7.0)}
    metrics = {f"{name}/size4/seed{k}": {"lsd_db": value, "sw2_effect": 1.0, "prior_coverage": 0.5}
               for name, values in seeds.items() for k, value in enumerate(values)}
    metrics["PCA/size4/seed0"] = {"lsd_db": 9.2, "sw2_effect": 1.0, "prior_coverage": 0.5}  # no seeds of its own
    records.write_record("autoencoder-benchmark", "divergences", 0, {"sizes": [4]}, metrics, [], {}, tmp_path)
    rows = comparisons.table_divergences(make.Records(tmp_path)).splitlines()
    cells = [row.removesuffix(r" \\").split(" & ") for row in rows if row.count("&") == 4][1:]
    assert [row[0] for row in cells] == ["Sinkhorn", "none (plain autoencoder)", "PCA"]
    half = stats.t.ppf(0.975, 2) * np.std([-1.0, -0.7, -0.4], ddof=1) / np.sqrt(3)
    assert cells[0][2] == f"$-0.70$ [${-0.7 - half:.2f}$, ${-0.7 + half:.2f}$]" and cells[1][2] == ""
    assert cells[2][2].startswith("$+2.00$ ")


@pytest.mark.parametrize("interval, verdict", [((1.0, 0.5, 1.5), "worse"), ((-1.0, -1.5, -0.5), "better"),
                                               ((0.1, -0.1, 0.3), "undecided")])
def test_a_change_is_worse_or_better_only_where_its_interval_excludes_zero(interval, verdict):
    assert comparisons.change(*interval).verdict == verdict


@pytest.mark.parametrize("value, wording", [((1.0, 0.5, 1.5), "above"), ((-1.0, -1.5, -0.5), "below"),
                                            ((0.1, -0.1, 0.3), "undecided"), (-0.2, "below"), (0.0, "undecided")])
def test_a_claim_turns_with_the_sign_of_its_number(value, wording, store, tmp_path, monkeypatch):
    needs_latex()
    monkeypatch.setitem(parts.DERIVED, "difference", lambda records: value)
    source = (r"\decided{difference}{above}{below}{undecided} \ifrecorded{part/many/sc_db}{there}{not there}"
              r" \ifrecorded{part/gone/x}{gone \result{part/gone/x}}{missing}")
    (tmp_path / "numbers.tex").write_text(make.numbers(source, store))
    assert latex(tmp_path, source).returncode == 0
    told = subprocess.run(["pdftotext", tmp_path / "t.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert told.split("1")[0].split() == [wording, "there", "missing"]


@pytest.mark.parametrize("pitch_pca, side", [(5.0, 2), (6.9, 1), (6.4, 3)])
def test_pca_that_knows_the_pitch_is_judged_against_the_best_of_our_autoencoders(pitch_pca, side, tmp_path):
    distances = {"Plain": (7.0, 7.1, 7.2), "Sinkhorn": (6.3, 6.4, 6.5), "PythaeVAE": (5.0, 5.0, 5.0),
                 "PitchPCA": (pitch_pca,)}
    metrics = {f"{name}/size4/seed{k}": {"lsd_db": value} for name, values in distances.items()
               for k, value in enumerate(values)}
    records.write_record("autoencoder-benchmark", "divergences", 0, {"sizes": [4]}, metrics, [], {}, tmp_path)
    found = make.Records(tmp_path)
    assert claims.best_own(found) == "Sinkhorn"
    value = claims.DERIVED["pitch pca against best"](found)
    assert value[0] == pytest.approx(pitch_pca - 6.4) and claims.side(value) == side
    assert claims.DERIVED["own closer than plain"](found).startswith("Sinkhorn ($-0.70$")
    assert "pythae" not in claims.DERIVED["own closer than plain"](found)


@pytest.mark.parametrize("device, seconds, words", [
    ("cpu (x86_64)", 60.0, "one core of a processor, 60 seconds"),
    ("cuda (NVIDIA H100)", 600.0, "a graphics processor (NVIDIA H100), 10 minutes")])
def test_the_machine_that_trained_is_the_recorded_one(device, seconds, words, tmp_path):
    records.write_record("autoencoder", "wae", 0, {}, {}, [], {"device": device, "seconds": seconds, "threads": 1},
                         tmp_path)
    assert claims.DERIVED["autoencoder trained"](make.Records(tmp_path)) == words


def test_the_table_of_knobs_has_the_ways_that_are_recorded(tmp_path):
    found = {"sweeps": 80, "monotone": 0.7125, "spearman": -0.3, "crosstalk_mean": 1.0, "drift_cents": 1.33}
    records.write_record("projection", "linear", 0, {}, found, [], {}, tmp_path)
    rows = [row for row in claims.table_knob_methods(make.Records(tmp_path)).splitlines() if "&" in row]
    assert rows[1:] == [r"linear inverse & 80 & $71$ & $-0.30$ & $1.00$ & $1.3$ \\"]


def test_the_transfer_table_has_a_row_per_training_set_and_a_column_per_test_set(tmp_path):
    metrics = {f"{row}/seed{k}": {"soundfont": 1.0 + k, "toy": 2.0, "both": 3.0} for row in ("soundfont", "toy", "both")
               for k in range(2)}
    records.write_record("autoencoder-benchmark", "transfer", 0, {}, metrics, [], {}, tmp_path)
    rows = [row for row in comparisons.table_transfer(make.Records(tmp_path)).splitlines() if "pm" in row]
    assert [row.split(" & ")[0] for row in rows] == ["SoundFont", "toy", "both"]
    assert all(row.split(" & ")[1].startswith("$1.50 ") and row.count("&") == 3 for row in rows)


def test_figures_embed_truetype_fonts_and_are_the_same_bytes_again(tmp_path):
    written = []
    for name in ("a.pdf", "b.pdf"):
        parts.save(parts.FIGURES["frontends"](make.Records()), tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert b"/Type3" not in written[0] and b"/FontFile2" in written[0]


@pytest.mark.long
def test_the_committed_report_is_what_its_sources_say_without_overfull_boxes(tmp_path):
    needs_latex()
    make.generate(tmp_path)
    pdf = make.compile_pdf(tmp_path)
    words = [subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
             for path in (pdf, REPORT / "report.pdf")]
    assert words[0] == words[1]
    log = (tmp_path / "main.log").read_text(errors="replace")
    assert "Overfull" not in log and "undefined" not in log
