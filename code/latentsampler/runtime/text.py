"""Any value -> text that every reader takes.

Contents
--------
text   a value as a table holds it
"""


def text(value):
    """Return a value as a table holds it: nothing for None; a file name's bytes that are not UTF-8 in hexadecimal."""
    if value is None:
        return ""
    value = str(value)
    if value.isascii():
        return value
    try:
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half of a surrogate pair, as json may hold it
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
