"""The commands ``assignment build | morph`` and ``benchmark assignment | assignment-gradient``."""

import json
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
PLACE = "build/assignment"


def add_parser(commands):
    """Add the commands to the subcommands of a parser."""
    assignment = commands.add_parser("assignment", help="distance matrices <-> assignments").add_subparsers(
        metavar="COMMAND", required=True)
    text = "draw matrices -> a folder for --data"
    build = assignment.add_parser("build", help=text, description=text)
    build.add_argument("--source", required=True, metavar="SPEC", help="such as generated:size=10,seed=5,count=4000")
    build.add_argument("--out", type=Path, required=True, help="folder to write")
    build.set_defaults(run=_build)
    text = "sounds between two, whose partials are matched and glide"
    morph = assignment.add_parser("morph", help=text, description=text)
    morph.add_argument("first", type=Path, help="sound file")
    morph.add_argument("second", type=Path, help="sound file")
    morph.add_argument("--steps", type=_steps, default=8, help="sounds, both ends included (default: %(default)s)")
    morph.add_argument("--out", type=Path, default=Path("build/morph"), help="folder (default: %(default)s)")
    morph.add_argument("--layer", type=Path, metavar="FILE",
                       help="assignment.pt that matches (default: min-sum messages, which need no training)")
    morph.add_argument("--model", type=Path, help="model.pt: the line through its latent space, too")
    morph.add_argument("--vocoder", type=Path, help="vocoder.pt of that line")
    morph.set_defaults(run=_morph)


def _steps(text):
    if not text.isdigit() or int(text) < 2:
        raise ValueError(f"expected at least 2 steps, got {text}")
    return int(text)


def add_benchmarks(benchmarks):
    """Add the benchmarks of this chapter to the subcommands of ``benchmark``."""
    text = "networks and solvers on the same matrices, at sizes 2 to 20 (about 3 core-minutes)"
    methods = benchmarks.add_parser("assignment", help=text, description=text)
    methods.add_argument("--models", type=Path, default=ROOT / PLACE, metavar="FOLDER",
                         help=f"networks, a file each, named as their runs (default: {PLACE})")
    methods.add_argument("--published", type=Path, metavar="NPZ", help="the published checkpoint's arrays")
    methods.set_defaults(run=_methods)
    text = "a localiser trained through each way of matching (about 3 core-minutes)"
    gradient = benchmarks.add_parser("assignment-gradient", help=text, description=text)
    gradient.add_argument("--hungarian", type=Path, help="a HungarianNet of 3 directions")
    gradient.add_argument("--ours", type=Path, help="a MessageNet")
    gradient.add_argument("--seeds", type=int, default=3, help="(default: %(default)s)")
    gradient.set_defaults(run=_gradient)
    for parser in (methods, gradient):
        parser.add_argument("--small", action="store_true", help="a tenth of it, to see that it works")
        parser.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")


def _build(options):
    from latentsampler.chapters.assignment.data import build

    print(f"wrote {build(options.source, options.out)}")


def _morph(options):
    from latentsampler.chapters.assignment import morph
    from latentsampler.chapters.assignment.experiment import load
    from latentsampler.chapters.assignment.solvers import SOLVERS

    if (options.model is None) != (options.vocoder is None):
        raise ValueError("expected --model and --vocoder together, got one of the two")
    layer, size = load(options.layer) if options.layer else (SOLVERS["min-sum x 24"], 0)
    if size:
        raise ValueError(f"expected a network of any size for --layer, got one of size {size}")
    line = morph.latent_line(options.model, options.vocoder) if options.model else None
    report = morph.morph_files(options.first, options.second, options.out, layer, options.steps, line)
    print(f"{report.pop('pairs')} pairs of partials")
    for name, figures in report.items():
        print(f"{name:10s} largest step {figures['largest_jump']:.2f} of the way; strongest partial at "
              + " ".join(f"{hz:.0f}" for hz in figures["strongest_hz"]) + " Hz")
    print(f"wrote {options.out}")


def _record(name, setting, metrics, timings, begin, inputs):
    from latentsampler.runtime import records

    origin = {**records.provenance(time.perf_counter() - begin, "drawn", inputs=inputs), "timings": timings}
    print(f"recorded {records.write_record('assignment-benchmark', name, 0, setting, metrics, [], origin)}")


def _checked(options):
    if options.small and options.record:
        raise ValueError("--small changes the study: a record would not be its; leave out one of the two")
    return time.perf_counter()


def _methods(options):
    from latentsampler.chapters.assignment import studies

    begin = _checked(options)
    studies.one_thread()
    files = {path.stem: path for path in sorted(options.models.glob("*.pt"))}
    if options.published:
        files["published"] = options.published
    setting = studies.small(studies.METHODS) if options.small else studies.METHODS
    metrics, timings = studies.compare_methods(setting, files)
    metrics["morph"] = studies.compare_morphs()
    for size in setting.sizes:
        print(f"size {size}\n{studies.table(metrics, timings, size)}")
    print(json.dumps({"margin": metrics["margin"], "morph": metrics["morph"]}, indent=1))
    if options.record:
        _record("methods", setting, metrics, timings, begin, files)


def _gradient(options):
    from latentsampler.chapters.assignment import localiser, studies

    begin = _checked(options)
    studies.one_thread()
    setting = studies.small(localiser.SETTING) if options.small else localiser.SETTING
    matches = studies.ways(options.hungarian, options.ours)
    metrics, timings = studies.run_gradient(matches, options.seeds, setting)
    if options.record:
        files = {"HungarianNet": options.hungarian, "MessageNet": options.ours}
        _record("gradient", setting, metrics, timings, begin, {name: path for name, path in files.items() if path})
