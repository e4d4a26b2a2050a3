"""The commands ``train``, ``measure``, ``study``, ``record``, ``ablate``, ``rerun``, ``search`` and ``track``.

Contents
--------
add_parser   adds them to a parser's subcommands
"""

import json
import tempfile
import time
from pathlib import Path

from latentsampler.experiments import arguments, training_cli


def add_parser(commands):
    """Add the commands to the subcommands of a parser."""
    training_cli.add_commands(commands)
    _add_ablate(commands)
    _add_rerun(commands)
    _add_search(commands)
    _add_track(commands)


def _add_ablate(commands):
    text = "a run and its named deltas over seeds: what each changes, with intervals"
    ablate = commands.add_parser("ablate", help=text, description=text, allow_abbrev=False)
    arguments.add_run(ablate)
    ablate.add_argument("--deltas", metavar="A,B", help="entries of the chapter's ABLATIONS or RUNS (default: all of "
                        "ABLATIONS[RUN])")
    ablate.add_argument("--seeds", type=arguments.positive, default=3, metavar="N", help="of every run (default: 3)")
    ablate.add_argument("--steps", type=arguments.positive, help="optimiser steps, instead of the runs' own")
    ablate.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    arguments.add_jobs(ablate, "build/ablation")
    ablate.set_defaults(run=_ablate)


def _add_rerun(commands):
    text = "a recorded run again: says number by number whether it agrees"
    rerun = commands.add_parser("rerun", help=text, description=text, allow_abbrev=False)
    rerun.add_argument("name", metavar="CHAPTER/RUN/seedK", help="a record below report/results/")
    rerun.add_argument("--data", type=Path, help="its notes (default: the store with the recorded checksum, below "
                       "build/ or data/)")
    arguments.add_input(rerun)
    rerun.add_argument("--steps", type=arguments.positive, metavar="N", help="only the first N; only the history is "
                       "compared")
    rerun.add_argument("--source", choices=("current", "recorded"), default="current",
                       help="today's source, or the package as the recorded commit has it (default: %(default)s)")
    rerun.add_argument("--tolerance", type=float, default=0.0, metavar="X", help="largest relative difference that "
                       "counts as close, for another machine or other versions (default: %(default)s)")
    rerun.add_argument("--out", type=Path, help="keep the model in this file")
    rerun.set_defaults(run=_rerun)


def _add_search(commands):
    text = "many short runs over fields of a run's Config; the hopeless end early"
    search = commands.add_parser("search", help=text, description=text, allow_abbrev=False)
    arguments.add_run(search)
    search.add_argument("--space", type=Path, metavar="FILE", help='JSON: {"schedule.learning_rate": ["log", 1e-4, '
                        '1e-2], ...} (default: the chapter\'s SEARCH)')
    search.add_argument("--trials", type=arguments.positive, default=30, metavar="N", help="of the study (default: 30)")
    search.add_argument("--steps", type=arguments.positive, help="optimiser steps of a trial, instead of the run's own")
    search.add_argument("--seed", type=arguments.seed, default=0, help="of runs and proposals (default: %(default)s)")
    search.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    arguments.add_jobs(search, "build/search")
    search.set_defaults(run=_search)


def _add_track(commands):
    text = "records in MLflow (the extra tracking; build/mlflow, or the server of MLFLOW_TRACKING_URI)"
    track = commands.add_parser("track", help=text, description=text).add_subparsers(metavar="COMMAND", required=True)
    track.add_parser("records", help="log all records that are not there yet").set_defaults(run=_track_records)
    track.add_parser("models", help="what is registered").set_defaults(run=_track_models)
    register = track.add_parser("register", help="a model file as the next version of a name; `export` takes "
                                "models:/NAME@ALIAS")
    register.add_argument("file", type=Path, help="model.pt, vocoder.pt or generative.pt")
    register.add_argument("--name", required=True, help="of the model")
    register.add_argument("--of", required=True, metavar="CHAPTER/RUN/seedK", help="the record of its run")
    register.add_argument("--alias", help="that shall point to this version, such as champion")
    register.set_defaults(run=_track_register)


