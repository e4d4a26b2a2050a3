"""The command ``listening``."""

from pathlib import Path


def add_parser(commands):
    """Add the command to the subcommands of a parser."""
    listening = commands.add_parser("listening", help="answers of the listening page -> table with intervals")
    listening.add_argument("answers", type=Path, nargs="*", metavar="FILE", help="one file per listener")
    listening.set_defaults(run=_listening)


def _listening(options):
    from latentsampler.products.listening.answers import table

    print(table(options.answers))
