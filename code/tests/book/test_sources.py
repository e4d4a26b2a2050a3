"""The book before it is built: links, citations, who teaches what, and what is fetched."""

import json
import re
import xml.etree.ElementTree as ElementTree

import api
import check
import flow
import pytest
import vendor

PAGES = ("notebooks/*.ipynb", "notebooks/*.md", "book/*.md")


def prose(path):
    """Return the text of a page, code cells left out."""
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def pages(root):
    """Return every page of the book that is written by hand."""
    return sorted(path for pattern in PAGES for path in root.glob(pattern))


@pytest.fixture(scope="module")
def package(root):
    """What the package makes public."""
    return api.Package(root / "code" / "latentsampler")


@pytest.fixture(scope="module")
def notebooks(root):
    """Name of each notebook -> its code."""
    return {path.stem: api.source_of(path) for path in sorted((root / "notebooks").glob("*.ipynb"))}


def test_every_citation_is_in_the_one_bibliography(root):
    there = set(re.findall(r"(?m)^@\w+\{([^,]+),", (root / "report" / "references.bib").read_text(encoding="utf-8")))
    cited = {(path.name, key.strip()) for path in pages(root)
             for keys in re.findall(r"\{cite[:\w]*\}`([^`]+)`", prose(path)) for key in keys.split(",")}
    assert cited and not [(name, key) for name, key in cited if key not in there]


def test_every_relative_link_of_a_page_leads_to_a_page_of_the_book(root):
    generated = {"api/index.md"}
    missing = []
    for path in pages(root):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose(path)):
            if "://" in target or target.startswith("mailto:"):
                continue
            inside = (path.parent / target).resolve()
            beside = (root / "book" / target.removeprefix("../"))  # pages of book/ stand one level up in the book
            above = (root / target)
            if target not in generated and not any(p.exists() for p in (inside, beside, above)):
                missing.append((path.name, target))
    assert not missing


def test_every_public_name_is_taught_by_a_notebook(package, notebooks):
    _, taught = api.teaching(package, notebooks)
    assert not [name for name, chapters in taught.items() if not chapters]


def test_what_a_notebook_calls_it_teaches(package, notebooks):
    calls, taught = api.teaching(package, notebooks)
    assert all(notebook in taught[name] for notebook, names in calls.items() for name in names)
    assert "latentsampler.sound.audio.mel_filter_bank" in calls["01_dataset"]
    assert "latentsampler.chapters.instrument.walk.mix" in calls["06_instrument"]


@pytest.fixture
def tiny(tmp_path):
    """A package in which `walk` calls `step`, that `_turn`, and that `sine`; nothing calls `alone` and `hush`."""
    folder = tmp_path / "band"
    (folder / "drums").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "waves.py").write_text('"""Waves."""\ndef sine():\n    pass\n')
    (folder / "quiet.py").write_text('"""Quiet."""\ndef hush():\n    pass\n')
    (folder / "drums" / "__init__.py").write_text("")
    (folder / "drums" / "beat.py").write_text(
        '"""Beats."""\nfrom band import waves, quiet\nfrom band.waves import sine as s\n'
        "def walk():\n    step()\ndef step():\n    _turn()\ndef _turn():\n    s()\ndef alone():\n    pass\n")
    return api.Package(folder)


def test_teaching_follows_calls_by_the_fewest_steps_then_folders_then_imports(tiny):
    near = "from band.drums import beat\nbeat.step()"
    far = "from band.drums.beat import walk\nwalk()"
    calls, taught = api.teaching(tiny, {"01_far": far, "02_near": near, "03_drums": "x = 1"})
    assert calls == {"01_far": ["band.drums.beat.walk"], "02_near": ["band.drums.beat.step"], "03_drums": []}
    assert taught == {"band.drums.beat.walk": ["01_far"], "band.drums.beat.step": ["02_near"],
                      "band.waves.sine": ["02_near"], "band.drums.beat.alone": ["03_drums"],
                      "band.quiet.hush": ["01_far"]}


def test_the_reference_names_chapters_and_chapters_name_the_reference(tiny, tmp_path):
    notebooks = {"01_far": "from band.drums.beat import walk\nwalk()"}
    calls, taught = api.teaching(tiny, notebooks)
    api.write_pages(tiny, taught, {"01_far": "1. Far"}, tmp_path / "api")
    page = (tmp_path / "api" / "band.drums.beat.md").read_text()
    assert ".. autofunction:: band.drums.beat.walk\n\n   *Taught in* :doc:`1. Far </notebooks/01_far>`." in page
    assert "_turn" not in page
    cell = api.with_reference([], calls["01_far"])[-1]
    assert "{py:obj}`beat.walk <band.drums.beat.walk>`" in cell["source"]


