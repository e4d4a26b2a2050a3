"""The commands ``train``, ``measure``, ``study`` and ``record``, the same for every chapter.

Contents
--------
add_commands   adds them to a parser's subcommands
"""

import json
import math
import sys
import time
from pathlib import Path

from latentsampler.experiments import arguments
from latentsampler.runtime.files import check_output


def add_commands(commands):
    """Add the commands to the subcommands of a parser."""
    _add_train(commands)
    _add_measure(commands)
    _add_study(commands)
    _add_record(commands)


def _add_train(commands):
    text = "train a run of a chapter -> the file that its chapter writes"
    train = commands.add_parser("train", help=text, description=text, allow_abbrev=False)
    arguments.add_run(train)
    train.add_argument("--out", type=Path, help="file to write (default: the chapter's own name for it)")
    train.add_argument("--seed", type=arguments.seed, default=0, help="integer (default: %(default)s)")
    train.add_argument("--steps", type=arguments.positive, help="optimiser steps, instead of the run's own (not with "
                       "--record)")
    train.add_argument("--budget", type=arguments.minutes, metavar="MINUTES",
                       help="pause training after so long and write what there is; the same command goes on")
    train.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    train.set_defaults(run=_train)


def _add_measure(commands):
    text = "judge a file of a chapter on data of your own"
    measure = commands.add_parser("measure", help=text, description=text, allow_abbrev=False)
    measure.add_argument("chapter", metavar="CHAPTER", help="such as autoencoder")
    measure.add_argument("--model", type=Path, required=True, help="the file that is judged")
    measure.add_argument("--data", type=Path, help="what the chapter's open_data opens; not needed where it makes its "
                         "own")
    arguments.add_input(measure)
    measure.add_argument("--json", metavar="FILE", help="write the figures as JSON; - for standard output")
    measure.set_defaults(run=_measure)


def _add_study(commands):
    text = "compare many runs: cells that are kept, a table, a record"
    study = commands.add_parser("study", help=text, description=text, allow_abbrev=False)
    study.add_argument("name", metavar="CHAPTER/NAME", help="such as autoencoder/divergences; `study list` lists them")
    study.add_argument("--small", action="store_true", help="the study's small setting, to see that it works")
    study.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    arguments.add_jobs(study, "build/study", jobs=-1)
    study.set_defaults(run=_study, leftover=True)


def _add_record(commands):
    text = "show recorded results: all, those of a chapter, or one record"
    record = commands.add_parser("record", help=text, description=text)
    record.add_argument("name", metavar="CHAPTER[/RUN[/seedK]]", nargs="?", default="", help="what to show")
    record.set_defaults(run=_show_record)


def _train(options):
    import torch

    from latentsampler.experiments import chapters
    from latentsampler.learning.training import limited
    from latentsampler.runtime import records

    torch.set_num_threads(1)
    chapter, run, config = chapters.find_run(options.name)
    experiment = chapters.find_experiment(chapter)
    inputs, _ = arguments.read_options(options.rest, getattr(experiment, "INPUTS", {}))
    inputs = {**dict(options.input), **inputs}
    out = Path(options.out or getattr(experiment, "OUT", f"{chapter}.pt"))
    config = _checked(options, chapters, chapter, run, config, out)
    data, begin = experiment.open_data(options.data), time.perf_counter()
    with limited(options.budget or math.inf) as limit:
        metrics, history = experiment.run(config, options.seed, out, data, device=options.device,
                                          **chapters.load_inputs(chapter, inputs))
    Path(f"{out}.ckpt.done").unlink(missing_ok=True)
    _show(metrics)
    print(f"wrote {out}")
    if limit.paused:
        print("paused at step {} of {}: the same command goes on".format(*limit.paused)
              + (", and records the whole run at its end" if options.record else ""))
    elif options.record:
        origin = records.provenance(time.perf_counter() - begin, data.checksum, options.device, inputs)
        print(f"recorded {records.write_record(chapter, run, options.seed, config, metrics, history, origin)}")


