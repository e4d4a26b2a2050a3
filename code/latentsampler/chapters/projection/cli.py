"""The commands ``project held-out | name-axes | dissimilarity``."""

from pathlib import Path


def add_parser(commands):
    """Add the commands to the subcommands of a parser."""
    project = commands.add_parser("project", help="latent space <-> deep, bright, hard, dirty").add_subparsers(
        metavar="COMMAND", required=True)
    text = "notes of six instruments that nothing was trained on -> store"
    held_out = project.add_parser("held-out", help=text, description=text)
    held_out.add_argument("--out", type=Path, default=Path("build/held-out"), help="folder (default: %(default)s)")
    held_out.set_defaults(run=_held_out)
    _add_name_axes(project)
    _add_dissimilarity(project)


def _held_out(options):
    from latentsampler.chapters.projection.held_out import build_held_out

    print(f"wrote {build_held_out(options.out)}")


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
