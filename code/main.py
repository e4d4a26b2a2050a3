#!/usr/bin/env python3
"""Root script: every stage of the flow as a command; without an argument, the whole flow, small.

Examples
--------
    python code/main.py dataset build --source soundfont --out data
    python code/main.py train wae --data data/STORE --out model.pt
    python code/main.py vocoder train harmonic --data data/STORE --model model.pt --out vocoder.pt
    python code/main.py export --model model.pt --vocoder vocoder.pt --out generative.pt
    python code/main.py render generative.pt --point 0.5 -1 0 0.3 60 --out note.wav
"""

import argparse
import os
import sys
import time
from pathlib import Path

PATCH = Path(__file__).resolve().parents[1] / "patch"


def main(arguments=None):
    """Parse the command line, run one command, and turn a user's mistake into one line instead of a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments or ["demo"])
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        return options.run(options) or 0
    except (FileNotFoundError, FileExistsError, NotADirectoryError, PermissionError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"error: {error}; run ./setup.sh first, or install the extra that the message names", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(prog="main.py", description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    from latentsampler import describe
    from latentsampler.dataset import cli as dataset_cli

    dataset_cli.add_parser(commands)
    _add_train(commands, "train", "train an autoencoder -> model.pt", "autoencoder", "model.pt")
    vocoder = commands.add_parser("vocoder", help="train a vocoder -> vocoder.pt").add_subparsers(required=True)
    train = _add_train(vocoder, "train", "train a vocoder -> vocoder.pt", "vocoder", "vocoder.pt")
    train.add_argument("--model", type=Path, help="model.pt whose decoded mels the vocoder is trained on, too")
    _add_export(commands)
    _add_render(commands)
    _add_benchmark(commands)
    describe.add_parser(commands)
    demo = commands.add_parser("demo", help="the whole flow, small (at most 10 minutes on 2 cores)")
    demo.add_argument("--out", type=Path, default=Path("build/demo"), help="folder to write (default: %(default)s)")
    demo.set_defaults(run=_demo)
    return parser


def _add_train(commands, name, text, chapter, out):
    train = commands.add_parser(name, help=text, description=text)
    train.add_argument("name", metavar="RUN", help=f"an entry of latentsampler.{chapter}.experiment.RUNS")
    train.add_argument("--data", type=Path, required=True, help="a store made by `dataset build`, or a packed .npz")
    train.add_argument("--out", type=Path, default=Path(out), help="file to write (default: %(default)s)")
    train.add_argument("--seed", type=int, default=0, help="integer (default: %(default)s)")
    train.add_argument("--steps", type=int, help="optimiser steps, instead of the run's own (not with --record)")
    train.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    train.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    train.set_defaults(run=_train, chapter=chapter, model=None)
    return train


def _add_export(commands):
    export = commands.add_parser("export", help="model.pt + vocoder.pt -> generative.pt")
    export.add_argument("--model", type=Path, required=True, help="model.pt")
    export.add_argument("--vocoder", type=Path, required=True, help="vocoder.pt")
    export.add_argument("--controls", choices=("latent",), default="latent", help="what the controls mean")
    export.add_argument("--reduce", type=int, metavar="N", help="play the N first principal axes of a larger space")
    export.add_argument("--data", type=Path, help="a store: writes <out>.map.txt, the notes in both planes")
    export.add_argument("--grid", type=Path, metavar="WAV", help="also render 256 points, for a Pd without the object")
    export.add_argument("--out", type=Path, default=Path("generative.pt"), help="file to write (default: %(default)s)")
    export.set_defaults(run=_export)


def _add_render(commands):
    render = commands.add_parser("render", help="one point of a generative.pt -> wav")
    render.add_argument("generative", type=Path, help="generative.pt")
    render.add_argument("--point", type=float, nargs="*", default=[], metavar="X",
                        help="controls in their own units (see the file's metadata); missing ones take their defaults")
    render.add_argument("--out", type=Path, default=Path("note.wav"), help="wav to write (default: %(default)s)")
    render.set_defaults(run=_render)


def _add_benchmark(commands):
    benchmark = commands.add_parser("benchmark", help="measure a stage and record it")
    benchmark.add_argument("name", choices=sorted(_BENCHMARKS), help="what to measure")
    benchmark.add_argument("--source", default="soundfont", help="notes, as for `dataset build` (default: %(default)s)")
    benchmark.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    benchmark.set_defaults(run=_benchmark)


def _train(options):
    import importlib
    from dataclasses import replace

    import torch
    from latentsampler import export, records
    from latentsampler.dataset.store import NoteDataset

    torch.set_num_threads(1)
    experiment = importlib.import_module(f"latentsampler.{options.chapter}.experiment")
    if options.name not in experiment.RUNS:
        raise ValueError(f"unknown run {options.name!r}; there are: {', '.join(experiment.RUNS)}")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("expected a CUDA device for --device cuda, found none; use --device cpu")
    config = experiment.RUNS[options.name]
    if options.steps and options.record:
        raise ValueError("--steps changes the run: a record of it would not be the run's; leave out one of the two")
    if options.steps:
        config = replace(config, schedule=replace(config.schedule, steps=options.steps))
    extra = {"model": export.load_scripted(options.model)[0]} if options.model else {}
    dataset, begin = NoteDataset(options.data), time.perf_counter()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    metrics, history = experiment.run(config, options.seed, options.out, dataset, device=options.device, **extra)
    for name, value in metrics.items():
        print(f"{name:28s} {value:.4g}")
    print(f"wrote {options.out}")
    if options.record:
        origin = records.provenance(time.perf_counter() - begin, dataset.checksum, options.device)
        folder = records.write_record(options.chapter, options.name, options.seed, config, metrics, history, origin)
        print(f"recorded {folder}")


def _export(options):
    from latentsampler.instrument import generative, grid, notemap

    metadata = generative.assemble(options.model, options.vocoder, options.out, options.reduce)
    for control in metadata["controls"]:
        print("{name:8s} {min:8.3f} .. {max:8.3f} {unit}, default {default:.3f}".format(**control))
    print(f"wrote {options.out} ({options.out.stat().st_size / 1e6:.1f} MB)")
    if options.data:
        from latentsampler.dataset.store import NoteDataset

        print(f"wrote {notemap.write_map(options.model, NoteDataset(options.data), options.out, options.reduce)}")
    if options.grid:
        print(f"wrote {options.grid} and {grid.write_grid(options.out, options.grid, sample_rate=11025)}")


def _render(options):
    import soundfile
    from latentsampler.instrument import generative, walk

    module, metadata = generative.load_generative(options.generative)
    note = walk.render_points(module, metadata, [options.point])[0] if options.point else walk.render_points(
        module, metadata, generative.with_defaults(metadata, []))[0]
    soundfile.write(options.out, note, metadata["sample_rate"])
    print(f"wrote {options.out}: {metadata['n_samples'] / metadata['sample_rate']:.2f} s, peak {abs(note).max():.3f}")


def _frontends(options):
    from latentsampler.dataset import cli, study

    return study.run_frontend_study(cli.open_source(options.source, Path("data")), every=7)


def _preparation(options):
    from latentsampler.dataset import preparation_study

    return preparation_study.run_preparation_study()


def _speed(options):
    from latentsampler.dataset import benchmark

    return benchmark.run_speed_benchmark()


_BENCHMARKS = {"frontends": _frontends, "preparation": _preparation, "speed": _speed}


def _benchmark(options):
    import json

    from latentsampler.dataset.study import record_study

    begin = time.perf_counter()
    study = _BENCHMARKS[options.name](options)
    print(json.dumps({**study.metrics, **study.timings}, indent=1))
    if options.record:
        print(f"recorded {record_study(study, options.name, time.perf_counter() - begin)}")


def _demo(options):
    import demo

    return demo.main(options.out)


if __name__ == "__main__":
    sys.exit(main())
