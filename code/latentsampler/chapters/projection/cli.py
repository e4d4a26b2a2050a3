"""The commands ``project train | unheard | name-axes | dissimilarity`` and ``benchmark projection``."""

from pathlib import Path

from latentsampler.experiments.train_command import add_train


def add_parser(commands):
    """Add the commands to the subcommands of a parser."""
    project = commands.add_parser("project", help="latent space <-> deep, bright, hard, dirty").add_subparsers(
        metavar="COMMAND", required=True)
    train = add_train(project, "train", "fit and measure a projection -> projection.pt", "projection", "projection.pt",
                      pauses=False)
    train.add_argument("--model", type=Path, required=True, help="model.pt")
    train.add_argument("--vocoder", type=Path, required=True, help="vocoder.pt")
    train.add_argument("--unheard", metavar="STORE", help="store of `project unheard`, to try the knobs on")
    train.set_defaults(extra=_parts)
    text = "notes of six instruments that nothing was trained on -> store"
    unheard = project.add_parser("unheard", help=text, description=text)
    unheard.add_argument("--out", type=Path, default=Path("build/unheard"), help="folder (default: %(default)s)")
    unheard.set_defaults(run=_unheard)
    _add_name_axes(project)
    _add_dissimilarity(project)


def _parts(options):
    return {"model": options.model, "vocoder": options.vocoder,
            **({"unheard": options.unheard} if options.unheard else {})}


def _unheard(options):
    from latentsampler.chapters.projection.unheard import build_unheard

    print(f"wrote {build_unheard(options.out)}")


def add_benchmarks(benchmarks):
    """Add the benchmark of this chapter to the subcommands of ``benchmark``."""
    text = "knobs measured on rendered notes: the chosen way (about 13 core-minutes), or all (about 30)"
    bench = benchmarks.add_parser("projection", help=text, description=text)
    bench.add_argument("--data", type=Path, default=Path("build/weights/notes"), help="store (default: %(default)s)")
    bench.add_argument("--model", type=Path, default=Path("patch/model.pt"), help="(default: %(default)s)")
    bench.add_argument("--vocoder", type=Path, default=Path("patch/vocoder.pt"), help="(default: %(default)s)")
    bench.add_argument("--unheard", type=Path, help="store of `project unheard`, to try the knobs on")
    bench.add_argument("--models", type=Path, default=Path("build/projection"),
                       help="folder of the models with axes of their own, trained when missing (default: %(default)s)")
    bench.add_argument("--all", action="store_true", help="compare all ways instead of the chosen one")
    bench.add_argument("--runs", nargs="+", metavar="RUN", help="compare these ways")
    bench.add_argument("--small", action="store_true", help="a tenth of the notes (not with --record)")
    bench.add_argument("--record", action="store_true",
                       help="write report/results/; what is there of the same config and files is not run again")
    bench.set_defaults(run=_benchmark)


def _benchmark(options):
    from latentsampler.chapters.projection.benchmark import benchmark
    from latentsampler.chapters.projection.experiment import RUNS

    if options.small and options.record:
        raise ValueError("--small changes the runs: a record would not be theirs; leave out one of the two")
    names = options.runs or (list(RUNS) if options.all else ["knobs"])
    if unknown := set(names) - set(RUNS):
        raise ValueError(f"expected runs of {', '.join(RUNS)}, got {', '.join(sorted(unknown))}")
    print(benchmark(options.data, options.model, options.vocoder, options.models, options.unheard, names,
                    options.small, options.record))


def _add_name_axes(project):
    text = "say in words what each control, principal and most-varying direction of a generative.pt does"
    name = project.add_parser("name-axes", help=text, description=text)
    name.add_argument("generative", type=Path, help="generative.pt, rewritten with the descriptions in it")
    name.add_argument("--notes", type=int, default=300, help="random points to play (default: %(default)s)")
    name.add_argument("--seed", type=int, default=0, help="of the points (default: %(default)s)")
    name.set_defaults(run=_name_axes)


def _name_axes(options):
    from latentsampler.chapters.projection.naming import write_descriptions

    for axis in write_descriptions(options.generative, options.notes, options.seed):
        shares = ", ".join(f"{name} {value:+.2f}" for name, value in axis["r2"].items())
        print(f"{axis['name']:16s} {axis['words']:24s} {shares}")


def _add_dissimilarity(project):
    text = "distance in the latent space against a human dissimilarity matrix"
    compare = project.add_parser("dissimilarity", help=text, description=text)
    compare.add_argument("sounds", type=Path, help="folder of the sounds that the matrix names")
    compare.add_argument("matrix", type=Path, help="csv: names across and down, larger numbers for less alike sounds")
    compare.add_argument("--model", type=Path, required=True, help="model.pt")
    compare.set_defaults(run=_dissimilarity)


def _dissimilarity(options):
    from latentsampler.evaluation.dissimilarity import compare

    figures = compare(options.sounds, options.matrix, options.model)
    print(f"Spearman over {figures.pop('pairs')} pairs")
    for name, value in figures.items():
        print(f"{name:12s} {value:+.3f}")