def test_links_that_lead_nowhere_or_to_another_host_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html#there">1</a><a href="b.html#gone">2</a><a href="https://x.example">3</a>'
        '<img src="none.png"><script src="https://cdn.example/x.js"></script><link rel="canonical" href="https://x.y">')
    (tmp_path / "b.html").write_text('<p id="there"></p>')
    assert sorted(check.problems(tmp_path)) == [
        "a.html loads https://cdn.example/x.js from another host", "a.html: no anchor b.html#gone",
        "a.html: no file none.png"]


def test_a_widget_without_plain_html_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<script type="application/vnd.jupyter.widget-view+json">{}</script>')
    assert check.problems(tmp_path)[0].startswith("a.html: a widget brings no plain HTML")


def corners_of(boxes, standing):
    """Return the corners of a picture's boxes, and its size."""
    svg = ElementTree.fromstring(flow.flow_svg(boxes, standing))
    _, _, width, height = map(float, svg.get("viewBox").split())
    assert len(svg.findall(".//{*}a")) == len(boxes)
    return {(float(rect.get("x")), float(rect.get("y"))) for rect in svg.findall(".//{*}rect")}, width, height


@pytest.mark.parametrize("standing", [False, True])
@pytest.mark.parametrize("studies", [0, 1, 6, 7])
def test_every_box_of_the_flow_is_a_link_inside_the_picture(standing, studies):
    boxes = [box for box in flow.boxes_of() if box.beside != flow.STUDY]
    boxes += [flow.Box(f"s{k}", ("a", "b"), "s.html", "grey", flow.STUDY) for k in range(studies)]
    corners, width, height = corners_of(boxes, standing)
    assert len(corners) == len(boxes)
    assert all(0 < x <= width - flow.WIDTH and 0 < y <= height - flow.HEIGHT for x, y in corners)


def test_a_new_chapter_gets_a_box_by_its_notebook_and_its_docstring(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "chapters" / "snail").mkdir(parents=True)
    docstring = '"""Trails of garden snails in rain <-> lettuce, with its holes."""'
    (tmp_path / "chapters" / "snail" / "__init__.py").write_text(docstring)
    for name, metadata in (("01_leaf", {"flow": [{"title": "leaf", "lines": ["green", "eaten"], "colour": "green"}]}),
                           ("02_snail", {}), ("03_weather", {})):
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text(json.dumps({"metadata": metadata, "cells": []}))
    boxes = flow.boxes_of(tmp_path / "notebooks", tmp_path / "chapters")
    assert boxes[:2] == [flow.Box("leaf", ("green", "eaten"), "notebooks/01_leaf.html", "green", ""),
                         flow.Box("snail", ("Trails of garden…", "↔ lettuce"), "notebooks/02_snail.html", "grey",
                                  flow.STUDY)]
    assert [box.title for box in boxes[2:]] == ["play", "listen"]
    assert 'href="notebooks/02_snail.html"' in flow.flow_svg(boxes)
    assert "listen" not in flow.flow_svg(boxes)  # the box that it stands beside is not there


def test_the_picture_of_readme_has_the_boxes_of_the_main_line(root):
    picture = (root / "notebooks" / "pictures" / "flow.svg").read_text(encoding="utf-8")
    missing = [box.title for box in flow.boxes_of() if box.beside != flow.STUDY and f">{box.title}<" not in picture]
    assert not missing, "run `python book/flow.py`"


def test_nothing_of_others_is_committed_and_every_package_has_a_checksum(root):
    assert all(re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"]) for package in vendor.PACKAGES)
    assert not [path for path in (root / "book").rglob("*") if path.suffix in (".wasm", ".onnx", ".tgz")]
    text = "".join(path.read_text(encoding="utf-8") for path in (root / "book").rglob("*.*")
                   if path.suffix in (".py", ".json", ".js", ".md", ".css"))
    assert "registry.npm" not in text


def test_a_package_with_another_content_than_promised_is_refused(tmp_path):
    package = {"name": "@a/b", "version": "1.0.0", "integrity": "sha512-" + "A" * 86 + "==", "files": {}}
    assert vendor.archive_name(package) == "a-b-1.0.0.tgz"
    (tmp_path / "a-b-1.0.0.tgz").write_bytes(b"other")
    assert vendor.checksum(tmp_path / "a-b-1.0.0.tgz") != package["integrity"]
    with pytest.raises((ValueError, FileNotFoundError)):
        vendor.fetch(package, tmp_path)


def test_without_npm_and_registry_the_message_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(vendor.shutil, "which", lambda name: None)
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FileNotFoundError, match="needs mathjax-3.2.2.tgz from npm: install npm"):
        vendor.fetch(vendor.PACKAGES[0], tmp_path)
