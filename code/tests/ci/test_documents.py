"""Claims about what a newcomer reads: no link is dead, no command that a page names is missing."""

import re
import subprocess

import main
import pytest

from tests.conftest import ROOT

TRACKED = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True).stdout.split()
PAGES = [ROOT / name for name in TRACKED] or [*ROOT.glob("*.md"), *ROOT.glob("*/README.md")]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def code(page):
    """Commands in a page: inline code and the lines of blocks, without comments."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)
    return [line.split("  #")[0].strip() for block in [*blocks, *indented, *re.findall(r"`([^`\n]+)`", text)]
            for line in block.splitlines()]


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "book"],  # these link to built pages
                         ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    relative = [link for link in links if not re.match(r"\w+:", link)]
    assert not [link for link in relative if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_that_a_page_names_are_there(page):
    named = {word for line in code(page) for word in re.findall(r"^make ([a-z]+)\b", line)}
    assert named <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_a_page_names_are_there(page):
    for line in code(page):
        found = re.match(r"(?:\S*python3? )?code/main\.py ([a-z][a-z-]*)\b", line)
        if found:
            with pytest.raises(SystemExit) as end:
                main.main([found[1], "--help"])
            assert end.value.code == 0, line
