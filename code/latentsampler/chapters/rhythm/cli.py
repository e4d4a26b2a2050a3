"""The commands ``rhythm build``, ``vary``, ``humanise``, ``morph`` and ``drums``."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
KNOBS = ("density", "syncopation", "balance", "swing", "dynamics", "snare")


def add_parser(commands):
    """Add the command to the subcommands of a parser."""
    text = "drum patterns: build a store, vary, humanise and morph beats"
    rhythm = commands.add_parser("rhythm", help=text, description=text).add_subparsers(metavar="COMMAND", required=True)
    build = rhythm.add_parser("build", help="a folder of MIDI files -> a store of two-bar patterns")
    build.add_argument("--source", required=True,
                       help="a folder of MIDI files, or of Groove (with info.csv); 'groove': see --groove")
    build.add_argument("--groove", type=Path, default=ROOT / "data" / "groove",
                       help="where the Groove MIDI Dataset is unpacked (default: data/groove)")
    build.add_argument("--out", type=Path, required=True, help="folder of the store; must be new or empty")
    build.set_defaults(run=_build)
    vary = _tool(rhythm, "vary", "the same beat with other knob settings", ("source",))
    for name in KNOBS:
        vary.add_argument(f"--{name}", type=float, metavar="SHARE", help="0..1, a quantile of Groove's patterns")
    vary.add_argument("--free", action="store_true",
                      help="write what the model decodes, not the beat with the difference applied")
    vary.set_defaults(run=_vary)
    human = _tool(rhythm, "humanise", "a straight beat with velocities and timing as played", ("source",))
    human.add_argument("--amount", type=float, default=1.0, metavar="SHARE", help="0..1 (default: 1)")
    human.set_defaults(run=_humanise)
    morph = _tool(rhythm, "morph", "the patterns between two beats", ("first", "second"))
    morph.add_argument("--steps", type=int, default=5, help="patterns, both ends included (default: 5)")
    morph.set_defaults(run=_morph)
    page = rhythm.add_parser("page", help="rhythm.pt and drums.pt -> what the book's page plays")
    for name in ("rhythm", "drums"):
        page.add_argument(f"--{name}", type=Path, default=ROOT / "patch" / f"{name}.pt",
                          help=f"(default: patch/{name}.pt)")
    page.add_argument("--out", type=Path, default=ROOT / "book" / "web" / "rhythm" / "model.js",
                      help="(default: book/web/rhythm/model.js)")
    page.set_defaults(run=_page)
    drums = rhythm.add_parser("drums", help="a folder of drum one-shots -> drums.pt, and its points in rhythm.pt")
    drums.add_argument("--source", type=Path, required=True, help="folder with drums.csv and audio/")
    drums.add_argument("--out", type=Path, required=True, help="the drums.pt to write")
    drums.add_argument("--rhythm", type=Path, help="a rhythm.pt to which the points of the voices are added")
    drums.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    drums.set_defaults(run=_drums)


def _tool(rhythm, name, text, sources):
    parser = rhythm.add_parser(name, help=text, description=text)
    for source in sources:
        parser.add_argument(source, type=Path, help="a MIDI file")
    parser.add_argument("--out", type=Path, required=True, help="the MIDI file to write")
    parser.add_argument("--model", type=Path, default=ROOT / "patch" / "rhythm.pt", help="(default: patch/rhythm.pt)")
    return parser


def _build(options):
    from latentsampler.chapters.rhythm import data

    folder = options.groove if options.source == "groove" else Path(options.source)
    found = data.read_folder(folder)
    data.save(found, options.out)
    counts = {split: len(found.indices(split)) for split in data.SPLITS}
    print(f"{len(found)} windows of {found.counts['files']} files in {options.out}; from bar to bar: {counts}")
    print(f"rejected {len(found.rejected)} files, see {options.out / 'rejected.csv'}")
    for path, reason in found.rejected[:10]:
        print(f"  {path}: {reason}")


def _vary(options):
    from latentsampler.chapters.rhythm.vary import vary

    knobs = {name: value for name in KNOBS if (value := getattr(options, name)) is not None}
    _print(vary(options.model, options.source, options.out, knobs, not options.free))


def _humanise(options):
    from latentsampler.chapters.rhythm.vary import humanise

    _print(humanise(options.model, options.source, options.out, options.amount))


def _print(report):
    for name, (before, after) in report.items():
        print(f"{name:12s} {before:8.3f} -> {after:8.3f}")


def _morph(options):
    from latentsampler.chapters.rhythm.vary import morph

    for name, values in morph(options.model, options.first, options.second, options.out, options.steps).items():
        print(f"{name:12s} " + " ".join(f"{value:8.3f}" for value in values))


def _page(options):
    from latentsampler.chapters.rhythm import page

    print(f"{page.write(options.rhythm, options.drums, options.out)}: "
          f"{options.out.stat().st_size / 1e6:.2f} MB")


def _drums(options):
    from latentsampler.chapters.rhythm import drums

    drums.command(options)
