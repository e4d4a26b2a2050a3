"""Claims about the book's page: it computes what the shipped model computes, and it plays."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import torch
from latentsampler.chapters.rhythm import page
from latentsampler.contract.events import load_events

from tests.conftest import require

SCRIPT = """
const fs = require("fs");
globalThis.window = globalThis;
eval(fs.readFileSync(process.argv[1], "utf8"));
eval(fs.readFileSync(process.argv[2], "utf8"));
const model = new globalThis.RhythmPattern(globalThis.rhythmModel);
const controls = JSON.parse(fs.readFileSync(0, "utf8"));
console.log(JSON.stringify(controls.map((one) => model.decode(one))));
"""


@pytest.fixture(scope="module")
def shipped(root):
    return load_events(root / "patch" / "rhythm.pt")


def test_the_committed_script_is_what_the_shipped_files_give(root, tmp_path):
    page.write(root / "patch" / "rhythm.pt", root / "patch" / "drums.pt", tmp_path / "model.js")
    new, old = ((folder / "model.js").read_text() for folder in (tmp_path, root / "book" / "web" / "rhythm"))
    one, two = (json.loads(text.split("=", 1)[1].strip(" ;\n")) for text in (new, old))
    assert one["layers"] == two["layers"] and one["controls"] == two["controls"] and one["voices"] == two["voices"]
    assert np.allclose(one["quantiles"], two["quantiles"]) and set(one["hits"]) == set(one["voices"])


def test_the_page_computes_the_pattern_of_the_model(root, shipped):
    node = shutil.which("node")
    require(node, "there is no Node.js")
    model, metadata = shipped
    generator = torch.Generator().manual_seed(0)
    low, high = (torch.tensor([c[end] for c in metadata["controls"]]) for end in ("min", "max"))
    controls = low + (high - low) * torch.rand(24, len(low), generator=generator)
    with torch.inference_mode():
        patterns = model.decode(model.point(controls)).numpy()
    web = root / "book" / "web" / "rhythm"
    done = subprocess.run([node, "-e", SCRIPT, str(web / "model.js"), str(web / "pattern.js")], text=True,
                          input=json.dumps(controls.tolist()), capture_output=True)
    assert done.returncode == 0, done.stderr
    same = 0
    for pattern, hits in zip(patterns, json.loads(done.stdout), strict=True):
        found = np.zeros_like(pattern)
        for hit in hits:
            found[:, hit["voice"], hit["step"]] = 1.0, hit["velocity"], hit["offset"]
        assert found[0].sum() == pattern[0].sum()  # density is exact
        same += np.allclose(found, pattern, atol=2e-3)
    assert same >= 22  # a tie within rounding may choose another hit


@pytest.mark.long
def test_clicks_change_the_pattern_and_play_is_heard(root, tmp_path):
    """The page by itself, from a disk, in a real browser that reaches no host."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require(path, "there is no Chromium")
    shutil.copytree(root / "book" / "web" / "rhythm", tmp_path / "rhythm")
    body = (root / "book" / "rhythm.md").read_text().split("```{raw} html", 1)[1].split("```", 1)[0]
    (tmp_path / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{body}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox",
                                                                         "--autoplay-policy=no-user-gesture-required"])
        view, wrong = browser.new_page(), []
        view.on("pageerror", lambda error: wrong.append(str(error)))
        view.goto((tmp_path / "page.html").as_uri())
        view.wait_for_function("window.rhythm")
        before = view.evaluate("rhythm.state.hits.length")
        view.locator("#rhythm-density").fill("1")
        assert view.evaluate("rhythm.state.hits.length") > before
        view.locator(".rhythm-grid button[aria-pressed=true]").first.click()
        after = view.evaluate("rhythm.state.hits.length")
        view.locator(".rhythm-grid button[aria-pressed=false]").first.click()
        assert view.evaluate("rhythm.state.hits.length") == after + 1 and view.evaluate("rhythm.state.played") == 1
        view.evaluate("""() => { window.peak = 0; const ear = AudioNode.prototype.connect;
            AudioNode.prototype.connect = function (target, ...rest) {
              if (target instanceof AudioDestinationNode) {
                const meter = this.context.createScriptProcessor(1024, 1, 1);
                meter.onaudioprocess = (event) => { for (const x of event.inputBuffer.getChannelData(0))
                  window.peak = Math.max(window.peak, Math.abs(x)); };
                ear.call(this, meter); ear.call(meter, target);
              }
              return ear.call(this, target, ...rest); }; }""")
        view.locator("#rhythm-play").click()
        view.wait_for_function("rhythm.state.played > 12 && window.peak > 0.02", timeout=20_000)
        view.locator("#rhythm-play").click()
        assert not view.evaluate("rhythm.state.playing") and not wrong
        browser.close()
