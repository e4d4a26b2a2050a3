"""The book in a real browser, with every other host closed: pages, players, the instrument, the listening test."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from latentsampler.chapters.instrument.generative import load_generative

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
PHONE, DESKTOP = 390, 1280

# Hears what the page really sends to the loudspeaker, whatever its own code says.
EAR = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode && !(this instanceof ScriptProcessorNode)) {
    const ear = this.context.createScriptProcessor(4096, 1, 1);
    window.heard = [];
    ear.onaudioprocess = (event) => {
      window.heard.push({time: this.context.currentTime,
                         peak: event.inputBuffer.getChannelData(0).reduce((a, b) => Math.max(a, Math.abs(b)), 0)});
    };
    connect.call(this, ear);
    connect.call(ear, target);
  }
  return connect.call(this, target, ...rest);
};
window.started = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  window.started.push({seconds: this.buffer.duration, samples: this.buffer.length, now: performance.now(),
                       rms: Math.hypot(...this.buffer.getChannelData(0)) / Math.sqrt(this.buffer.length)});
  return start.apply(this, when);
};
"""


@pytest.fixture
def sampler(visit, address):
    """The playable page, loaded, with an ear at its output; and what went wrong there."""
    return _sampler(visit, f"{address}/play.html")


def _sampler(visit, url, **options):
    open_page, wrong = visit
    page = open_page(url, script=EAR, **options)
    page.wait_for_function("window.latentSampler && window.latentSampler.player", timeout=60_000)
    return page, wrong


def test_every_page_is_whole_at_desktop_and_phone_width(visit, address, html):
    open_page, wrong = visit
    pages = [path.relative_to(html) for path in sorted(html.rglob("*.html")) if "_static" not in path.parts
             and path.name != "index.html" or path.parent.name == "api"]  # the root's sends on to intro.html
    assert len([page for page in pages if page.parts[0] == "notebooks"]) >= 6
    references = [page for page in pages if page.parts[0] == "api"]  # one template: every tenth will do
    chosen = [page for page in pages if page not in references or page in references[::10]]
    for width in (DESKTOP, PHONE):
        page = open_page(f"{address}/intro.html", width)
        for name in chosen:
            page.goto(f"{address}/{name}")
            broken = page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src)")
            assert not broken, (name, width)
            sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert sideways <= 1, (name, width, sideways)
            assert not wrong, (name, width)


def test_every_player_of_a_page_holds_sound(visit, address, html):
    open_page, wrong = visit
    players = 0
    for path in [html / "intro.html", *sorted((html / "notebooks").glob("*.html"))]:
        page = open_page(f"{address}/{path.relative_to(html)}")
        lengths = page.evaluate("""async () => Promise.all([...document.querySelectorAll("audio")].map(
            (audio) => new Promise((resolve) => {
              const address = audio.currentSrc || audio.src || audio.querySelector("source")?.src;
              const probe = new Audio(address);
              probe.onloadedmetadata = () => resolve(probe.duration);
              probe.onerror = () => resolve(-1);
            })))""")
        assert all(length > 0.1 for length in lengths), (path.name, lengths)
        players += len(lengths)
    assert players >= 8 and not wrong


def test_formulas_are_set_without_another_host(visit, address):
    open_page, wrong = visit
    page = open_page(f"{address}/notebooks/01_dataset.html")
    page.wait_for_selector("mjx-container")
    assert page.locator("mjx-container").count() >= 3 and page.locator("mjx-merror").count() == 0
    assert not wrong


def test_boxes_of_the_flow_lead_to_chapters(visit, address):
    open_page, _ = visit
    for width, shown in ((DESKTOP, ".flow.lying"), (PHONE, ".flow.standing")):
        page = open_page(f"{address}/intro.html", width)
        boxes = page.locator(f"{shown} a")
        assert boxes.count() >= 6
        boxes.first.click()
        page.wait_for_url("**/notebooks/01_dataset.html")


