"""Drum patterns of two bars whose density, syncopation, balance, swing and velocity range vary independently.

Writes ``rhythms.csv`` (the truth, one row a pattern) and one MIDI file a pattern (type 0, 480 ticks per beat, channel
10, 100 beats a minute). The factors:

============  =============  ===================================================================================
density       0.75 to 4.5    onsets per beat, all voices
off_beats     0 to 1         share of the kick's and snare's onsets that are on odd eighths, not on beats
low_share     0.2 to 0.8     share of the kick in the onsets of kick and closed hat
swing         0 to 0.33      steps (sixteenths) by which the hat's odd sixteenths are late
velocities    8 to 60        range of MIDI velocities, evenly filled around 70
============  =============  ===================================================================================

Same seed, same bytes. A Latin hypercube makes the factors independent of each other.
"""

import csv
import struct

import numpy as np

COLUMNS = ("path", "density", "off_beats", "low_share", "swing", "velocities")
RANGES = ((0.75, 4.5), (0.0, 1.0), (0.2, 0.8), (0.0, 0.33), (8, 60))
KICK, SNARE, HAT, TICKS, STEPS = 36, 38, 42, 480, 32
BEATS = np.arange(0, STEPS, 4)
OFF_BEATS = BEATS + 2


def add_arguments(parser):
    """Add the options of this kind."""
    parser.add_argument("--count", type=int, default=200, metavar="N", help="patterns (default: 200)")


def make(options):
    """Write every pattern and the table; return what was written."""
    if options.count < 1:
        raise SystemExit(f"make_toy: --count: expected at least 1, got {options.count}")
    generator = np.random.default_rng(options.seed)
    rows = []
    for index, factors in enumerate(plan(options.count, generator)):
        name, (hits, truth) = f"{index:04d}.mid", draw(factors, generator)
        (options.out / name).write_bytes(midi(hits))
        rows.append((name, *(f"{value:.4f}" for value in truth)))
    with open(options.out / "rhythms.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return f"{len(rows)} patterns and rhythms.csv"


def plan(count, generator):
    """Return the factors ``(count, 5)`` that are wanted: each range is filled evenly, in an order of its own."""
    share = np.stack([(generator.permutation(count) + 0.5) / count for _ in RANGES], 1)
    low, high = np.array(RANGES).T
    return low + share * (high - low)


def draw(factors, generator):
    """Return the hits (tick, key, velocity) of one pattern, and the factors as whole onsets allow them."""
    density, off_beats, low_share, swing, velocities = factors
    total = round(density * 8)
    kicks = min(round(low_share * total * 0.75), 14)  # a quarter of the onsets is the snare's
    hats = min(round((1.0 - low_share) * total * 0.75), STEPS)
    snares = min(max(total - kicks - hats, 0), 14)
    steps = [(HAT, step) for step in _spread(hats, generator)]
    off = 0
    for key, count in ((KICK, kicks), (SNARE, snares)):
        late = max(min(round(off_beats * count), len(OFF_BEATS)), count - len(BEATS))
        off += late
        steps += [(key, step) for step in generator.permutation(OFF_BEATS)[:late]]
        steps += [(key, step) for step in generator.permutation(BEATS)[:count - late]]
    span = round(velocities)
    levels = generator.permutation(np.round(np.linspace(70 - span / 2, 70 + span / 2, len(steps))).astype(int))
    hits = [(round((step + (swing if key == HAT and step % 2 else 0.0)) * TICKS / 4), key, int(level))
            for (key, step), level in zip(steps, levels, strict=True)]
    truth = (len(hits) / 8, off / max(1, kicks + snares), kicks / max(1, kicks + hats), swing,
             int(levels.max() - levels.min()))
    return sorted(hits), truth


def _spread(count, generator):
    """Return steps of the hat: half of them even, half odd, so that swing has both to tell apart."""
    odd = min(count // 2, STEPS // 2)
    even = min(count - odd, STEPS // 2)
    return [*generator.permutation(np.arange(1, STEPS, 2))[:odd], *generator.permutation(np.arange(0, STEPS, 2))[:even]]


def midi(hits):
    """Return the bytes of a MIDI file."""
    events = sorted([(tick, 1, key, level) for tick, key, level in hits]
                    + [(tick + 60, 0, key, 0) for tick, key, _ in hits])
    track, now = b"\0\xff\x51\x03" + struct.pack(">I", 600_000)[1:] + b"\0\xff\x58\x04\x04\x02\x18\x08", 0
    for tick, _, key, level in events:
        track += _variable(tick - now) + bytes((0x99, key, level))  # a note of velocity 0 ends one
        now = tick
    track += _variable(max(0, 8 * TICKS - now)) + b"\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS) + b"MTrk" + struct.pack(">I", len(track)) + track


def _variable(number):
    """Return a whole number as MIDI's bytes of seven bits."""
    parts = [number & 127]
    while number := number >> 7:
        parts.append(number & 127 | 128)
    return bytes(reversed(parts))
