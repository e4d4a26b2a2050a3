"""A folder of HTML pages: every file and anchor is there, nothing is loaded from another host, no widget is dead.

Contents
--------
problems   folder -> what is wrong, one line each
"""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "audio": "src", "source": "src", "video": "src", "iframe": "src",
          "link": "href", "embed": "src", "object": "data"}
NOT_LOADED = {"canonical", "next", "prev", "author", "search", "index", "genindex"}  # relations of <link>


class _Page(HTMLParser):
    """Anchors, links and loaded files of one page."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.loaded, self.widgets = set(), [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note what a start tag names."""
        attributes = dict(attrs)
        self.anchors |= {attributes.get("id"), attributes.get("name")}
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        self.widgets += attributes.get("type") == "application/vnd.jupyter.widget-view+json"
        address = attributes.get(LOADED.get(tag))
        if address and not (tag == "link" and attributes.get("rel") in NOT_LOADED):
            self.loaded.append(address)


def problems(folder):
    """Return what is wrong with the pages of a folder.

    Parameters
    ----------
    folder : str or pathlib.Path
        Of HTML pages.

    Returns
    -------
    list of str
        One line for each missing file or anchor, each file of another host that a page loads, and each page with a
        widget, which does nothing where there is no Python.
    """
    folder = Path(folder).resolve()
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))
             if "_static" not in path.parts}
    found = []
    for path, page in pages.items():
        where = path.relative_to(folder)
        if page.widgets:
            found.append(f"{where}: a widget brings no plain HTML; show it by "
                         "latentsampler.products.audio_widgets.play_sliders")
        for address in page.loaded:
            if urlsplit(address).netloc:
                found.append(f"{where} loads {address} from another host")
        for address in {*page.loaded, *page.links}:
            wrong = _wrong(address, path, pages)
            if wrong:
                found.append(f"{where}: {wrong}")
    return found


def _wrong(address, path, pages):
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or address == "#":
        return ""
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return f"no file {address}"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return f"no anchor {address}"
    return ""
