"""The command ``train``."""

from latentsampler.train_command import add_train


def add_parser(commands):
    """Add the command to the subcommands of a parser."""
    add_train(commands, "train", "train an autoencoder -> model.pt", "autoencoder", "model.pt")
