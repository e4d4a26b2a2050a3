"""The commands ``export`` and ``render``."""

import math
import re
from pathlib import Path

from latentsampler.runtime.files import check_output, written_whole

NUMBER = re.compile(r"^-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$|^-(inf|nan)$")


def add_parser(commands):
    """Add the commands to the subcommands of a parser."""
    _add_export(commands)
    _add_render(commands)


def _add_export(commands):
    export = commands.add_parser("export", help="model.pt + vocoder.pt -> generative.pt")
    export.add_argument("--model", type=Path, required=True, help="model.pt, or a registered models:/NAME@ALIAS")
    export.add_argument("--vocoder", type=Path, required=True, help="vocoder.pt, or a registered one")
    export.add_argument("--controls", choices=("latent", "knobs"), default="latent",
                        help="what the controls mean; knobs are deep, bright, hard and dirty")
    export.add_argument("--projection", type=Path, help="projection.pt of this model and vocoder, for --controls knobs")
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
    render.add_argument("--outside", action="store_true", help="allow values outside the ranges of the controls")
    render.add_argument("--out", type=Path, default=Path("note.wav"), help="wav to write (default: %(default)s)")
    render._negative_number_matcher = NUMBER  # argparse takes -1e-3 for an option
    render.set_defaults(run=_render)


def _export(options):
    from latentsampler.chapters.instrument import generative, grid, knobs
    from latentsampler.experiments.registry import model_file

    for path in (options.out, options.grid):
        if path is not None:
            check_output(path)
    options.model, options.vocoder = model_file(options.model), model_file(options.vocoder)
    if options.controls == "knobs":
        if options.projection is None or options.reduce is not None:
            raise ValueError("expected --projection and no --reduce with --controls knobs; make a projection.pt with "
                             "`train projection/knobs`")
        metadata = knobs.assemble(options.model, options.vocoder, options.projection, options.out)
    else:
        metadata = generative.assemble(options.model, options.vocoder, options.out, options.reduce)
    for control in metadata["controls"]:
        print("{name:8s} {min:8.3f} .. {max:8.3f} {unit}, default {default:.3f}".format(**control))
    print(f"wrote {options.out} ({options.out.stat().st_size / 1e6:.1f} MB)")
    if options.data:
        from latentsampler.data.store import NoteDataset

        dataset = NoteDataset(options.data)
        path = (knobs.write_map(options.projection, dataset, options.out) if options.controls == "knobs"
                else generative.write_map(options.model, dataset, options.out, options.reduce))
        print(f"wrote {path}")
    if options.grid:
        print(f"wrote {options.grid} and {grid.write_grid(options.out, options.grid, sample_rate=11025)}")


def _render(options):
    import soundfile

    from latentsampler.chapters.instrument import generative, walk

    check_output(options.out)
    module, metadata = generative.load_generative(options.generative)
    _check_point(options.point, metadata["controls"], options.outside)
    note = walk.render_points(module, metadata, [options.point])[0] if options.point else walk.render_points(
        module, metadata, generative.with_defaults(metadata, []))[0]
    with written_whole(options.out) as partial:
        soundfile.write(partial, note, metadata["sample_rate"])
    print(f"wrote {options.out}: {metadata['n_samples'] / metadata['sample_rate']:.2f} s, peak {abs(note).max():.3f}")


def _check_point(values, controls, outside):
    """Raise ValueError for a value that is no number, or outside its control's range."""
    for value, control in zip(values, controls if len(values) <= len(controls) else (), strict=False):
        low, high = control["min"], control["max"]
        if not math.isfinite(value) or not (outside or low - 1e-6 <= value <= high + 1e-6):
            raise ValueError(f"expected {control['name']} of {low:g} to {high:g} {control['unit']}, got {value:g}"
                             + ("" if not math.isfinite(value) else "; --outside allows it"))
