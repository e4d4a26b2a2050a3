"""Chord sequences of a grammar whose transition probabilities are known, so that the best perplexity is known, too.

A song has a key (12 tonics, major or minor), a form and bars of four beats. Its functions (I, ii, V7, ...) are a Markov
chain: at a bar line the chord moves on with probability ``1 - HOLD``, in the middle of a bar with probability
``--split``. Functions of a key are different chords, so key, place in the bar and last chord say all that the past says
of the future, and the probabilities of the next beats are powers of a matrix.

Writes ``songs.csv`` and ``chords.csv`` as other folders of songs have them, and ``grammar.json``: states, matrices,
first probabilities, and the best perplexity of each of the next eight beats. That holds for ``--form free``; in
``--form aaba`` a song repeats its first section, which a longer memory would notice.

Contents
--------
GRAMMARS           mode -> functions and what follows what
matrices           mode, split -> matrices of the four beats, first probabilities
best_perplexity    split -> (8,)
"""

import csv
import json

import numpy as np

NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
HOLD = 0.25
LENGTHS = (12, 16, 24, 32)  # bars
# function: (semitones above the tonic, quality), and weights of what follows
GRAMMARS = {
    "major": {
        "I": (0, "maj7", {"vi": 3, "ii": 3, "IV": 2, "VI7": 1, "iii": 1}),
        "ii": (2, "min7", {"V": 8, "bII": 1, "IV": 1}), "iii": (4, "min7", {"vi": 3, "VI7": 3, "IV": 2}),
        "IV": (5, "maj7", {"iv": 2, "V": 3, "I": 2, "ii": 2}), "iv": (5, "min6", {"I": 3, "iii": 1}),
        "V": (7, "7", {"I": 6, "iii": 1, "vi": 1}), "VI7": (9, "7", {"ii": 5, "II7": 1}),
        "II7": (2, "7", {"ii": 1, "V": 3}), "vi": (9, "min7", {"ii": 5, "IV": 2, "II7": 2}),
        "bII": (1, "7", {"I": 1})},
    "minor": {
        "i": (0, "min6", {"iv": 3, "iio": 4, "bVI": 2, "bVII": 1}), "iio": (2, "hdim7", {"V": 8, "bII": 1}),
        "iv": (5, "min7", {"V": 3, "bVII": 3, "i": 1}), "V": (7, "7", {"i": 7, "bVI": 1}),
        "bVI": (8, "maj7", {"iio": 3, "V": 2, "iv": 2}), "bVII": (10, "7", {"bIII": 4, "i": 1}),
        "bIII": (3, "maj7", {"bVI": 3, "iv": 1}), "bII": (1, "maj7", {"V": 1})}}


def add_arguments(parser):
    """Add the options of this kind."""
    parser.add_argument("--songs", type=int, default=400, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--form", choices=("free", "aaba"), default="free", help="of the songs (default: %(default)s)")
    parser.add_argument("--split", type=float, default=0.4, metavar="P",
                        help="probability of a new chord in the middle of a bar (default: %(default)s)")


def matrices(mode, split):
    """Return functions, matrices ``(4, F, F)`` of the steps onto beats 0 to 3, and probabilities ``(F,)`` at beat 0.

    The latter are those that the chain keeps, so that every bar of a song has the same.
    """
    grammar = GRAMMARS[mode]
    names = list(grammar)
    move = np.array([[grammar[name][2].get(other, 0) for other in names] for name in names], dtype=float)
    move /= move.sum(1, keepdims=True)
    stay = np.eye(len(names))
    steps = np.stack([HOLD * stay + (1 - HOLD) * move, stay, (1 - split) * stay + split * move, stay])
    values, vectors = np.linalg.eig((steps[1] @ steps[2] @ steps[3] @ steps[0]).T)
    first = np.real(vectors[:, np.argmax(np.real(values))])
    return names, steps, first / first.sum()


def best_perplexity(split):
    """Return ``(8,)``: the perplexity of the beat k + 1 ahead, given key, place in the bar and last chord."""
    nats = np.zeros(8)
    for mode in GRAMMARS:
        _, steps, here = matrices(mode, split)
        for place in range(4):
            ahead = np.eye(len(here))
            for k in range(8):
                ahead = ahead @ steps[(place + k + 1) % 4]
                terms = -ahead * np.log(np.where(ahead > 0, ahead, 1.0))
                nats[k] += here @ terms.sum(1) / 8
            here = here @ steps[(place + 1) % 4]
    return np.exp(nats)


def section(rng, mode, bars, split):
    """Return the functions ``[4 * bars]`` of a piece of the chain, one a beat."""
    names, steps, first = matrices(mode, split)
    state, found = rng.choice(len(names), p=first), []
    for beat in range(4 * bars):
        if beat:
            state = rng.choice(len(names), p=steps[beat % 4][state])
        found.append(names[state])
    return found


def song(rng, form, split):
    """Return tonic, mode and functions of a song, one a beat."""
    mode, tonic = str(rng.choice(list(GRAMMARS))), int(rng.integers(12))
    bars = int(rng.choice(LENGTHS))
    if form == "free":
        return tonic, mode, section(rng, mode, bars, split)
    first, bridge = section(rng, mode, bars // 4, split), section(rng, mode, bars // 4, split)
    return tonic, mode, first + first + bridge + first


def make(options):
    """Write the songs and the grammar; return what was written."""
    if options.songs < 1 or not 0 <= options.split <= 1:
        raise SystemExit(f"make_toy: expected --songs of at least 1 and --split in [0, 1], got {options.songs} and "
                         f"{options.split}")
    rng = np.random.default_rng(options.seed)
    songs, chords = [], []
    for number in range(options.songs):
        tonic, mode, functions = song(rng, options.form, options.split)
        rows = list(_chords(number, tonic, mode, functions))
        songs.append((number, f"toy {number}", f"toy{number}", NAMES[tonic] + "m" * (mode == "minor"), len(rows),
                      len(functions), 4))
        chords += rows
    _write(options.out / "songs.csv", ("song_id", "title", "group", "key", "n_chords", "n_beats", "beats_per_bar"),
           songs)
    _write(options.out / "chords.csv",
           ("song_id", "bar", "beat", "start_beat", "n_beats", "root", "root_pc", "quality"), chords)
    _write_grammar(options)
    return f"{len(songs)} songs, {len(chords)} chords and grammar.json"


def _chords(number, tonic, mode, functions):
    starts = [b for b in range(len(functions)) if b == 0 or functions[b] != functions[b - 1]]
    for start, end in zip(starts, [*starts[1:], len(functions)], strict=True):
        degree, quality, _ = GRAMMARS[mode][functions[start]]
        root = (tonic + degree) % 12
        yield number, start // 4 + 1, start % 4 + 1, start, end - start, NAMES[root], root, quality


def _write(path, fields, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(fields)
        writer.writerows(rows)


def _write_grammar(options):
    modes = {}
    for mode, grammar in GRAMMARS.items():
        names, steps, first = matrices(mode, options.split)
        modes[mode] = {"functions": {name: list(grammar[name][:2]) for name in names}, "steps": steps.tolist(),
                       "first": first.tolist()}
    best = best_perplexity(options.split)
    content = {"modes": modes, "best_perplexity": best.tolist(),
               "best_perplexity_all": float(np.exp(np.log(best).mean())), "exact": options.form == "free"}
    (options.out / "grammar.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
