"""Sliders that play notes: live where Python runs, from notes made beforehand where it does not.

A notebook that runs shows ipywidgets' sliders, and each position is computed. The same output also carries plain
HTML with a grid of notes, which published pages show instead: they have no Python to ask.

Contents
--------
play_sliders   function of some numbers -> widget, with its HTML beside it
static_html    the same as HTML alone
encoded        waveform -> address of an MP3 that a page can hold
"""

import base64
import io
import itertools
import json
from html import escape

import numpy as np

SCRIPT = """
(() => {
  const box = document.getElementById("%s");
  const sliders = [...box.querySelectorAll("input")], audio = box.querySelector("audio");
  const places = %s, notes = %s;
  const show = () => sliders.forEach((slider, i) => {
    slider.parentElement.querySelector("output").textContent = places[i][slider.value];
  });
  const turn = () => {
    show();
    audio.src = notes[sliders.reduce((index, slider, i) => index * places[i].length + Number(slider.value), 0)];
  };
  sliders.forEach((slider) => {
    slider.addEventListener("input", show);
    slider.addEventListener("change", () => { turn(); audio.play().catch(() => {}); });
  });
  turn();
})();
"""


def play_sliders(render, sliders, sample_rate, title="note"):
    """Show sliders that play a note.

    Parameters
    ----------
    render : callable
        Takes one float per slider, returns a waveform ``(n_samples,)`` in [-1, 1].
    sliders : dict
        Label -> places (sequence of float, rising): the ends of the live slider, and the grid of the published one.
    sample_rate : int
        Hz.
    title : str
        Letters and digits; unique within a page.
    """
    import ipywidgets
    from IPython.display import Audio, display

    output = ipywidgets.Output()
    knobs = [ipywidgets.FloatSlider(description=label, min=places[0], max=places[-1], continuous_update=False,
                                    step=(places[-1] - places[0]) / 100, value=places[len(places) // 2])
             for label, places in sliders.items()]

    def update(_change=None):
        with output:
            output.clear_output(wait=True)
            note = np.clip(render(*[knob.value for knob in knobs]), -1.0, 1.0)
            display(Audio(note, rate=sample_rate, normalize=False))  # else a soft note would sound like a loud one

    for knob in knobs:
        knob.observe(update, "value")
    update()
    live = ipywidgets.VBox([*knobs, output])
    bundle = dict(live._repr_mimebundle_())  # noqa: SLF001  # the widget's view ...
    bundle["text/html"] = static_html(render, sliders, sample_rate, title)  # ... and what shows without a kernel
    display(bundle, raw=True)


def static_html(render, sliders, sample_rate, title="note"):
    """Return HTML with sliders that play a grid of notes.

    Parameters
    ----------
    render : callable
        As for :func:`play_sliders`.
    sliders : dict
        Label -> places, as there.
    sample_rate : int
        Hz.
    title : str
        As there.

    Returns
    -------
    str
        All notes are inside; nothing else is loaded.

    Raises
    ------
    ValueError
        If there is no slider, or one has fewer than two places.
    """
    if not sliders or min(len(places) for places in sliders.values()) < 2:
        raise ValueError(f"expected sliders of at least two places each, got {sliders}")
    notes = [encoded(render(*point), sample_rate) for point in itertools.product(*sliders.values())]
    rows = "".join(f'<label><span>{escape(label)}</span><input type="range" min="0" max="{len(places) - 1}" '
                   f'value="{len(places) // 2}"><output></output></label>' for label, places in sliders.items())
    script = SCRIPT % (f"turn-{title}", json.dumps([[f"{place:g}" for place in places] for places in sliders.values()]),
                       json.dumps(notes))
    return f'<div class="turn" id="turn-{title}">{rows}<audio controls></audio></div><script>{script}</script>'


def encoded(waveform, sample_rate):
    """Return a waveform ``(n_samples,)`` as the ``data:`` address of an MP3, a tenth of a wav's size."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(np.asarray(waveform, dtype=np.float64), -1.0, 1.0), sample_rate, format="MP3")
    return "data:audio/mpeg;base64," + base64.b64encode(file.getvalue()).decode()