def _inputs(options):
    """Return the files of other chapters that were named: argument of ``run`` -> path."""
    from latentsampler.experiments.chapters import find_experiment

    takes = getattr(find_experiment(options.name.removeprefix("report/results/").split("/")[0]), "INPUTS", {})
    return {**dict(options.input), **arguments.read_options(options.rest, takes)[0]}


def _seconds(options):
    return None if options.minutes is None else 60.0 * options.minutes


def _ablate(options):
    from latentsampler.experiments import ablation

    begin = time.perf_counter()
    what = ablation.plan(options.name, options.deltas.split(",") if options.deltas else None, options.seeds,
                         options.steps, _inputs(options))
    results = ablation.run_ablation(what, options.data, options.folder, options.jobs, options.scheduler,
                                    _seconds(options), options.device)
    print(ablation.table(*ablation.as_record(what, results)[:2]))
    missing = len(what.configs) * len(what.seeds) - len(results)
    if missing:
        print(f"{missing} runs did not fit into the budget; the same command goes on with them")
    if options.record:
        if missing:
            raise ValueError("expected all runs for a record; run the same command again, or ask for fewer seeds")
        seconds = time.perf_counter() - begin
        print(f"recorded {ablation.record(what, results, options.data, seconds, options.device)}")


def _search(options):
    from latentsampler.experiments import chapters, search
    from latentsampler.runtime import records

    begin = time.perf_counter()
    space = json.loads(options.space.read_text(encoding="utf-8")) if options.space else None
    what = search.plan(options.name, space, options.steps, options.seed, _inputs(options))
    study = search.run_search(what, options.data, options.folder, options.trials, options.jobs, options.scheduler,
                              _seconds(options))
    config, metrics, history = search.as_record(what, study)
    print(f"{metrics['complete']} trials complete, {metrics['pruned']} pruned, {metrics['failed']} failed")
    if "best" in metrics:
        print(f"best trial {metrics['best_trial']}: valid {metrics['best_valid']:.4g}, {metrics['best']}")
    if options.record:
        checksum = chapters.open_data(what.chapter, options.data).checksum
        origin = records.provenance(time.perf_counter() - begin, checksum, options.device, what.inputs)
        print("recorded", records.write_record("search", f"{what.chapter}-{what.run}", what.seed, config, metrics,
                                               history, origin))


def _track_records(_):
    from latentsampler.experiments import tracking

    client = tracking.connect()
    for name, new in tracking.log_all(client).items():
        print(f"{name}: {'logged' if new else 'there already'}")
    print(f"to compare them: pip install mlflow (not an extra: it is large), then mlflow ui --backend-store-uri "
          f"{client.tracking_uri}")


def _track_models(_):
    from latentsampler.experiments import registry, tracking

    for name, numbers in registry.versions(tracking.connect()).items():
        for number, told in sorted(numbers.items()):
            print(f"models:/{name}/{number}  {told['record']}  {told['sha256'][:12]}  {' '.join(told['aliases'])}")


def _track_register(options):
    from latentsampler.experiments import registry, tracking

    version = registry.register(tracking.connect(), options.file, options.name, options.of, options.alias)
    print(f"models:/{options.name}/{version}" + (f" = models:/{options.name}@{options.alias}" if options.alias else ""))


def _rerun(options):
    import torch

    from latentsampler.experiments import reproducibility, rerun
    from latentsampler.runtime.records import read_record

    torch.set_num_threads(1)
    record = read_record(*rerun.parts(options.name))
    changed = rerun.changed_environment(record)
    print("\n".join(changed or ["source, versions, machine and config are those of the record"]))
    data = options.data or rerun.find_store(record["provenance"]["dataset"])
    with tempfile.TemporaryDirectory() as folder:
        out = options.out or Path(folder) / "model.pt"
        numbers = rerun.rerun(record, data, out, options.steps, options.source, _inputs(options),
                              options.tolerance)
    print(reproducibility.table(numbers))
    return int(any(number.outcome == "DIFFERS" for number in numbers))
