"""The commands ``chords build | continue | replace | play | page``.

Contents
--------
add_parser   adds them to a parser's subcommands
"""

from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[4] / "patch" / "chords.pt"


def add_parser(commands):
    """Add the commands to the subcommands of a parser."""
    chords = commands.add_parser("chords", help="progressions: data, continuations, arpeggios").add_subparsers(
        metavar="COMMAND", required=True)
    _add_build(chords)
    text = "what follows some chords"
    follow = chords.add_parser("continue", help=text, description=text)
    _add_text(follow)
    follow.add_argument("--bars", type=int, default=4, help="how many to add (default: %(default)s)")
    follow.add_argument("--key", default="", help="such as Eb or Cm (default: not known)")
    follow.add_argument("--temperature", type=float, default=0.8, help="0 takes the likeliest (default: %(default)s)")
    follow.set_defaults(run=_continue)
    text = "four bars with some of them drawn anew; the others stay"
    other = chords.add_parser("replace", help=text, description=text)
    _add_text(other)
    other.add_argument("--bar", type=int, action="append", required=True, help="1 to 4; may be given again")
    other.set_defaults(run=_replace)
    text = "chords as an arpeggio: MIDI and MusicXML"
    play = chords.add_parser("play", help=text, description=text)
    play.add_argument("chords", help="such as 'Dm7 G7 | Cmaj7', a bar between two |")
    _add_arpeggio(play)
    play.set_defaults(run=_play)
    text = "the progressions of a chords.pt for the page of the book"
    page = chords.add_parser("page", help=text, description=text)
    page.add_argument("--model", type=Path, default=SHIPPED, help="a chords.pt (default: patch/chords.pt)")
    page.add_argument("--out", type=Path, default=SHIPPED.parents[1] / "book" / "web" / "chords" / "progressions.js",
                      help="file to write (default: book/web/chords/progressions.js)")
    page.set_defaults(run=_page)


def _add_build(chords):
    text = "a folder of songs from sources"
    build = chords.add_parser("build", help=text, description=text)
    build.add_argument("--source", required=True, action="append", metavar="NAME",
                       help="realbook, pop909, music21, folder (.xlab, MusicXML, iReal), or songs: what this command "
                       "has written; may be given again")
    build.add_argument("--data", action="append", default=[], metavar="PATH",
                       help="where the source's files lie, in the order of --source (music21 needs none)")
    build.add_argument("--out", type=Path, required=True, help="folder to write")
    build.set_defaults(run=_build)


def _add_text(parser):
    parser.add_argument("chords", help="such as 'Dm7 G7 Cmaj7', a bar each, or 'Dm7 G7 | Cmaj7'")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="a chords.pt (default: patch/chords.pt)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default: %(default)s)")
    parser.add_argument("--midi", type=Path, help="write all of it as an arpeggio, too")


def _add_arpeggio(parser):
    parser.add_argument("--midi", type=Path, help="MIDI file to write")
    parser.add_argument("--musicxml", type=Path, help="MusicXML file to write (extra: music)")
    parser.add_argument("--pattern", default="up", help="(default: %(default)s)",
                        choices=("up", "down", "up-down", "random", "alberti", "chord", "strum"))
    parser.add_argument("--bpm", type=float, default=100.0, help="beats a minute (default: %(default)s)")
    for name, kind, default in (("rate", int, 2), ("octaves", int, 1), ("gate", float, 0.8), ("swing", float, 0.0),
                                ("accent", float, 0.5), ("leap", float, 7), ("bass", float, 0.7), ("seed", int, 0)):
        parser.add_argument(f"--{name}", type=kind, default=default, help="(default: %(default)s)")


def _build(options):
    from latentsampler.chapters.chords.sources import build

    paths = iter(options.data)
    pairs = [(name, next(paths, None) if name != "music21" else None) for name in options.source]
    if missing := [name for name, path in pairs if name != "music21" and path is None]:
        raise ValueError(f"expected one --data for each --source but music21, got none for {', '.join(missing)}")
    count, rejected = build(pairs, options.out)
    for name, reason in rejected:
        print(f"rejected {name}: {reason}")
    print(f"wrote {options.out}: {count} songs, {len(rejected)} files rejected")


def _continue(options):
    from latentsampler.chapters.chords.generating import continue_chords, read_text, write_text
    from latentsampler.chapters.chords.songs import key_of
    from latentsampler.contract.export import load_scripted

    if options.bars < 1:
        raise ValueError(f"expected --bars of at least 1, got {options.bars}")
    symbols = read_text(options.chords)
    more = continue_chords(load_scripted(options.model)[0], symbols, options.bars, key_of(options.key),
                           options.temperature, options.seed)
    print(write_text(more))
    _write(options, symbols + more)


def _replace(options):
    from latentsampler.chapters.chords.generating import read_text, replace_bars, write_text
    from latentsampler.contract.export import load_scripted

    symbols = replace_bars(load_scripted(options.model)[0], read_text(options.chords), options.bar, options.seed)
    print(write_text(symbols))
    _write(options, symbols)


def _write(options, symbols):
    if options.midi:
        from latentsampler.chapters.chords.arpeggio import arpeggiate
        from latentsampler.chapters.chords.notation import write_midi

        write_midi(arpeggiate(symbols), options.midi)
        print(f"wrote {options.midi}")


def _play(options):
    from latentsampler.chapters.chords.arpeggio import SETTINGS, arpeggiate
    from latentsampler.chapters.chords.generating import read_text
    from latentsampler.chapters.chords.notation import write_midi, write_musicxml

    if not options.midi and not options.musicxml:
        raise ValueError("expected --midi FILE or --musicxml FILE, got neither")
    symbols = read_text(options.chords)
    notes = arpeggiate(symbols, **{row[0]: getattr(options, row[0]) for row in SETTINGS})
    if options.midi:
        write_midi(notes, options.midi, options.bpm)
    if options.musicxml:
        write_musicxml(symbols, options.musicxml, notes)
    for path in filter(None, (options.midi, options.musicxml)):
        print(f"wrote {path}: {len(notes)} notes")


def _page(options):
    from latentsampler.chapters.chords.page import write_page
    from latentsampler.contract.export import load_scripted

    write_page(load_scripted(options.model)[0], options.out)
    print(f"wrote {options.out}")
