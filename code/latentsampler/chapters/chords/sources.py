"""Where chords come from -> a folder of songs (``songs.csv``, ``chords.csv``).

Conventions
-----------
* A source is ``read_*(path) -> list of Record``; a file that cannot be read is listed with its reason, and the rest
  goes on.
* Chords are counted in whole beats; what is shorter joins the beat that it fills most.

Contents
--------
Record            a song as rows
SOURCES           name -> reader
read_folder       a user's .xlab, MusicXML and iReal files
write_songs       records -> folder
build             sources + paths -> folder, and what was rejected
"""

import csv
import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from latentsampler.chapters.chords.alphabet import NAMES, NONE, QUALITIES, parse, pitch_class
from latentsampler.chapters.chords.songs import NO_PLACE, key_name, open_songs
from latentsampler.runtime.extras import optional

SONG_FIELDS = ("song_id", "title", "group", "key", "n_chords", "n_beats", "beats_per_bar", "source_folder_2021")
CHORD_FIELDS = ("song_id", "bar", "beat", "start_beat", "n_beats", "root", "root_pc", "quality")


class Record(NamedTuple):
    """One song.

    Attributes
    ----------
    title, key : str
        The key as in ``Ebm``; empty where it is not known.
    per_bar : int
        Beats in a bar; 0 where it is not known.
    upbeat : int
        Beats before the first bar line.
    chords : list of tuple
        (symbol of A3, beats).
    """

    title: str
    key: str
    per_bar: int
    upbeat: int
    chords: list


class UnreadableError(ValueError):
    """A file that holds no song that can be read."""


def read_songs(path):
    """Return the songs of a folder that has the two tables already, as ``shared/data/realbook`` and toy folders."""
    records = []
    for song in open_songs(path).songs:
        first = int(song.place[0])
        per_bar = 0 if first == NO_PLACE else 3 if first >= 4 else 4
        upbeat = -(first % 4) % per_bar if per_bar else 0
        records.append(Record(song.title, key_name(song.key), per_bar, upbeat, merge((s, 1) for s in song.symbols)))
    return records


def merge(pairs):
    """Join neighbours that are the same chord: (symbol, beats) -> list of them."""
    merged = []
    for symbol, beats in pairs:
        if merged and merged[-1][0] == int(symbol):
            merged[-1] = (int(symbol), merged[-1][1] + beats)
        else:
            merged.append((int(symbol), beats))
    return merged


def read_pop909(path):
    """Return POP909's songs, from the published folders or from the tables ``pop909_*.csv``."""
    path = Path(path)
    if (path / "pop909_chords.csv").is_file():
        return _pop909_tables(path)
    folders = sorted(p.parent for p in path.rglob("chord_midi.txt"))
    if not folders:
        raise FileNotFoundError(f"expected POP909's folders (001/chord_midi.txt, ...) or pop909_chords.csv in {path}")
    return [_pop909_folder(folder) for folder in folders]


def _pop909_tables(path):
    rows, beats = {}, {}
    for row in csv.DictReader(open(path / "pop909_chords.csv", encoding="utf-8")):
        text = "N" if int(row["root_pc"]) < 0 else f"{row['root']}:{row['quality']}"
        rows.setdefault(row["song_id"], []).append((parse(text), int(float(row["n_beats"]))))
    for row in csv.DictReader(open(path / "pop909_beats.csv", encoding="utf-8")):
        beats.setdefault(row["song_id"], []).append(int(float(row["downbeat"])))
    keys = {row["song_id"]: row["keys"] for row in csv.DictReader(open(path / "pop909_songs.csv", encoding="utf-8"))}
    return [Record(song, _harte_key(keys[song].split("@")[0]), *_metre(beats[song]), merge(p for p in chords if p[1]))
            for song, chords in rows.items()]


def _metre(downbeats):
    """Return beats per bar (0 unless it is steadily 3 or 4) and beats before the first bar, from a 0/1 per beat."""
    places = [index for index, value in enumerate(downbeats) if value]
    steps = [b - a for a, b in zip(places, places[1:], strict=False)]
    per_bar = max(set(steps), key=steps.count) if steps else 0
    return (per_bar, places[0] % per_bar) if per_bar in (3, 4) else (0, 0)


def _harte_key(text):
    tonic, _, mode = text.strip().partition(":")
    return tonic + "m" * mode.startswith("min") if tonic and tonic != "N" else ""


def _pop909_folder(folder):
    table = [line.split() for line in (folder / "beat_midi.txt").read_text(encoding="utf-8").splitlines() if line]
    times = [float(row[0]) for row in table]
    spans = [line.split() for line in (folder / "chord_midi.txt").read_text(encoding="utf-8").splitlines() if line]
    pairs = []
    for start, end, text in spans:
        first, last = (min(range(len(times)), key=lambda i: abs(times[i] - float(t))) for t in (start, end))
        pairs.append((parse(text), max(0, last - first)))
    key = folder / "key_audio.txt"
    words = key.read_text(encoding="utf-8").split() if key.is_file() else []
    return Record(folder.name, _harte_key(words[2]) if len(words) > 2 else "",
                  *_metre([float(row[2]) for row in table]), merge(pair for pair in pairs if pair[1]))


