"""The flow as a clickable figure: every box links to the page that explains it.

Contents
--------
flow_svg   the figure, lying or (for narrow screens) standing
"""

from html import escape

BLUE, PURPLE, ORANGE, GREEN = "#e8eef7", "#f3e9f5", "#f9ecdf", "#e6f3ea"
WIDTH, HEIGHT, GAP = 150, 84, 26

# title, two lines, page, colour: the flow; then what stands beside one of its boxes, by that box's number
BOXES = (
    ("notes", "toy · SoundFont · SOL", "audio + table", "notebooks/01_dataset.html", BLUE),
    ("mel", "256 bands, 128 frames", "what a model sees", "notebooks/01_dataset.html#the-ceiling", BLUE),
    ("z", "4 numbers", "autoencoder", "notebooks/02_autoencoder.html", PURPLE),
    ("waveform", "1.49 seconds", "vocoder", "notebooks/05_vocoder.html", ORANGE),
    ("instrument", "one file", "controls to sound", "notebooks/06_instrument.html", ORANGE),
    ("play", "two circles, walked", "in this browser", "play.html", GREEN),
)
BESIDE = (
    (2, "divergence", "holds z together", "what shape, what force", "notebooks/03_divergences.html", PURPLE),
    (3, "listen", "blind comparison", "by your ears", "listening.html", ORANGE),
    (4, "deep · bright · …", "knobs on z", "projection", "notebooks/04_projection.html", PURPLE),
)


def flow_svg(pages, standing=False):
    """Return the figure as SVG text.

    Parameters
    ----------
    pages : collection of str
        Pages that there are, ``.html`` with its path; a box without a page is left out.
    standing : bool
        From top to bottom, for narrow screens, instead of from left to right.

    Returns
    -------
    str
        An ``svg`` element.
    """
    there = [box for box in BOXES if box[3].split("#")[0] in pages]
    beside = [(there.index(BOXES[k]), box) for k, *box in BESIDE if box[3] in pages and BOXES[k] in there]
    step = (HEIGHT if standing else WIDTH) + GAP

    def place(k, row):
        return (6 + row * (WIDTH + GAP), 6 + k * step) if standing else (6 + k * step, 6 + row * (HEIGHT + GAP))

    parts = [_box(*place(k, 0), box) for k, box in enumerate(there)]
    parts += [_arrow(*_between(place(k, 0), standing)) for k in range(len(there) - 1)]
    for k, box in beside:
        parts += [_box(*place(k, 1), box), _arrow(*_between(place(k, 0), not standing), both=True)]
    far, across = 12 + len(there) * step - GAP, 12 + GAP + 2 * (WIDTH if standing else HEIGHT)
    width, height = (across, far) if standing else (far, across)
    marker = ('<marker id="head" markerWidth="8" markerHeight="8" refX="6" refY="3" orient="auto-start-reverse">'
              '<path d="M0,0 L6,3 L0,6 z" fill="#888"/></marker>')
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="group" ' \
           f'aria-label="The flow, each box a link to its page" font-family="Helvetica, Arial, sans-serif">' \
           f"<defs>{marker}</defs>{''.join(parts)}</svg>"
    return text.replace("url(#head)", "url(#up)").replace('id="head"', 'id="up"') if standing else text


def _box(x, y, box):
    title, first, second, page, colour = box
    texts = ((30, 17, "bold", title), (51, 12, "normal", first), (69, 12, "normal", second))
    words = "".join(f'<text x="{x + WIDTH / 2:.0f}" y="{y + dy}" text-anchor="middle" font-size="{size}" '
                    f'font-weight="{weight}" fill="#222">{escape(word)}</text>' for dy, size, weight, word in texts)
    return (f'<a href="{page}"><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{colour}" '
            f'stroke="#666"/>{words}</a>')


def _between(corner, downwards):
    x, y = corner
    return (x + WIDTH / 2, y + HEIGHT + 3, x + WIDTH / 2, y + HEIGHT + GAP - 3) if downwards else \
        (x + WIDTH + 3, y + HEIGHT / 2, x + WIDTH + GAP - 3, y + HEIGHT / 2)


def _arrow(x1, y1, x2, y2, both=False):
    start = ' marker-start="url(#head)"' if both else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#888" stroke-width="1.6"{start} ' \
           'marker-end="url(#head)"/>'
