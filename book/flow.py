#!/usr/bin/env python3
"""The flow as a clickable figure: every box links to the page that explains it.

Run as a script it writes ``notebooks/pictures/flow.svg``, which README shows.

Conventions
-----------
* A notebook declares its boxes in its metadata, ``"flow": [BOX, ...]``; a BOX has ``title``, ``lines`` (two), and may
  have ``anchor`` (a heading of the page), ``colour`` (a key of ``COLOURS``) and ``beside``: the title of the box that
  it stands beside, or "study"; without it the box is part of the main line.
* A notebook ``NN_<chapter>.ipynb`` that declares nothing gets a box among the studies if there is such a chapter: its
  lines are the first line of the chapter's docstring, ``In -> out.`` So a new chapter appears by its own files.

Contents
--------
boxes_of   notebooks and chapters -> boxes
flow_svg   boxes -> the figure, lying or (for narrow screens) standing
"""

import ast
import json
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
COLOURS = {"blue": "#e8eef7", "purple": "#f3e9f5", "orange": "#f9ecdf", "green": "#e6f3ea", "grey": "#f0f0ee"}
WIDTH, HEIGHT, GAP, TITLE = 150, 84, 26, 26
LETTERS = 23  # that fit into a line of a box
COLUMNS = 6  # of studies, lying


class Box(NamedTuple):
    """A box: its words, its page, its colour, and where it stands ("", the title of another box, or STUDY)."""

    title: str
    lines: tuple
    page: str
    colour: str
    beside: str


STUDY = "study"  # where a box stands that belongs to no other
PAGES = (Box("play", ("two circles, walked", "in this browser"), "play.html", "green", ""),
         Box("listen", ("blind comparison", "by your ears"), "listening.html", "orange", "waveform"))


def boxes_of(notebooks=ROOT / "notebooks", chapters=ROOT / "code" / "latentsampler" / "chapters"):
    """Return the boxes of all notebooks in their order, then those of the pages to play and to listen.

    Parameters
    ----------
    notebooks, chapters : pathlib.Path
        Folders.

    Returns
    -------
    list of Box
        In the order of the flow.
    """
    boxes = []
    for path in sorted(notebooks.glob("[0-9]*.ipynb")):
        page, name = f"notebooks/{path.stem}.html", path.stem.partition("_")[2]
        declared = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("flow")
        if declared is not None:
            boxes += [Box(box["title"], tuple(box["lines"]), f"{page}{box.get('anchor', '')}",
                          box.get("colour", "grey"), box.get("beside", "")) for box in declared]
        elif (source := chapters / name / "__init__.py").is_file():
            docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
            boxes.append(Box(name, _two_lines(docstring.partition("\n")[0]), page, "grey", STUDY))
    return [*boxes, *PAGES]


def _two_lines(sentence):
    """Return ``In -> out.`` as two lines that fit into a box."""
    for arrow, sign in (("<->", "↔"), ("->", "→")):
        if arrow in sentence:
            first, _, second = sentence.rstrip(".").partition(arrow)
            return _short(first), _short(f"{sign} {second.strip()}")
    return _short(sentence.rstrip(".")), ""


def _short(text):
    """Return a text that fits: if need be up to its first comma, else to the last whole word, with an ellipsis."""
    text = text.strip() if len(text.strip()) <= LETTERS else text.partition(",")[0].strip()
    return text if len(text) <= LETTERS else text[:LETTERS - 1].rpartition(" ")[0] + "…"


def flow_svg(boxes, standing=False):
    """Return the figure as SVG text.

    Parameters
    ----------
    boxes : list of Box
        From :func:`boxes_of`; one that stands beside a box that is not there is left out.
    standing : bool
        From top to bottom, for narrow screens, instead of from left to right.

    Returns
    -------
    str
        An ``svg`` element.
    """
    main = [box for box in boxes if not box.beside]
    titles = [box.title for box in main]
    beside = [(titles.index(box.beside), box) for box in boxes if box.beside in titles]
    studies = [box for box in boxes if box.beside == STUDY]
    parts = [_box(*_place(k, 0, standing), box) for k, box in enumerate(main)]
    parts += [_arrow(*_between(_place(k, 0, standing), standing)) for k in range(len(main) - 1)]
    for k, box in beside:
        parts.append(_box(*_place(k, 1, standing), box))
        parts.append(_arrow(*_between(_place(k, 0, standing), not standing), both=True))
    columns = 2 if standing else COLUMNS
    width, top = _size(len(main), standing)
    if studies:
        parts.append(f'<text x="6" y="{top + 14}" font-size="14" fill="#888">studies</text>')
    for k, box in enumerate(studies):
        parts.append(_box(6 + k % columns * (WIDTH + GAP), top + TITLE + k // columns * (HEIGHT + GAP), box))
    height = top + (TITLE + -(-len(studies) // columns) * (HEIGHT + GAP) if studies else 0)
    width = max(width, 12 - GAP + min(len(studies), columns) * (WIDTH + GAP))
    head = "up" if standing else "head"  # both figures are on one page
    marker = (f'<marker id="{head}" markerWidth="8" markerHeight="8" refX="6" refY="3" orient="auto-start-reverse">'
              '<path d="M0,0 L6,3 L0,6 z" fill="#888"/></marker>')
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="group" ' \
           f'aria-label="The flow, each box a link to its page" font-family="Helvetica, Arial, sans-serif">' \
           f"<defs>{marker}</defs>{''.join(parts)}</svg>"
    return text.replace("url(#head)", f"url(#{head})")


def _place(k, row, standing):
    """Return the corner of the k-th box of the main line, or of the row beside it."""
    return (6 + row * (WIDTH + GAP), 6 + k * (HEIGHT + GAP)) if standing else \
        (6 + k * (WIDTH + GAP), 6 + row * (HEIGHT + GAP))


def _size(count, standing):
    """Return width, and height with a gap below, of the main line and the row beside it."""
    across, down = (2, count) if standing else (count, 2)
    return 12 - GAP + across * (WIDTH + GAP), 6 + down * (HEIGHT + GAP)


def _box(x, y, box):
    texts = ((30, 17, "bold", box.title), (51, 12, "normal", box.lines[0]), (69, 12, "normal", box.lines[1]))
    words = "".join(f'<text x="{x + WIDTH / 2:.0f}" y="{y + dy}" text-anchor="middle" font-size="{size}" '
                    f'font-weight="{weight}" fill="#222">{escape(word)}</text>' for dy, size, weight, word in texts)
    return (f'<a href="{box.page}"><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" '
            f'fill="{COLOURS[box.colour]}" stroke="#666"/>{words}</a>')


def _between(corner, downwards):
    x, y = corner
    return (x + WIDTH / 2, y + HEIGHT + 3, x + WIDTH / 2, y + HEIGHT + GAP - 3) if downwards else \
        (x + WIDTH + 3, y + HEIGHT / 2, x + WIDTH + GAP - 3, y + HEIGHT / 2)


def _arrow(x1, y1, x2, y2, both=False):
    start = ' marker-start="url(#head)"' if both else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#888" stroke-width="1.6"{start} ' \
           'marker-end="url(#head)"/>'


if __name__ == "__main__":
    (ROOT / "notebooks" / "pictures" / "flow.svg").write_text(flow_svg(boxes_of()) + "\n", encoding="utf-8")
