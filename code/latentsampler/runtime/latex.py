"""Words, numbers and tables as LaTeX, for the ``report.py`` of a chapter.

Conventions
-----------
* A chapter's ``report.py`` has up to three dicts, name -> function of the report's ``Records``: ``TABLES`` (returns
  LaTeX), ``FIGURES`` (returns a matplotlib figure, ``WIDTH`` inches wide for one column) and ``DERIVED`` (returns a
  number, a tuple value, low, high, or a :class:`Phrase`).

Contents
--------
Phrase       words that are LaTeX already
tabular      cells -> a table in the style of booktabs
signed       value, low, high -> ``+0.12 [0.05, 0.19]``
count        a small number as a word
trained_on   a run -> the machine that trained it, and for how long
"""

WIDTH = 3.45  # inches: one column of the report
DARK, ACCENT, GOOD, PALE = "#303030", "#b03a2e", "#1f6f8b", "#9a9a9a"
WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Phrase(str):
    """Words that are LaTeX already."""


def tabular(head, rows, columns):
    """Return a table in the style of booktabs.

    Parameters
    ----------
    head : list of str
        Titles of the columns, as LaTeX.
    rows : list of list of str
        Cells, as LaTeX.
    columns : str
        Argument of ``tabular``, such as ``"lcc"``.

    Returns
    -------
    str
        LaTeX.
    """
    body = "\n".join(" & ".join(row) + r" \\" for row in rows)
    return f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{' & '.join(head)} \\\\\n\\midrule\n{body}\n\\bottomrule\n" \
           "\\end{tabular}\n"


def signed(interval, digits=2):
    """Return ``+0.12 [0.05, 0.19]`` as LaTeX, from value, low and high."""
    return "${:+.{d}f}$ [${:.{d}f}$, ${:.{d}f}$]".format(*interval[:3], d=digits)


def count(number):
    """Return a whole number below ten as a word, a larger one in digits."""
    number = int(number)
    return WORDS[number] if 0 <= number < len(WORDS) else str(number)


def trained_on(run):
    """Return a function of records: the machine that trained a run, and for how long, in words.

    Parameters
    ----------
    run : str
        ``CHAPTER/RUN``.

    Returns
    -------
    callable
        Records -> Phrase.
    """
    def phrase(records):
        device, seconds = (records.mean(f"{run}:provenance/{name}") for name in ("device", "seconds"))
        minutes = f"{max(1, round(seconds / 60))} minutes" if seconds >= 90 else f"{round(seconds)} seconds"
        kind, _, name = device.removesuffix(")").partition(" (")
        threads = records.mean(f"{run}:provenance/threads")
        if kind == "cpu":
            return Phrase(f"{count(threads)} core{'s' * (threads > 1)} of a processor, {minutes}")
        return Phrase(f"a graphics processor ({name}), {minutes}")
    return phrase
