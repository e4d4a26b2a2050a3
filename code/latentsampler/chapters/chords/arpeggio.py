"""Chord symbols -> notes: voicings that move least, and patterns that break them up.

Conventions
-----------
* A chord is played by four voices: its notes, and where it has three the root once more.
* Between two chords every voice goes to one note of the next; of all assignments the one with the least motion is
  taken, exactly. No voice moves more than ``leap`` (at least 6 semitones, which always suffices: every pitch class is
  that near). Outside of ``LOW`` to ``HIGH`` a semitone costs ``PULL`` more, so that voices come back.
* A note is (beat, pitch, velocity, length); times in beats, pitch a MIDI number, velocity in (0, 1].
* Everything here also runs in TorchScript, where scipy's assignment is a search over all 24 permutations.

Contents
--------
TONES         (168, 4) semitones above C of the four notes of every symbol
lead          one voicing -> the next, by scipy
Arpeggiator   symbols (B, T) and settings (B, 9) -> notes
SETTINGS      names, units, ranges and defaults of the settings
"""

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from latentsampler.chapters.chords.alphabet import N_QUALITIES, NONE, QUALITIES, TABLE

LOW, HIGH, PULL = 46, 79, 4.0
PATTERNS = ("up", "down", "up-down", "random", "alberti", "chord", "strum")
MAX_RATE, MAX_OCTAVES = 4, 3
ROWS = 4 * MAX_OCTAVES + 2  # of one beat: the notes of a chord, the bass, the chord's name
SETTINGS = (  # name, unit, min, max, default
    ("pattern", "index of " + ", ".join(PATTERNS), 0, len(PATTERNS) - 1, 0), ("rate", "notes per beat", 1, MAX_RATE, 2),
    ("octaves", "octaves", 1, MAX_OCTAVES, 1), ("gate", "share of a step", 0.05, 1.0, 0.8),
    ("swing", "0 even, 1 triplets", 0.0, 1.0, 0.0), ("accent", "0 even, 1 strong", 0.0, 1.0, 0.5),
    ("leap", "semitones", 6, 12, 7), ("bass", "velocity of the root, 0 none", 0.0, 1.0, 0.7), ("seed", "", 0, 999, 0))


def _tones():
    rows = []
    for symbol in range(NONE):
        root, quality = divmod(symbol, N_QUALITIES)
        notes = [int(i) for i in TABLE[QUALITIES[quality]]["pitch_classes"].split()]
        rows.append([root + i for i in (*notes, 12)[:4]])
    return torch.tensor(rows)


TONES = _tones()  # (168, 4): root, third, fifth, and the seventh or the root an octave higher


def first_voicing(symbol):
    """Return the four pitches ``(4,)`` with which a chord begins, in close position around middle C."""
    return 48 + TONES[symbol]


def costs(previous: Tensor, tones: Tensor, leap: float) -> tuple[Tensor, Tensor]:
    """Return cost and pitch ``(4, 4)`` of every voice of a voicing going to every tone of a chord.

    Parameters
    ----------
    previous : torch.Tensor
        ``(4,)`` MIDI numbers.
    tones : torch.Tensor
        ``(4,)`` semitones above C.
    leap : float
        Largest motion of a voice, at least 6.
    """
    up = (tones.unsqueeze(0) - previous.unsqueeze(1)) % 12  # (4, 4) semitones to the next such note above
    moves = torch.stack([up, up - 12], 2).to(torch.float32)  # (4, 4, 2)
    pitches = previous.view(4, 1, 1) + moves
    outside = (46.0 - pitches).clamp_min(0.0) + (pitches - 79.0).clamp_min(0.0)
    cost = moves.abs() + 4.0 * outside + 1e6 * (moves.abs() > leap).to(torch.float32)
    best = cost.argmin(2, keepdim=True)
    return cost.gather(2, best).squeeze(2), pitches.gather(2, best).squeeze(2)


def lead(previous, symbol, leap=7):
    """Return the voicing ``(4,)`` of a chord that is reached with the least motion, by scipy's exact assignment.

    Parameters
    ----------
    previous : torch.Tensor
        ``(4,)`` MIDI numbers.
    symbol : int
        0 to 167.
    leap : float
        Largest motion of a voice in semitones.

    Raises
    ------
    ValueError
        If ``leap`` is below 6: some chord could not be reached.
    """
    from scipy.optimize import linear_sum_assignment

    if leap < 6:
        raise ValueError(f"expected a leap of at least 6 semitones, got {leap}")
    cost, pitches = costs(previous, TONES[symbol], float(leap))
    voices, tones = linear_sum_assignment(cost.numpy().astype(np.float64))
    return pitches[voices, tones].long()


