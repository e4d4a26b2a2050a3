"""Claims about the help and meta patches: they open cleanly and leave no message out."""

import re
import shutil

import pytest

from tests import pd
from tests.conftest import ROOT

HELP = ROOT / "patch" / "wae-sampler-help.pd"
SOURCES = ROOT / "external" / "pd"


def messages_of_the_object():
    """Selectors that the object's source registers, and those that it sends."""
    text = "".join(path.read_text() for path in sorted(SOURCES.glob("*.cpp")))
    taken = set(re.findall(r'add\(type, \w+, "([\w-]+)"', text))
    sent = set(re.findall(r'tell\(x, "([\w-]+)"', text))
    return taken, sent


def demonstrated():
    """First words of the help patch's message boxes."""
    return set(re.findall(r"#X msg \d+ \d+ ([\w-]+)", HELP.read_text()))


def test_every_message_is_demonstrated():
    taken, _ = messages_of_the_object()
    assert len(taken) >= 14
    assert taken - demonstrated() == set()


def test_every_status_message_is_named():
    _, sent = messages_of_the_object()
    assert len(sent) >= 7
    text = HELP.read_text()
    assert [word for word in sorted(sent) if word not in text] == []


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


@pytest.mark.parametrize("name", ["NAME", "AUTHOR", "LICENSE", "DESCRIPTION", "VERSION"])
def test_the_meta_patch_says_what_a_browser_of_externals_asks(name):
    text = (ROOT / "patch" / "wae-sampler-meta.pd").read_text()
    assert re.search(rf"#X text \d+ \d+ {name} \S+", text)
    assert "pd META" in text