def read_music21(path=None):
    """Return Bach's chorales of the music21 corpus; ``path``: "N" reads the first N only."""
    corpus = optional("music21", "music").corpus
    names = sorted(map(str, corpus.getComposer("bach")))
    chorales = [name for name in names if re.search(r"bwv\d+(\.\d+)*(-\w+)?\.(mxl|xml|krn)$", name)]
    records = []
    for name in chorales[:int(path) if path else None]:
        score = corpus.parse(name)
        if len(score.parts) >= 4:
            records.append(score_record(score, f"{Path(name).stem}"))
    return records


def score_record(score, title):
    """Return the song of a music21 score: its chord symbols, or where it has none the best chord of each beat."""
    harmony = optional("music21", "music").harmony
    symbols = [c for c in score.recurse().getElementsByClass(harmony.ChordSymbol) if c.figure]
    end = int(score.highestTime)
    if symbols:
        places = [(int(round(float(c.getOffsetInHierarchy(score)))), _figure(c)) for c in symbols]
        beats = [NONE] * end
        for index, (start, symbol) in enumerate(places):
            stop = places[index + 1][0] if index + 1 < len(places) else end
            beats[start:stop] = [symbol] * (stop - start)
    else:
        beats = _harmonise(score, end)
    metre = next(iter(score.recurse().getElementsByClass("TimeSignature")), None)
    per_bar = metre.numerator if metre is not None and metre.denominator == 4 else 0
    first = next(iter(score.parts[0].getElementsByClass("Measure")), None)
    upbeat = int(first.duration.quarterLength) if first is not None and per_bar else 0
    if not beats:
        raise UnreadableError("no beats")
    return Record(title, _score_key(score), per_bar if per_bar in (3, 4) else 0,
                  upbeat % per_bar if per_bar else 0, merge((symbol, 1) for symbol in beats))


def _figure(symbol):
    """Return the symbol of music21's chord symbol (it writes flats as ``-``)."""
    if "no" in symbol.figure.lower()[:2] or symbol.root() is None:
        return NONE
    return parse(symbol.root().name.replace("-", "b") + symbol.figure.replace(symbol.root().name, "", 1))


def _score_key(score):
    key = score.analyze("key")
    return key.tonic.name.replace("-", "b") + "m" * (key.mode == "minor")