def test_sliders_without_a_kernel_still_play(visit, address):
    open_page, wrong = visit
    page = open_page(f"{address}/notebooks/06_instrument.html")
    audio = page.locator(".turn audio").first
    first = audio.get_attribute("src")
    page.locator(".turn input").first.fill("0")
    page.locator(".turn input").first.dispatch_event("change")
    assert audio.get_attribute("src") != first
    page.wait_for_function("document.querySelector('.turn audio').currentTime > 0.1")
    assert not wrong


def test_notes_in_the_browser_equal_torch_within_1e_4_root_mean_square(sampler, root):
    page, wrong = sampler
    module, metadata = load_generative(root / "patch" / "generative.pt")
    low, high = (np.array([control[key] for control in metadata["controls"]]) for key in ("min", "max"))
    for point in np.random.default_rng(1).uniform(low, high, (6, len(low))).astype(np.float32):
        theirs = np.array(page.evaluate(
            "async (point) => Array.from((await latentSampler.engine.render(point)).samples)", point.tolist()))
        with torch.inference_mode():
            ours = module(torch.from_numpy(point[None]))[0].numpy()
        assert theirs.shape == ours.shape == (metadata["n_samples"],)
        assert np.sqrt(np.mean((theirs - ours) ** 2)) < 1e-4
        assert np.abs(theirs - ours).max() < 1e-3
    assert not wrong


def test_a_click_is_heard_within_150_ms_as_a_whole_note(sampler, root):
    page, wrong = sampler
    _, metadata = load_generative(root / "patch" / "generative.pt")
    box = page.locator("#latent-sampler canvas").first.bounding_box()
    delays = []
    for k in range(15):
        page.evaluate("addEventListener('pointerdown', () => { window.clicked = performance.now(); }, {capture: true})")
        page.mouse.click(box["x"] + 30 + 9 * k, box["y"] + 40)
        page.wait_for_function(f"window.started.length > {k}")
        delays.append(page.evaluate("window.started.at(-1).now - window.clicked"))
    notes = page.evaluate("window.started")
    assert {note["samples"] for note in notes} == {metadata["n_samples"]}
    assert all(note["seconds"] == pytest.approx(metadata["n_samples"] / metadata["sample_rate"]) for note in notes)
    assert all(note["rms"] > 1e-3 for note in notes)
    assert np.median(delays) <= 150.0, delays
    page.wait_for_timeout(500)
    assert page.evaluate("Math.max(...window.heard.map(h => h.peak))") > 0.01  # it reached the output
    assert not wrong


def test_what_is_heard_of_one_click_lasts_no_longer_than_the_note(sampler, root):
    page, _ = sampler
    _, metadata = load_generative(root / "patch" / "generative.pt")
    box = page.locator("#latent-sampler canvas").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    page.wait_for_timeout(3500)
    loud = [h["time"] for h in page.evaluate("window.heard") if h["peak"] > 1e-4]
    assert 0.1 < loud[-1] - loud[0] < metadata["n_samples"] / metadata["sample_rate"] + 0.3


def test_a_walk_plays_on_time_and_stops(sampler):
    page, wrong = sampler
    page.get_by_role("button", name="walk").click()
    page.wait_for_timeout(3150)  # 200 notes a minute: 0.3 s each
    played = page.evaluate("window.started.length")
    assert 9 <= played <= 12
    page.get_by_role("button", name="stop").click()
    page.wait_for_function("window.heard.at(-1).peak < 1e-3", timeout=5000)
    assert page.evaluate("window.started.length") <= played + 1
    assert not wrong


def test_a_chord_of_many_keys_sounds_together_and_voices_are_bounded(sampler):
    page, _ = sampler
    page.locator("#latent-sampler canvas").first.focus()
    for key in "awsedftgyhujk" * 2:
        page.keyboard.press(key)
    page.wait_for_function("window.started.length >= 26")
    assert page.evaluate("latentSampler.engine.voices.length") == 16
    assert page.evaluate("latentSampler.player.pitch") == 72