def _checked(options, chapters, chapter, run, config, out):
    """Return the config of a training, or raise before any work where its result could not be written."""
    import torch

    from latentsampler.runtime import records

    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("expected a CUDA device for --device cuda, found none; use --device cpu")
    if options.steps and options.record:
        raise ValueError("--steps changes the run: a record of it would not be the run's; leave out one of the two")
    if options.budget:
        chapters.check_offers(chapter, "budget")
    if options.record and (folder := records.RESULTS / chapter / run / f"seed{options.seed}").exists():
        raise FileExistsError(f"the record {chapter}/{run}/seed{options.seed} is there already; remove {folder} first "
                              "if it is meant to be replaced")
    check_output(out)
    return chapters.with_steps(config, options.steps) if options.steps else config


def _show(metrics, prefix=""):
    for name, value in metrics.items():
        if isinstance(value, dict):
            _show(value, f"{prefix}{name}.")
        else:
            print(f"{prefix + name:32s} {value:.4g}" if isinstance(value, int | float) else f"{prefix + name} {value}")


def _measure(options):
    import torch

    from latentsampler.experiments import chapters

    torch.set_num_threads(1)
    if options.json and options.json != "-":
        check_output(options.json)
    chapters.check_offers(options.chapter, "measure")
    experiment = chapters.find_experiment(options.chapter)
    takes = getattr(experiment, "INPUTS", {})
    paths, numbers = arguments.read_options(options.rest, [name for name in takes if name != "model"],
                                            getattr(experiment, "MEASURE_OPTIONS", {}))
    inputs = chapters.load_inputs(options.chapter, {**dict(options.input), **paths})
    if not options.model.is_file():
        raise FileNotFoundError(f"expected a file of {options.chapter} for --model, found none at {options.model}")
    if options.data is None and not getattr(experiment, "MAKES_DATA", False):
        raise ValueError(f"expected --data: {options.chapter} measures on data that its open_data opens")
    data = None if options.data is None else experiment.open_data(options.data)
    figures = experiment.measure(options.model, data, **inputs, **numbers)
    if options.json == "-":
        print(json.dumps(figures))
    else:
        _show(figures)
    if options.json and options.json != "-":
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _study(options):
    import torch

    from latentsampler.experiments import grid

    if options.name == "list":
        print("\n".join(f"{name:32s} {grid.find_study(name).text}" for name in grid.study_names()))
        return
    torch.set_num_threads(1)
    begin, study = time.perf_counter(), grid.find_study(options.name)
    if options.small and study.small is None:
        raise ValueError(f"{options.name} has no small setting; leave out --small")
    setting, suffix = (study.small, "-small") if options.small else (study.setting, "")
    given = arguments.read_options(options.rest, {}, {name: (str, None, "") for name in study.sources})[1]
    sources = {name: _source(default, given[name]) for name, default in study.sources.items()}
    results = grid.run_study(study, setting, sources, options.folder / f"{options.name}{suffix}", options.jobs,
                             options.scheduler, None if options.minutes is None else 60.0 * options.minutes)
    missing = len(study.cells(setting, sources)) - len(results)
    if missing:
        print(f"{missing} cells did not fit into the budget; the same command goes on with them", file=sys.stderr)
        return
    print(study.table(grid.as_record(study, setting, results)))
    if options.record:
        print(f"recorded {grid.write_study(study, setting, results, sources, time.perf_counter() - begin, suffix)}")


def _source(default, given):
    """Return a study's source: a path where the default is one, else the word as it is."""
    value = given or default
    return Path(value) if "/" in str(default) else value


def _show_record(options):
    from latentsampler.experiments.rerun import parts
    from latentsampler.runtime import records

    chapter = options.name.strip("/")
    if chapter.count("/"):
        record = records.read_record(*parts(chapter))
        print(json.dumps({name: record[name] for name in ("config", "metrics", "provenance")}, indent=1))
        return
    there = sorted(path.name for path in records.RESULTS.iterdir() if path.is_dir())
    if chapter and chapter not in there:
        raise FileNotFoundError(f"expected records of {', '.join(there)}, got {chapter!r}")
    for name in [chapter] if chapter else there:
        for found in records.read_records(name).values():
            for record in found:
                print(f"{record['id']:44s} {record['provenance'].get('seconds', 0):10.0f} s  "
                      f"{record['provenance'].get('commit', '')[:12]}")