def voicings(symbols, leap=7):
    """Return the voicing ``(4,)`` of each chord of a list of symbols, None for N."""
    found, previous = [], None
    for symbol in symbols:
        if symbol != NONE:
            previous = first_voicing(symbol) if previous is None else lead(previous, symbol, leap)
        found.append(None if symbol == NONE else previous)
    return found


class Arpeggiator(nn.Module):
    """Symbols and settings -> notes, in TorchScript as in Python."""

    def __init__(self):
        super().__init__()
        self.register_buffer("tones", TONES)
        self.register_buffer("orders", torch.tensor(list(itertools.permutations(range(4)))))  # (24, 4)

    def lead(self, previous: Tensor, symbol: int, leap: float) -> Tensor:
        """Return what the function of the same name returns, by trying all assignments."""
        cost, pitches = costs(previous, self.tones[symbol], leap)
        total = cost[torch.arange(4).unsqueeze(0), self.orders].sum(1)  # (24,)
        order = self.orders[int(total.argmin())]
        return pitches[torch.arange(4), order].to(torch.long)

    def voice(self, symbols: Tensor, leap: float) -> Tensor:
        """Return the voicing ``(T, 4)`` of every beat of a piece ``(T,)``; a beat of N keeps the last one."""
        beats: list[Tensor] = []
        current, before, started = 48 + self.tones[0], 168, False
        for beat in range(len(symbols)):
            symbol = int(symbols[beat])
            if symbol != 168 and symbol != before:
                current = self.lead(current, symbol, leap) if started else 48 + self.tones[symbol]
                started, before = True, symbol
            beats.append(current)
        return torch.stack(beats)

    def steps(self, symbols: Tensor, rate: int) -> Tensor:
        """Return ``(T, 4)``: how many steps after its chord began each step stands."""
        count, table = 0, torch.zeros(len(symbols), 4, dtype=torch.long)
        for beat in range(len(symbols)):
            if beat > 0 and symbols[beat] != symbols[beat - 1]:
                count = 0
            for j in range(rate):
                table[beat, j] = count
                count += 1
        return table

    def choose(self, pattern: int, steps: Tensor, n: int, seed: int) -> Tensor:
        """Return which of ``n`` notes from below each step plays."""
        if pattern == 0:
            return steps % n
        if pattern == 1:
            return n - 1 - steps % n
        if pattern == 2:
            around = steps % max(1, 2 * n - 2)
            return torch.where(around < n, around, 2 * n - 2 - around)
        if pattern == 3:  # a hash of seed, beat and step: the same note at every call
            place = torch.arange(steps.numel()).view(steps.shape) + 4096 * seed
            mixed = (place * 2654435761 + 12345) % 4294967296
            mixed = ((mixed // 65536) * 40503 + mixed * 31) % 65521
            return mixed % n
        order = torch.tensor([0, 2, 1, 2])  # Alberti: low, high, middle, high
        return order[steps % 4]

    def piece(self, symbols: Tensor, settings: Tensor) -> Tensor:
        """Return the rows ``(T * 14, 5)`` of one piece ``(T,)``: beat, voice, pitch, velocity, length; NaN unused.

        Voice 0 is the arpeggio, 1 the bass, 2 + quality the name of a chord: an event on its root, all but silent.
        """
        pattern, rate, octaves = int(settings[0]), int(settings[1]), int(settings[2])
        gate, swing, accent, leap, bass = settings[3], settings[4], settings[5], float(settings[6]), settings[7]
        n_beats, n = len(symbols), 4 * octaves
        low = self.voice(symbols, leap).sort(1)[0]  # (T, 4)
        notes = torch.cat([low, low + 12, low + 24], 1)[:, :n].sort(1)[0].to(torch.float32)  # (T, n)
        heard = symbols != 168
        change = torch.ones_like(heard)
        change[1:] = symbols[1:] != symbols[:-1]
        lasting = torch.ones(n_beats)
        for beat in range(n_beats - 2, -1, -1):
            if not bool(change[beat + 1]):
                lasting[beat] = lasting[beat + 1] + 1.0
        rows = torch.full((n_beats, 14, 5), float("nan"))
        beats = torch.arange(n_beats).to(torch.float32)  # (T,)
        stress = torch.where(beats % 4 == 0, 1.0, torch.where(change, 0.85, 0.65))  # (T,)
        if pattern <= 4:
            steps = self.steps(symbols, rate)  # (T, 4)
            index = self.choose(pattern, steps, n, int(settings[8]))
            for j in range(rate):
                late = swing / (3.0 * rate) if j % 2 == 1 else torch.zeros(())
                weight = stress if j == 0 else torch.full_like(stress, 0.45)
                columns = [beats + j / rate + late, torch.zeros(n_beats), notes.gather(1, index[:, j:j + 1]).squeeze(1),
                           0.8 * (1.0 - accent) + accent * weight, (gate / rate).expand(n_beats)]
                rows[:, j] = torch.where(heard.unsqueeze(1), torch.stack(columns, 1), float("nan"))
        else:
            for j in range(n):
                late = torch.full((), j / 24.0 if pattern == 6 else 0.0).clamp_max(0.9)
                columns = [beats + late, torch.zeros(n_beats), notes[:, j], 0.8 * (1.0 - accent) + accent * stress,
                           gate * lasting]
                rows[:, j] = torch.where((heard & change).unsqueeze(1), torch.stack(columns, 1), float("nan"))
        safe = symbols.clamp_max(167)
        root = (36 + safe // 14).to(torch.float32)
        if bool(bass > 0):
            columns = [beats, torch.ones(n_beats), root, bass.clamp_min(0.01).expand(n_beats), gate * lasting]
            rows[:, 12] = torch.where((heard & change).unsqueeze(1), torch.stack(columns, 1), float("nan"))
        columns = [beats, (2 + safe % 14).to(torch.float32), root, torch.full_like(root, 1.0 / 127.0), lasting]
        rows[:, 13] = torch.where((heard & change).unsqueeze(1), torch.stack(columns, 1), float("nan"))
        return rows.view(-1, 5)

    def forward(self, symbols: Tensor, settings: Tensor) -> Tensor:
        """Return events ``(B, T * 14, 5)`` of pieces ``(B, T)`` int64 at settings ``(B, 9)``, sorted by beat."""
        pieces: list[Tensor] = []
        for index in range(len(symbols)):
            rows = self.piece(symbols[index], settings[index])
            order = torch.where(torch.isnan(rows[:, 0]), 1e9, rows[:, 0].to(torch.float64)).sort(stable=True)[1]
            pieces.append(rows[order])
        return torch.stack(pieces)


def settings(**values):
    """Return settings ``(1, 9)`` float32: the defaults but for those named; ``pattern`` also by name.

    Raises
    ------
    ValueError
        If a name is none of ``SETTINGS``, or a value lies outside its range.
    """
    if isinstance(values.get("pattern"), str):
        if values["pattern"] not in PATTERNS:
            raise ValueError(f"expected a pattern ({', '.join(PATTERNS)}), got {values['pattern']!r}")
        values["pattern"] = PATTERNS.index(values["pattern"])
    if unknown := values.keys() - {row[0] for row in SETTINGS}:
        raise ValueError(f"expected settings among {', '.join(row[0] for row in SETTINGS)}, got {', '.join(unknown)}")
    for name, unit, low, high, _ in SETTINGS:
        if not low <= values.get(name, low) <= high:
            raise ValueError(f"expected {name} ({unit}) from {low} to {high}, got {values[name]}")
    return torch.tensor([[float(values.get(name, default)) for name, _, _, _, default in SETTINGS]])


def arpeggiate(symbols, **values):
    """Return the notes of a list of symbols, one a beat, as rows (beat, pitch, velocity, length), bass included.

    Parameters
    ----------
    symbols : sequence of int
        0 to 168.
    **values
        Settings, such as ``pattern="up-down"``, ``octaves=2``.

    Returns
    -------
    numpy.ndarray
        ``(M, 4)``, sorted by beat.
    """
    events = Arpeggiator()(torch.as_tensor(symbols)[None], settings(**values))[0]
    return events[events[:, 1] < 2][:, (0, 2, 3, 4)].numpy()