def _harmonise(score, end):
    """Return the chord ``[n]`` of each beat that shares most with the notes that sound in it, weighted by length."""
    from latentsampler.chapters.chords.alphabet import CHROMA

    weights, lowest = [[0.0] * 12 for _ in range(end)], [(200, -1)] * end
    for note in score.flatten().notes:
        start, stop = float(note.offset), float(note.offset + note.quarterLength)
        for beat in range(int(start), min(end, int(stop) + (stop > int(stop)))):
            inside = min(stop, beat + 1) - max(start, beat)
            for pitch in note.pitches:
                weights[beat][pitch.pitchClass] += inside * (1.5 if start <= beat else 1.0)
                lowest[beat] = min(lowest[beat], (pitch.midi, pitch.pitchClass))
    table, found = CHROMA[:NONE].numpy(), []
    for weight, (_, bass) in zip(weights, lowest, strict=True):
        if not sum(weight):
            found.append(found[-1] if found else NONE)
            continue
        score_of = [2.0 * sum(w for w, c in zip(weight, row, strict=True) if c) - sum(weight) - 0.35 * row.sum()
                    * sum(weight) / 4 + 0.1 * (index // len(QUALITIES) == bass) for index, row in enumerate(table)]
        found.append(max(range(NONE), key=score_of.__getitem__))
    return found


def read_folder(path):
    """Return the songs of a folder of .xlab, MusicXML (.xml, .musicxml, .mxl) and iReal (.txt, .html) files.

    Parameters
    ----------
    path : str or pathlib.Path
        Searched with its subfolders.

    Returns
    -------
    records : list of Record
        In the order of file names.
    rejected : list of tuple
        (file, reason) of those that could not be read.

    Raises
    ------
    FileNotFoundError
        If there is no such file at all.
    """
    path = Path(path)
    readers = {".xlab": _read_xlab, ".xml": _read_score, ".musicxml": _read_score, ".mxl": _read_score,
               ".txt": read_ireal, ".html": read_ireal}
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in readers)
    if not files:
        raise FileNotFoundError(f"expected .xlab, MusicXML or iReal files in {path}, found none")
    records, rejected = [], []
    for file in files:
        try:
            records += readers[file.suffix.lower()](file)
        except (ValueError, IndexError, KeyError) as error:
            rejected.append((str(file.relative_to(path)), str(error)))
    return records, rejected


def _read_xlab(path):
    """Read ``bar:beat . beats . chord . key``, blank-separated, after one line of header."""
    rows = [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines()[1:] if line.strip()]
    if not rows:
        raise UnreadableError("no chords")
    key = rows[0][6] if len(rows[0]) > 6 else ""
    key = re.sub(r":?min(or)?$", "m", re.sub(r":?maj(or)?$", "", key))
    per_bar = max(int(row[0].split(":")[1]) for row in rows)
    longest = sum(int(row[2]) for row in rows)
    bars = int(rows[-1][0].split(":")[0]) + (int(rows[-1][2]) >= 4)
    per_bar = next((beats for beats in (4, 3) if per_bar <= beats and abs(longest - beats * bars) < 2 * beats), 4)
    return [Record(path.stem, key if re.fullmatch("[A-G][#b]*m?", key) else "", per_bar, 0,
                   merge((parse(row[4]), int(row[2])) for row in rows))]


def _read_score(path):
    return [score_record(optional("music21", "music").converter.parse(path), path.stem)]


def read_ireal(path):
    """Return the songs of iReal text: ``irealbook://Title=Composer=Style=Key=n=chords`` with bars between ``|``.

    Notes
    -----
    The plain protocol only; a file of the scrambled ``irealb://`` is rejected with a message.
    """
    text = unquote(Path(path).read_text(encoding="utf-8"))
    if "irealb://" in text:
        raise UnreadableError("expected plain irealbook:// text, got the scrambled irealb://; export it as plain text")
    songs = re.findall(r"irealbook://([^\"<\n]+)", text)
    if not songs:
        raise UnreadableError("expected a line that begins with irealbook://, found none")
    return [_ireal_song(song) for song in songs]


def _ireal_song(text):
    title, _, _, key, _, body = text.split("=", 5)
    metre = re.search(r"T(\d)(\d)", body)
    per_bar = int(metre[1]) if metre else 4
    body = re.sub(r"T\d\d|\*[A-Za-z]|<[^>]*>|N\d|[SQUlsf](?![a-z#b0-9])|Y+", " ", body.split("=")[0])
    bars = [bar for bar in re.split(r"[|\[\]{}Z]+", body) if bar.strip()]
    pairs, last = [], []
    for bar in bars:
        cells = re.findall(r"[A-G][#b]?[^\s,|/]*(?:/[A-G][#b]?)?|n|x|r|p|W", bar)
        if "x" in cells:
            pairs += last
            continue
        chords = [cell for cell in cells if cell not in "xrpW"] or []
        if not chords:
            pairs += [(pairs[-1][0], per_bar)] if pairs else []
            continue
        share, rest = divmod(per_bar, len(chords))
        last = [(parse(chord), share + (index < rest)) for index, chord in enumerate(chords)]
        pairs += last
    key = key.replace("-", "m")
    return Record(title, key if re.fullmatch("[A-G][#b]?m?", key) else "", per_bar if per_bar in (3, 4) else 0, 0,
                  merge(pair for pair in pairs if pair[1]))


SOURCES = {"realbook": read_songs, "songs": read_songs, "pop909": read_pop909, "music21": read_music21,
           "folder": read_folder}


def build(pairs, out):
    """Write a folder of songs from sources.

    Parameters
    ----------
    pairs : sequence of tuple
        (entry of ``SOURCES``, path where its files lie or None).
    out : str or pathlib.Path
        Folder to make.

    Returns
    -------
    songs : int
        Number of songs written.
    rejected : list of tuple
        (file, reason).

    Raises
    ------
    ValueError
        If there is no such source, or nothing could be read.
    """
    records, rejected = [], []
    for source, path in pairs:
        if source not in SOURCES:
            raise ValueError(f"expected a source ({', '.join(SOURCES)}), got {source!r}")
        found = SOURCES[source](path)
        records += found[0] if isinstance(found, tuple) else found
        rejected += found[1] if isinstance(found, tuple) else []
    if not records:
        raise ValueError(f"no song could be read: {rejected[:3]}")
    write_songs(records, out)
    return len(records), rejected


def write_songs(records, out):
    """Write ``songs.csv`` and ``chords.csv``; whole files appear or none."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    songs, chords = [], []
    for number, record in enumerate(records):
        beats = sum(length for _, length in record.chords)
        group = re.sub(r"[^a-z0-9]", "", record.title.lower()) or str(number)
        songs.append((number, record.title, group, record.key, len(record.chords), beats, record.per_bar or "", ""))
        chords += _chord_rows(number, record)
    for name, fields, rows in (("chords", CHORD_FIELDS, chords), ("songs", SONG_FIELDS, songs)):
        partial = out / f".{name}.partial"
        with open(partial, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(fields)
            writer.writerows(rows)
        os.replace(partial, out / f"{name}.csv")


def _chord_rows(number, record):
    start, per_bar = 0, record.per_bar or 4
    for symbol, length in record.chords:
        place = start - record.upbeat + per_bar * (record.upbeat > 0)
        root, quality = (NAMES[symbol // 14], QUALITIES[symbol % 14]) if symbol != NONE else ("N", "N")
        yield (number, place // per_bar + 1, place % per_bar + 1, start, length, root,
               pitch_class(root) if symbol != NONE else -1, quality)
        start += length
