"""The page of progressions: its data are the shipped model's, and it works in a browser without a network."""

import json
import shutil

import pytest
from latentsampler.chapters.chords.alphabet import CHROMA, NONE, parse
from latentsampler.chapters.chords.page import LIMIT, POINTS, progressions
from latentsampler.contract.events import load_events

from tests.conftest import ROOT, require

WEB = ROOT / "book" / "web" / "chords"
PAGE = """<div id="chord-page"></div><script>
window.played = [];
window.LatentEngine = class {
  constructor() {
    this.ready = Promise.resolve();
    this.metadata = {controls: [{min: 0, max: 127}]};
    this.context = {currentTime: 0};
  }
  defaults() { return [0]; }
  wake() { return this.context; }
  silence() {}
  play(controls) { window.played.push(controls[0]); }
};</script><script src="progressions.js"></script><script src="chords.js"></script>"""


@pytest.fixture(scope="module")
def shipped():
    """Return the shipped model."""
    path = ROOT / "patch" / "chords.pt"
    require(path.is_file(), "patch/chords.pt is not here")
    return load_events(path)[0]


def test_the_page_has_the_chords_of_the_shipped_model(shipped):
    text = (WEB / "progressions.js").read_text(encoding="utf-8")
    assert json.loads(text.removeprefix("window.chordProgressions = ").rstrip(";\n")) == progressions(shipped)


@pytest.mark.long
def test_dragging_shows_the_chords_of_the_point_and_they_are_heard(shipped, tmp_path):
    import torch

    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        require(False, "playwright is not installed")
    for name in ("chords.js", "progressions.js"):
        (tmp_path / name).write_bytes((WEB / name).read_bytes())
    (tmp_path / "index.html").write_text(PAGE)
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require(path, "there is no Chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page, wrong = browser.new_page(), []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto((tmp_path / "index.html").as_uri())
        first, second = page.query_selector_all("canvas")
        for canvas, place in ((first, (1.0, 0.5)), (second, (0.5, 0.0))):  # the right edge; the upper edge
            box = canvas.bounding_box()
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.mouse.down()
            page.mouse.move(box["x"] + place[0] * (box["width"] - 1), box["y"] + place[1] * box["height"] + 1)
            page.mouse.up()
        step = 2 * LIMIT / (POINTS - 1)
        expected = shipped.symbols(torch.tensor([[3 * step, 0.0, 0.0, 3 * step]]))[0].tolist()
        assert page.evaluate("chordPage.symbols()") == expected
        shown = " ".join(page.locator(".chord-bars li").all_inner_texts()).split()
        assert parse(shown[0]) == expected[0]
        page.get_by_text("play", exact=True).click()
        page.wait_for_function("played.length > 0")
        heard = expected[0] if expected[0] != NONE else next(s for s in expected if s != NONE)
        assert CHROMA[heard, page.evaluate("played[0]") % 12] == 1
        browser.close()
    assert not wrong
