"""Chords as text <-> beats, and what a model makes of them: continuations, other bars, whole pieces.

Conventions
-----------
* Text: chords separated by blanks, a bar each; with ``|`` the chords between two of them share a bar evenly.
* One beat is drawn after the other from the model's first beat, so that a drawn chord is known to the next; at
  ``temperature`` 0 the likeliest is taken. Randomness by seed only.

Contents
--------
read_text, write_text   "Dm7 G7 | Cmaj7" <-> one symbol a beat
continue_chords         symbols -> symbols that follow
replace_bars            16 beats -> 16 beats in which some bars are new and the others stay
"""

import torch

from latentsampler.chapters.chords.alphabet import NONE, parse, spell
from latentsampler.chapters.chords.songs import N_IN, NO_KEY, NO_PLACE

BAR = 4


def read_text(text, per_bar=BAR):
    """Return one symbol a beat of chords as text.

    Parameters
    ----------
    text : str
        Such as ``Dm7 G7 Cmaj7`` (a bar each) or ``Dm7 G7 | Cmaj7``.
    per_bar : int
        Beats.

    Returns
    -------
    list of int
        Symbols.

    Raises
    ------
    ValueError
        If there is no chord, one cannot be read, or a bar has more chords than beats.
    """
    bars = [bar.split() for bar in text.split("|") if bar.strip()] if "|" in text else [[w] for w in text.split()]
    if not bars:
        raise ValueError("expected chords such as 'Dm7 G7 Cmaj7', got none")
    beats = []
    for bar in bars:
        if len(bar) > per_bar:
            raise ValueError(f"expected at most {per_bar} chords in a bar, got {' '.join(bar)}")
        share, rest = divmod(per_bar, len(bar))
        for index, word in enumerate(bar):
            beats += [parse(word)] * (share + (index < rest))
    return beats


def write_text(symbols, per_bar=BAR):
    """Return symbols as text, bars between ``|``; a chord is written where it begins and at each bar line.

    A bar whose chords share it evenly reads back as it was; otherwise every beat is written.
    """
    bars = []
    for start in range(0, len(symbols), per_bar):
        bar = [spell(symbol) for symbol in symbols[start:start + per_bar]]
        words = [word for index, word in enumerate(bar) if index == 0 or word != bar[index - 1]]
        even = [spell(symbol) for symbol in read_text(" ".join(words) + " |", len(bar))] == bar
        bars.append(" ".join(words if even else bar))
    return "| " + " | ".join(bars) + " |"


def continue_chords(model, symbols, bars, key=NO_KEY, temperature=0.8, seed=0, per_bar=BAR):
    """Return the beats that follow.

    Parameters
    ----------
    model : torch.nn.Module
        With ``predict``: a ``chords.pt``.
    symbols : sequence of int
        Beats so far, from a bar line on.
    bars : int
        How many to add.
    key : int
        0 to 24.
    temperature : float
        0 takes the likeliest chord; 1 draws from the model's probabilities.
    seed : int
        Of the draws.
    per_bar : int
        Beats in a bar, 3 or 4.

    Returns
    -------
    list of int
        ``bars * per_bar`` symbols.

    Raises
    ------
    ValueError
        If the temperature is negative.
    """
    if temperature < 0:
        raise ValueError(f"expected a temperature of at least 0, got {temperature}")
    generator = torch.Generator().manual_seed(seed)
    beats = list(symbols)
    for _ in range(bars * per_bar):
        x = torch.tensor([([NONE] * N_IN + beats)[-N_IN:]])
        place = (len(beats) - 1) % per_bar + (4 if per_bar == 3 else 0) if per_bar in (3, 4) and beats else NO_PLACE
        with torch.no_grad():
            log_p = model.predict(x, torch.tensor([key]), torch.tensor([place]), torch.tensor([2]))[0, 0]
        if temperature == 0:
            beats.append(int(log_p.argmax()))
        else:
            p = (log_p / temperature).softmax(0)
            beats.append(int(torch.multinomial(p, 1, generator=generator)))
    return beats[len(symbols):]


def replace_bars(model, symbols, bars, seed=0):
    """Return a piece in which some bars are drawn anew and all others stay as they are.

    Parameters
    ----------
    model : torch.nn.Module
        A ``chords.pt``.
    symbols : sequence of int
        16 beats.
    bars : sequence of int
        Which to replace, 1 to 4.
    seed : int
        Of the draw.

    Returns
    -------
    list of int
        16 symbols.

    Raises
    ------
    ValueError
        If the piece has another length, or there is no such bar.
    """
    if len(symbols) != 16 or not set(bars) <= {1, 2, 3, 4}:
        raise ValueError(f"expected 16 beats and bars from 1 to 4, got {len(symbols)} beats and bars {list(bars)}")
    x = torch.tensor([list(symbols)])
    with torch.no_grad():
        z, tonic = model.encode(x)
        new = torch.randn(z.shape, generator=torch.Generator().manual_seed(seed)).view(4, -1)
        codes = z.view(4, -1).clone()
        for bar in bars:
            codes[bar - 1] = new[bar - 1]
        drawn = model.decode(codes.view(1, -1), tonic).argmax(2)[0].tolist()
    return [drawn[beat] if beat // 4 + 1 in bars else symbols[beat] for beat in range(16)]
