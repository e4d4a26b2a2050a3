"""The commands ``assignment build | morph``."""

from pathlib import Path


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
