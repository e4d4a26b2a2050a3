"""The commands ``train`` and ``benchmark divergences | transfer | ablations | labels``.

Contents
--------
add_parser       adds ``train`` to a parser's subcommands
add_benchmarks   adds the benchmarks
"""

import time
from pathlib import Path

from latentsampler.experiments.train_command import add_train

ROOT = Path(__file__).resolve().parents[4]
STORES = (ROOT / "build" / "weights" / "notes", ROOT / "build" / "toy")


def add_parser(commands):
    """Add the command to the subcommands of a parser."""
    add_train(commands, "train", "train an autoencoder -> model.pt", "autoencoder", "model.pt")


def add_benchmarks(benchmarks):
    """Add the benchmarks of this stage to the subcommands of ``benchmark``."""
    for name, work, text in (("divergences", _divergences, "every way to tie codes to a prior, under one budget"),
                             ("transfer", _transfer, "trained on one set of notes, tested on another"),
                             ("ablations", _ablations, "the default with one thing changed at a time"),
                             ("labels", _labels, "what unlabelled notes are worth when few have labels")):
        parser = benchmarks.add_parser(name, help=text, description=text)
        parser.add_argument("--soundfont", type=Path, default=STORES[0], help="a store of them (default: %(default)s)")
        parser.add_argument("--toy", type=Path, default=STORES[1], help="a store of them (default: %(default)s)")
        parser.add_argument("--small", action="store_true", help="one seed, few steps: minutes instead of an hour")
        parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 (default) for all cores")
        parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that sees the same folders")
        parser.add_argument("--folder", type=Path, default=ROOT / "build" / "benchmark", help="keeps what is done "
                            "(default: %(default)s)")
        parser.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
        parser.set_defaults(run=_benchmark, work=work)


def _benchmark(options):
    import torch

    torch.set_num_threads(1)
    begin = time.perf_counter()
    stores = (options.soundfont, options.toy)
    suffix = "-small" if options.small else ""
    record, text = options.work(options, stores, suffix)
    print(text)
    if options.record:
        print(f"recorded {record(seconds=time.perf_counter() - begin)}")


def _divergences(options, stores, suffix):
    from latentsampler.chapters.autoencoder.studies import benchmark, verdict

    setting = benchmark.SMALL if options.small else benchmark.RECORDED
    results = benchmark.run_benchmark(setting, stores, options.folder / f"divergences{suffix}", options.jobs,
                                      options.scheduler)
    record = benchmark.as_record(setting, results)

    def write(seconds):
        return benchmark.record_benchmark(setting, results, stores, seconds, benchmark.RUN + suffix)

    return write, verdict.table_divergences(record) + "\n\n" + verdict.reading(record)


def _transfer(options, stores, suffix):
    from latentsampler.chapters.autoencoder.studies import transfer
    from latentsampler.chapters.autoencoder.studies.notes import record_study

    setting = transfer.SMALL if options.small else transfer.RECORDED
    results = transfer.run_transfer(setting, stores, options.folder / f"transfer{suffix}", options.jobs,
                                    options.scheduler)

    def write(seconds):
        return record_study(setting, results, stores, seconds, transfer.RUN + suffix)

    return write, transfer.table_transfer({"metrics": results})


def _labels(options, stores, suffix):
    from latentsampler.chapters.autoencoder.studies import figures_labels, label_study

    setting = label_study.SMALL if options.small else label_study.RECORDED
    results = label_study.run_labels(setting, stores[0], options.folder / f"labels{suffix}", options.jobs,
                                     options.scheduler)

    def write(seconds):
        return label_study.record_labels(setting, results, stores[0], seconds, label_study.RUN + suffix)

    record = {"metrics": results, "config": {"percents": setting.percents}}
    return write, figures_labels.table_labels(record) + "\n\n" + figures_labels.goals(record)


def _ablations(options, stores, suffix):
    from latentsampler.chapters.autoencoder.studies import ablation_study as study
    from latentsampler.chapters.autoencoder.studies.notes import record_study

    setting = study.SMALL if options.small else study.RECORDED
    results = study.run_ablations(setting, stores, options.folder / f"ablations{suffix}", options.jobs,
                                  options.scheduler)

    def write(seconds):
        return record_study(setting, results, stores, seconds, study.RUN + suffix)

    return write, study.table_ablations({"config": {"seeds": setting.seeds}, "metrics": results})
