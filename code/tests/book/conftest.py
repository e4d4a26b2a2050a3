"""The book's own modules, its HTML (built once per session), and a browser that reaches nothing but it."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import ROOT, require

sys.path.insert(0, str(ROOT / "book"))


LEFT = "net::ERR_ABORTED"  # of a page that was left, or a sound that another took the place of


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """Say nothing of a browser that did not wait for an answer."""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="session")
def html(python):
    """Folder of the book as `make book` writes it; with BOOK=FOLDER one that is there already."""
    if "BOOK" in os.environ:
        return Path(os.environ["BOOK"])
    require(shutil.which("npm"), "the book fetches scripts by npm, and there is no npm")
    done = subprocess.run([python, str(ROOT / "book" / "build.py")], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-6000:]
    return ROOT / "build" / "book" / "html"


@pytest.fixture(scope="module")
def address(html):
    """Address of the book, served from this computer."""
    handler = functools.partial(_Quiet, directory=str(html))
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")  # not the session's: a browser that stays open takes time from what is measured later
def chromium():
    """A headless Chromium to which every other host is closed."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require(path, "there is no Chromium")
    with sync_playwright() as playwright:
        closed = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", closed])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """A function (address, width) -> page, and the list of what went wrong on the pages that it opened."""
    contexts, wrong = [], []

    def open_page(url, width=1280, script="", **options):
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, **options))
        page = contexts[-1].new_page()
        page.add_init_script(script)
        page.on("console", lambda message: _is_wrong(message) and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("response", lambda answer: answer.status >= 400 and wrong.append(f"{answer.status}: {answer.url}"))
        page.on("requestfailed", lambda request: request.failure != LEFT and wrong.append(f"failed: {request.url}"))
        page.on("request", lambda request: _is_elsewhere(request.url, url) and wrong.append(f"else: {request.url}"))
        page.goto(url)
        return page

    yield open_page, wrong
    for context in contexts:
        context.close()


def _is_wrong(message):
    ours = "ScriptProcessorNode is deprecated" in message.text  # the tests' own ear
    return message.type in ("error", "warning") and not ours


def _is_elsewhere(url, ours):
    return not url.startswith(("data:", "blob:", ours.split("/", 3)[0] + "//" + ours.split("/", 3)[2]))
