"""The commands ``dataset build | list | check | show``.

Contents
--------
add_parser   adds them to a parser's subcommands
open_source  what ``--source`` means
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from latentsampler.data.arrays import Store, find_stores
from latentsampler.data.store import NoteDataset

SOURCE_HELP = ("soundfont (a General MIDI SoundFont of this computer), toy (synthesised into OUT/toy), tinysol "
               "(downloaded into OUT/TinySOL), a .sf2 file, or a folder of sounds: toy, TinySOL, OrchideaSOL, "
               "SOL_0.9_HQ, NSynth json-wav, or any wav, flac, aiff, mp3, ogg with or without a table (csv, tsv), "
               "or that table")
FEWEST = 16  # notes, below which a tenth to measure on is one or none
LISTEN = 24  # notes after a build: some seconds


def add_parser(commands):
    """Add the command ``dataset`` and its own to the subcommands of a parser."""
    dataset = commands.add_parser("dataset", help="notes -> annotated mels on disk").add_subparsers(
        metavar="COMMAND", required=True)
    build = dataset.add_parser("build", help="read, prepare and analyse notes; a killed build goes on where it was")
    build.add_argument("--source", required=True, help=SOURCE_HELP)
    build.add_argument("--out", type=Path, required=True, help="folder that gets the store")
    build.add_argument("--jobs", type=int, default=-1, help="processes; -1 (default) for all cores")
    build.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that sees the same folders")
    build.set_defaults(run=_build)
    listing = dataset.add_parser("list", help="the stores of a folder")
    listing.add_argument("folder", type=Path)
    listing.set_defaults(run=_list)
    check = dataset.add_parser("check", help="compare a store with its checksum, its mels, and pitches with sounds")
    check.add_argument("store", type=Path)
    check.add_argument("--pitches", type=int, default=50, metavar="N", help="notes to listen to (default: 50)")
    check.set_defaults(run=_check)
    show = dataset.add_parser("show", help="what is in a store, as text and as two pictures")
    show.add_argument("store", type=Path)
    show.add_argument("--out", type=Path, help="folder for mels.png and map.png")
    show.set_defaults(run=_show)


def open_source(text, folder):
    """Return the note source that ``--source`` names.

    Parameters
    ----------
    text : str
        A word or a path, see ``SOURCE_HELP``.
    folder : pathlib.Path
        Gets what must be synthesised or downloaded first.

    Returns
    -------
    object
        A note source (see ``build``).

    Raises
    ------
    FileNotFoundError
        If ``text`` is neither a word nor an existing path.
    """
    from latentsampler.data import sources
    from latentsampler.data.soundfont import SoundFontSource
    from latentsampler.data.tables import ENDINGS

    makers = {"soundfont": SoundFontSource, "toy": lambda: _toy(folder / "toy"),
              "tinysol": lambda: sources.tinysol(folder / "TinySOL")}
    if text in makers:
        return makers[text]()
    path = Path(text)
    if path.is_dir():
        return sources.from_folder(path)
    if path.suffix.lower() == ".sf2":
        return SoundFontSource(path)
    if path.suffix.lower() in ENDINGS and path.is_file():
        return sources.from_table(path.parent, path)
    raise FileNotFoundError(f"expected {', '.join(makers)}, a .sf2 file, a folder or a table in it, got {text!r}")


def _toy(folder):
    from latentsampler.data import sources

    if not (folder / "notes.csv").is_file():
        script = Path(__file__).resolve().parents[3] / "toy" / "make_toy.py"
        subprocess.run([sys.executable, str(script), "--out", str(folder)], check=True)
    return sources.from_table(folder)


def _build(options):
    from latentsampler.data.build import build_store
    from latentsampler.runtime.parallel import cluster

    source = open_source(options.source, options.out)
    with cluster(options.scheduler):
        store = build_store(source, options.out, n_jobs=options.jobs)
    dataset = NoteDataset(store)
    print(f"{len(dataset)} notes, {dataset.info['rejected']} rejected (see {store / 'rejected.csv'})")
    for remark in _remarks(dataset):
        print(remark, file=sys.stderr)
    print(store)


def _remarks(dataset):
    """Yield what a user should know of a store before training on it, a line each."""
    from latentsampler.data.check import disagreement, listen_to

    if len(dataset) < FEWEST:
        yield f"few notes: got {len(dataset)}; what is trained on less than {FEWEST} is measured on next to nothing"
    estimated = sum(row.get("Pitch source") == "estimate" and row["Pitch"] != "" for row in dataset.rows)
    if estimated:
        yield f"no label: {estimated} of {len(dataset)} pitches are estimated, marked so in the column \"Pitch source\""
    if dataset.info["source"]["source"] != "soundfont":  # which plays what it is asked for
        line = disagreement(listen_to(dataset, LISTEN))
        if line:
            yield line


def _list(options):
    stores = find_stores(options.folder)
    for path in stores:
        store = Store(path)
        made_from = store.info.get("source")
        made_from = made_from["source"] if isinstance(made_from, dict) else made_from or "unknown source"
        mel = store.info.get("mel")
        what = (f"mel {mel['n_mels']} x {mel['n_frames']} at {mel['sample_rate']} Hz" if mel
                else ", ".join(store.fields))
        print(f"{path}  {made_from}: {len(store)} {'notes' if mel else 'items'}, {store.info['rejected']} rejected, "
              f"{what}")
    if not stores:
        print(f"no store in {options.folder}")


def _check(options):
    from latentsampler.data.check import NEAR, disagreement, listen_to
    from latentsampler.data.extract import extract

    dataset = NoteDataset(options.store)
    intact = Store(dataset.path).is_intact()
    chosen = np.random.default_rng(0).permutation(len(dataset))[:options.pitches]
    again = extract(np.array(dataset.waveforms[chosen]), dataset.mel_config)
    same = bool(np.allclose(again, dataset.mels[chosen], rtol=1e-4, atol=1e-6))
    print(f"checksum: {'as built' if intact else 'CHANGED'}; mels of {len(chosen)} notes: "
          f"{'those of their waveforms' if same else 'NOT those of their waveforms'}")
    notes = listen_to(dataset, options.pitches)
    off = [note for note in notes if not abs(note.cents) <= NEAR]  # also where nothing is heard: NaN
    for note in off:
        row = dataset.rows[note.index]
        print(f"  {row['Path']}: labelled {row['Pitch']}, heard {note.hz:.1f} Hz ({note.cents:+.0f} cents)")
    print(f"pitch: {len(off)} of {len(notes)} labelled notes further than {NEAR:.0f} cents from their label, by pYIN")
    print(disagreement(notes) or "labels agree with the sound")
    return 0 if intact and same else 1


def _show(options):
    dataset = NoteDataset(options.store)
    print(f"{len(dataset)} notes, {dataset.info['rejected']} rejected, from {dataset.info['source']['source']}")
    for name in ("Family", "Instrument (in full)", "Technique (in full)", "Dynamics"):
        counts = Counter(value or "-" for value in dataset.column(name)).most_common(16)
        print(f"  {name}: " + ", ".join(f"{value} {count}" for value, count in counts))
    pitch = dataset.pitch[~dataset.pitch.isnan()]
    if len(pitch):
        print(f"  Pitch: {len(pitch)} notes from {pitch.min():.0f} to {pitch.max():.0f} (MIDI note numbers)")
    if options.out:
        from latentsampler.data.figures import figure_mels, figure_pitch_map

        options.out.mkdir(parents=True, exist_ok=True)
        figure_mels(dataset).savefig(options.out / "mels.png", dpi=150)
        figure_pitch_map(dataset).savefig(options.out / "map.png", dpi=150)
        print(f"{options.out / 'mels.png'}, {options.out / 'map.png'}")
