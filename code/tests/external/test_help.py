"""Claims about the help and meta patches: they open cleanly and leave no message out."""

import re
import shutil

import pytest

from tests import pd
from tests.conftest import ROOT

from . import patterns

HELP = ROOT / "patch" / "wae-sampler-help.pd"
SOURCES = {name: [path for path in sorted((ROOT / "external" / "pd").glob("*.cpp"))
                  if (path.stem == "pattern") == (name == "wae-pattern")] for name in ("wae-sampler", "wae-pattern")}


def messages_of(name):
    """Selectors that an object's source registers, and those that it sends."""
    text = "".join(path.read_text() for path in SOURCES[name])
    taken = set(re.findall(r'add\((?:type, )?\w+, "([\w-]+)"', text))
    sent = set(re.findall(r'(?:tell\(x, |out\(gensym\()"([\w-]+)"', text))
    return taken, sent


def help_of(name):
    """Text of an object's help patch."""
    return (ROOT / "patch" / f"{name}-help.pd").read_text()


@pytest.mark.parametrize("name, least", [("wae-sampler", 14), ("wae-pattern", 4)])
def test_every_message_is_demonstrated(name, least):
    taken, _ = messages_of(name)
    assert len(taken) >= least
    assert taken - set(re.findall(r"#X msg \d+ \d+ ([\w-]+)", help_of(name))) == set()


@pytest.mark.parametrize("name, least", [("wae-sampler", 7), ("wae-pattern", 10)])
def test_every_status_message_is_named(name, least):
    _, sent = messages_of(name)
    assert len(sent) >= least
    assert [word for word in sorted(sent) if word not in help_of(name)] == []


@pytest.mark.alone  # messages follow the clock, whatever is loaded by then
def test_the_help_patch_opens_cleanly_and_every_message_can_be_sent(build, models, tmp_path):
    shutil.copy(models / "plucks.pt", tmp_path / "generative.pt")
    text = HELP.read_text()
    # What a reader would click, sent to an object of the same kind beside the open help patch.
    clicked = re.findall(r"#X msg \d+ \d+ ((?!\s*\\;)(?!status).*?);\n", text)
    assert len(clicked) >= 25
    patch = pd.Patch()
    start = patch.obj("loadbang")
    player = patch.obj("wae-sampler generative.pt 16")
    patch.connect(player, 1, patch.obj("print status"))
    for i, message in enumerate(clicked):
        patch.chain(patch.at(start, 300.0 + 20 * i, message), player)
    patch.at(start, 1500.0 + 20 * len(clicked), "; pd quit")
    shutil.copy(HELP, tmp_path / "help.pd")
    run = pd.run_patch(patch.text(), tmp_path, batch=False, paths=(build,), args=("-open", str(tmp_path / "help.pd")))
    assert run.complaints() == []
    assert len(run.printed("wae-sampler", "loaded")) == 1  # the help patch's own object
    assert run.printed("status", "controls-end") == [""]


@pytest.mark.alone
def test_the_help_of_the_pattern_object_opens_cleanly_and_answers(build, tmp_path):
    patterns.save(patterns.Grid(), tmp_path / "rhythm.pt")
    text = help_of("wae-pattern")
    clicked = re.findall(r"#X msg \d+ \d+ (.*?);\n", text)
    assert len(clicked) >= 8
    shutil.copy(ROOT / "patch" / "wae-pattern-help.pd", tmp_path / "help.pd")
    patch = pd.Patch()
    start, player = patch.obj("loadbang"), patch.obj("wae-pattern rhythm.pt")
    patch.connect(player, 1, patch.obj("print status"))
    for i, message in enumerate(clicked):
        patch.chain(patch.at(start, 800.0 + 50 * i, message), player)
    patch.at(start, 1500.0 + 50 * len(clicked), "; pd quit")
    run = pd.run_patch(patch.text(), tmp_path, batch=False, paths=(build,), args=("-open", str(tmp_path / "help.pd")))
    assert run.printed("status", "error") == ["expected at most 3 values, got 4"]
    assert len([line for line in run.complaints() if "at most 3 values" not in line]) == 0
    assert len(run.printed("wae-pattern", "loaded")) == 1  # the help patch's own object
    assert run.printed("status", "voices-end") == [""]


@pytest.mark.parametrize("name", ["NAME", "AUTHOR", "LICENSE", "DESCRIPTION", "VERSION"])
def test_the_meta_patch_says_what_a_browser_of_externals_asks(name):
    text = (ROOT / "patch" / "wae-sampler-meta.pd").read_text()
    assert re.search(rf"#X text \d+ \d+ {name} \S+", text)
    assert "pd META" in text
