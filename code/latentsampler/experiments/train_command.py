"""The command that trains an entry of a chapter's ``RUNS``; each chapter's ``cli`` adds its own.

Contents
--------
add_train   adds it to a parser's subcommands
"""

import argparse
import importlib
import math
import time
from dataclasses import replace
from pathlib import Path


def add_train(commands, name, text, chapter, out, pauses=True):
    """Add a training command.

    Parameters
    ----------
    commands : argparse._SubParsersAction
        What it is added to.
    name, text : str
        Of the command, and its help.
    chapter : str
        Folder of the package whose ``experiment`` is trained.
    out : str
        Default of ``--out``.
    pauses : bool
        Whether the chapter trains by ``training.train``, which ``--budget`` pauses.

    Returns
    -------
    argparse.ArgumentParser
        For options of the chapter's own; ``extra`` by ``set_defaults`` maps options to arguments of ``run``, each named
        as the option that gives its file.
    """
    train = commands.add_parser(name, help=text, description=text)
    train.add_argument("name", metavar="RUN", help=f"an entry of latentsampler.chapters.{chapter}.experiment.RUNS")
    train.add_argument("--data", type=Path, required=True, help="a store made by `dataset build`, or a packed .npz")
    train.add_argument("--out", type=Path, default=Path(out), help="file to write (default: %(default)s)")
    train.add_argument("--seed", type=int, default=0, help="integer (default: %(default)s)")
    train.add_argument("--steps", type=int, help="optimiser steps, instead of the run's own (not with --record)")
    if pauses:
        train.add_argument("--budget", type=_minutes, metavar="MINUTES",
                           help="pause training after so long and write what there is; the same command goes on")
    train.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    train.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    train.set_defaults(run=_train, chapter=chapter, extra=_nothing, **({} if pauses else {"budget": None}))
    return train


def _nothing(_):
    return {}


def _minutes(text):
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not minutes > 0:
        raise argparse.ArgumentTypeError(f"expected minutes above 0, got {text}")
    return minutes


def _train(options):
    import torch

    from latentsampler.data.store import NoteDataset
    from latentsampler.learning.training import limited
    from latentsampler.runtime import records

    torch.set_num_threads(1)
    experiment = importlib.import_module(f"latentsampler.chapters.{options.chapter}.experiment")
    if options.name not in experiment.RUNS:
        raise ValueError(f"unknown run {options.name!r}; there are: {', '.join(experiment.RUNS)}")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("expected a CUDA device for --device cuda, found none; use --device cpu")
    config = experiment.RUNS[options.name]
    if options.steps and options.record:
        raise ValueError("--steps changes the run: a record of it would not be the run's; leave out one of the two")
    if options.steps:
        config = replace(config, schedule=replace(config.schedule, steps=options.steps))
    extra = options.extra(options)
    dataset, begin = NoteDataset(options.data), time.perf_counter()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with limited(options.budget or math.inf) as limit:
        metrics, history = experiment.run(config, options.seed, options.out, dataset, device=options.device, **extra)
    for name, value in metrics.items():
        print(f"{name:28s} {value:.4g}")
    print(f"wrote {options.out}")
    if limit.paused:
        print("paused at step {} of {}: the same command goes on".format(*limit.paused)
              + (", and records the whole run at its end" if options.record else ""))
    elif options.record:
        inputs = {key: path for key in extra if isinstance(path := getattr(options, key, None), Path)}
        origin = records.provenance(time.perf_counter() - begin, dataset.checksum, options.device, inputs)
        folder = records.write_record(options.chapter, options.name, options.seed, config, metrics, history, origin)
        print(f"recorded {folder}")
