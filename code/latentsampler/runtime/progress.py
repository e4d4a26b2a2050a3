"""A bar on a terminal; elsewhere, as in a log, one line per half minute.

Contents
--------
progress_bar   what shows how far some work is
tracked        the items of a sequence, with a bar
"""

import sys
import time

from tqdm import tqdm

EVERY = 30.0  # seconds between two lines of a log


class _Lines:
    """What a bar is where lines cannot be overwritten."""

    def __init__(self, total, initial, desc, unit, file):
        self.total, self.count, self.desc, self.unit, self.file = total, initial, desc, unit, file
        self.begin, self.first, self.said, self.extra = time.monotonic(), initial, time.monotonic(), ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def update(self, n=1):
        """Count some more; say so when half a minute has passed since the last line, or at the end."""
        self.count += n
        now = time.monotonic()
        if now - self.said >= EVERY:
            self._say(now)

    def set_postfix(self, values, refresh=False):
        """Keep what the next line shall tell beside the count."""
        self.extra = "  " + "  ".join(f"{name} {value}" for name, value in values.items())

    def set_postfix_str(self, text, refresh=False):
        """Keep a text that the next line shall tell beside the count."""
        self.extra = f"  {text}"

    def close(self):
        """Say the last count, where lines were said before or the work took long."""
        if self.said > self.begin:
            self._say(time.monotonic())

    def _say(self, now):
        seconds = now - self.begin
        rate = (self.count - self.first) / seconds if seconds else 0.0
        left = f", about {(self.total - self.count) / rate:.0f} s left" if rate and self.total else ""
        total = f" of {self.total}" if self.total else ""
        print(f"{self.desc or 'work'}: {self.count}{total} {self.unit}s, {seconds:.0f} s{left}{self.extra}",
              file=self.file, flush=True)
        self.said = now


def progress_bar(total=None, initial=0, desc="", unit="item", disable=False, file=None):
    """Return what shows how far some work is: ``update(n)``, ``set_postfix(dict)``, ``close()``, a context.

    Parameters
    ----------
    total : int, optional
        How much there is to do.
    initial : int
        How much is done already.
    desc, unit : str
        What is counted.
    disable : bool
        Show nothing.
    file : file, optional
        Where to write; standard error by default.

    Returns
    -------
    object
        A bar of tqdm on a terminal or when disabled, else one that writes a line per half minute.
    """
    file = file or sys.stderr
    if disable or file.isatty():
        return tqdm(total=total, initial=initial, desc=desc, unit=unit, disable=disable, file=file)
    return _Lines(total, initial, desc, unit, file)


def tracked(items, desc="", unit="item", disable=False):
    """Yield the items of a sequence and show how far they are.

    Parameters
    ----------
    items : sequence
        What is gone through.
    desc, unit : str
        What is counted.
    disable : bool
        Show nothing.

    Yields
    ------
    object
        The items.
    """
    items = list(items)
    with progress_bar(len(items), desc=desc, unit=unit, disable=disable) as bar:
        for item in items:
            yield item
            bar.update()