def test_circles_are_moved_by_mouse_finger_and_keys(visit, address):
    for touch in (False, True):
        page, wrong = _sampler(visit, f"{address}/play.html", width=PHONE if touch else DESKTOP, has_touch=touch)
        canvas = page.locator("#latent-sampler canvas").first
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        before = page.evaluate("latentSampler.player.planes[0].middle")
        middle = page.evaluate("latentSampler.player.planes[0].toScreen(latentSampler.player.planes[0].middle)")
        x, y = box["x"] + middle[0], box["y"] + middle[1]
        if touch:
            session = page.context.new_cdp_session(page)
            for kind, dx in (("touchStart", 0), ("touchMove", 20), ("touchMove", 40), ("touchEnd", 40)):
                points = [] if kind == "touchEnd" else [{"x": x + dx, "y": y}]
                session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        else:
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move(x + 40, y, steps=4)
            page.mouse.up()
        after = page.evaluate("latentSampler.player.planes[0].middle")
        scale = page.evaluate("latentSampler.player.planes[0].scale()")
        assert (after[0] - before[0]) * scale == pytest.approx(40.0, abs=2.0)
        canvas.press("ArrowLeft")
        assert page.evaluate("latentSampler.player.planes[0].middle")[0] < after[0]
        assert not wrong


def test_steps_lie_where_the_patch_puts_them(sampler):
    from latentsampler.chapters.instrument.walk import circle_point

    page, _ = sampler
    for k in range(8):
        plane = page.evaluate("(k) => { const p = latentSampler.player.planes[0];"
                              "p.diameter = 1; return {at: p.point(k), middle: p.middle}; }", k)
        assert plane["at"] == pytest.approx(list(circle_point(plane["middle"], 1.0, 8, k)), abs=1e-9)


def test_the_instrument_plays_from_a_file_on_a_disk(visit, html):
    page, wrong = _sampler(visit, (html / "play.html").as_uri())
    box = page.locator("#latent-sampler canvas").first.bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 60)
    page.wait_for_function("window.started.length === 1 && window.started[0].rms > 1e-3")
    assert not wrong


def test_a_listener_answers_blindly_and_the_file_becomes_a_table(visit, address, root, tmp_path):
    open_page, wrong = visit
    page = open_page(f"{address}/listening.html")
    assert "listening test: not run" in page.content()
    page.get_by_role("button", name="start").click()
    trials = page.evaluate("listeningTest.trials.length")
    for _ in range(trials):
        shown = page.locator("#listening-test").inner_text()
        assert not re.search("griffin|mcnn|ours|decoded", shown)
        finish = page.locator("button.next")
        assert finish.is_disabled()
        files = page.evaluate("Object.values(listeningSet.trials[listeningTest.trials[listeningTest.number]])")
        original = page.evaluate("listeningSet.trials[listeningTest.trials[listeningTest.number]].original")
        assert len(set(files)) == len(files) >= 4
        for k in range(len(files)):
            page.locator(".trial button").nth(k).click()
            played = page.evaluate("listeningTest.audio.src.split('/').at(-1)")
            page.locator(".trial input").nth(k).fill("100" if played == original else "30")
        finish.click()
    with page.expect_download() as download:
        page.locator("a.save").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert len(json.loads(path.read_text())["answers"]) == trials * len(files)
    table = subprocess.run([sys.executable, str(root / "code" / "main.py"), "listening", str(path)],
                           capture_output=True, text=True, check=True).stdout
    assert re.search(r"original +100\.0", table) and re.search(r"ours +30\.0", table) and "1 listener" in table
    assert not wrong


def test_reference_and_chapters_link_to_each_other(visit, address):
    open_page, _ = visit
    page = open_page(f"{address}/notebooks/01_dataset.html")
    page.locator("a", has_text="mel_filter_bank").last.click()
    page.wait_for_url("**/api/latentsampler.sound.audio.html#latentsampler.sound.audio.mel_filter_bank")
    entry = page.locator("dl", has=page.locator("dt[id='latentsampler.sound.audio.mel_filter_bank']"))
    entry.locator("a", has_text="1. The notes").click()
    page.wait_for_url("**/notebooks/01_dataset.html")
