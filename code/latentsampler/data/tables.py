"""Tables that people write -> lines, whatever separates their cells; and which file of a folder is the table.

Conventions
-----------
* Text is UTF-8, or UTF-16 or UTF-32 with a byte order mark. Anything else is refused by file, line and byte: a guess
  would spoil names in silence.
* Cells are separated by comma, semicolon, tab or bar: by that which makes most known columns of the first line.
* A table is found by its columns, not by its name: one of them names files that are there.

Contents
--------
read_lines         file -> dicts, one a line
DamagedTableError  what stops being a table (an exception)
find_table         files of a folder -> its table, and the tables that are none of notes
"""

import codecs
import csv
import io
from pathlib import Path

from latentsampler.data.table_formats import ALIASES, path_of

ENDINGS = (".csv", ".tsv", ".tab")
FIRST = 100  # lines that are looked at to see whether a table is of notes
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class DamagedTableError(ValueError):
    """Text that stops being a table; ``columns`` are those of its first line."""

    columns = ()


def read_lines(path, errors="strict"):
    """Yield the lines of a table as dicts; cells beyond the last column are a list under None.

    Parameters
    ----------
    path : pathlib.Path
        The table.
    errors : str
        What to do with bytes that are no text, as in ``bytes.decode``.

    Yields
    ------
    dict
        Column -> string, or None where a line is short.

    Raises
    ------
    ValueError
        If the text is not UTF-8; the message names file and line.
    DamagedTableError
        If it is no table from some line on.
    """
    text = _decode(path, errors)
    if text[:4].lower() == "sep=":  # Excel's hint
        text = text.partition("\n")[2]
    header = text.partition("\n")[0]
    delimiter = max(",;\t|", key=lambda mark: _known(header, mark))
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as error:
        damaged = DamagedTableError(f"{path}, line {reader.line_num + 1}: expected a line of a table, got {error}")
        damaged.columns = reader.fieldnames or ()
        raise damaged from None


def find_table(candidates, is_there):
    """Return the table of notes among files.

    Parameters
    ----------
    candidates : sequence of pathlib.Path
        Tables by their endings.
    is_there : callable
        Whether a listed path has a file.

    Returns
    -------
    table : pathlib.Path or None
        The only one with a column that names files that are there.
    others : dict
        Path -> why it is not.

    Raises
    ------
    ValueError
        If there are several.
    """
    found, others = [], {}
    for path in candidates:
        try:
            listed = [path_of(line) for _, line in zip(range(FIRST), read_lines(path, "replace"), strict=False)]
        except DamagedTableError as error:
            listed = ["�"] if any(ALIASES.get(name.strip().lower()) == "Path" for name in error.columns) else []
        except ValueError as error:
            others[path] = str(error)
            continue
        if any(is_there(path, name) or "�" in name for name in listed):  # bad text is refused when it is read
            found.append(path)
        else:
            others[path] = "none of the files that it names is there"
    if len(found) > 1:
        raise ValueError(f"expected one table of notes, found {len(found)}: {', '.join(map(str, found))}; name the "
                         "right one instead of the folder")
    return (found[0] if found else None), others


def _decode(path, errors):
    content = Path(path).read_bytes()
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding, errors).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content[:error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: expected {encoding.upper().removesuffix('-SIG')}, got byte "
                         f"0x{content[error.start]:02x} (Latin-1 or Windows-1252?); save the table as UTF-8") from None


def _known(header, mark):
    cells = next(csv.reader([header], delimiter=mark), [])
    return sum(cell.strip().lower() in ALIASES for cell in cells), len(cells)
