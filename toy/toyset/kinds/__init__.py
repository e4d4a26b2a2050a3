"""The kinds of toy data, one file each; its name is the word on the command line.

A kind has ``add_arguments(parser)``, which adds its options to an ``argparse`` parser that has ``--out`` and ``--seed``
already, and ``make(options)``, which fills the folder ``options.out`` (there, and empty) and returns what it wrote in a
few words. A new kind is a new file here and nothing else. Same seed, same bytes.
"""

from pathlib import Path

KINDS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))
