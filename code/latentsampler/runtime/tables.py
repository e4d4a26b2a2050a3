"""Rows -> a table as text, with aligned columns."""


def as_text(rows, digits=3):
    """Return rows as a table.

    Parameters
    ----------
    rows : list of dict
        Name of a column -> text or number; the columns are those of the first row.
    digits : int
        Significant digits of numbers that are not whole.

    Returns
    -------
    str
        A line of names, then one a row; texts to the left, numbers to the right.
    """
    names = list(rows[0]) if rows else []
    lines = [names, *([_cell(row[name], digits) for name in names] for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(names))]
    left = [isinstance(rows[0][name], str) for name in names]
    return "\n".join("  ".join(cell.ljust(width) if is_text else cell.rjust(width) for cell, width, is_text
                               in zip(line, widths, left, strict=True)).rstrip() for line in lines)


def _cell(value, digits):
    return f"{value:.{digits}g}" if isinstance(value, float) and not value.is_integer() else \
        f"{value:.0f}" if isinstance(value, float) else str(value)
