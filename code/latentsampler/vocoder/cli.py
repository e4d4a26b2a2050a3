"""The command ``vocoder train``."""

from pathlib import Path

from latentsampler.train_command import add_train


def add_parser(commands):
    """Add the command to the subcommands of a parser."""
    vocoder = commands.add_parser("vocoder", help="train a vocoder -> vocoder.pt").add_subparsers(
        metavar="COMMAND", required=True)
    train = add_train(vocoder, "train", "train a vocoder -> vocoder.pt", "vocoder", "vocoder.pt")
    train.add_argument("--model", type=Path, help="model.pt whose decoded mels the vocoder is trained on, too")
    train.set_defaults(extra=_model)


def _model(options):
    from latentsampler.export import load_scripted

    return {"model": load_scripted(options.model)[0]} if options.model else {}
