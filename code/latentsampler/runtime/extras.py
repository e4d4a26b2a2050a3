"""Optional parts, which are asked for by name when they are missing.

Contents
--------
optional   imports a library of an extra, or says which extra brings it
"""

import importlib


def optional(module, extra):
    """Import a library that only some commands need.

    Parameters
    ----------
    module : str
        Name of the library, as imported.
    extra : str
        The extra of ``pyproject.toml`` that brings it.

    Returns
    -------
    module
        The library.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed; the message names the extra and the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise  # the library is there, and something it needs is not: its own message says more
        raise ModuleNotFoundError(f"expected the library {module} of the extra {extra!r}, found none; "
                                  f"install it with: pip install -e '.[{extra}]'", name=error.name) from None
