"""Files that are whole or not there.

Contents
--------
written_whole   a path to write to, moved to its place when the block ends well, removed when it does not
write_bytes     bytes -> file, in the same way
check_output    raises before any work where a file could not be written
"""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def written_whole(path):
    """Give a name to write to; what was written takes the place of ``path`` only when the block ends well.

    Parameters
    ----------
    path : str or pathlib.Path
        The file; its folder is made when it is missing.

    Yields
    ------
    pathlib.Path
        A name in the same folder, with the same ending.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path, content):
    """Write bytes to a file that is whole or not there: a full disk is an OSError and leaves nothing behind."""
    with written_whole(path) as partial:
        partial.write_bytes(content)
    return Path(path)


def check_output(path):
    """Raise before any work where a file could not be written.

    Parameters
    ----------
    path : str or pathlib.Path
        The file; its folder is made when it is missing.

    Raises
    ------
    IsADirectoryError
        If there is a folder of that name.
    PermissionError
        If its folder does not let files be written.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"expected a file to write, got the folder {path}; name a file in it")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"expected a folder that can be written, got {path.parent}; name another with --out")
