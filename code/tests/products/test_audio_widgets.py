"""Sliders that play: the published grid holds the notes of its points, in order."""

import base64
import io
import json
import re

import numpy as np
import pytest
import soundfile
from IPython.core.displaypub import CapturingDisplayPublisher
from latentsampler.products.audio_widgets import encoded, play_sliders, static_html

RATE = 22050


def sine(hz, level):
    """Return a second of a sine."""
    return level * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)


def decoded(address):
    """Return the samples of a data: address."""
    kind, data = address.split(",", 1)
    assert kind == "data:audio/mpeg;base64"
    return soundfile.read(io.BytesIO(base64.b64decode(data)))


def heard(address):
    """Return frequency and level of a sine in a data: address."""
    sound, rate = decoded(address)
    middle = sound[4000:4000 + 11025] * np.hanning(11025)
    return np.argmax(np.abs(np.fft.rfft(middle))) * rate / 11025, np.abs(sound[4000:15000]).max()


def test_an_encoded_note_keeps_pitch_level_and_length():
    address = encoded(sine(440.0, 0.5), RATE)
    assert heard(address) == (pytest.approx(440.0, abs=2.0), pytest.approx(0.5, rel=0.05))
    assert len(decoded(address)[0]) == pytest.approx(RATE, abs=2 * 1152)  # MP3 comes in frames of 1,152 samples
    assert len(address) < 0.25 * 2 * RATE


def test_the_grid_holds_every_point_the_last_slider_varying_fastest():
    html = static_html(sine, {"hz": (220, 440), "level": (0.1, 0.2, 0.4)}, RATE)
    notes = json.loads(re.search(r"notes = (\[.*?\]);", html)[1])
    assert [heard(note) for note in notes] == [
        (pytest.approx(hz, abs=2.0), pytest.approx(level, rel=0.1)) for hz in (220, 440) for level in (0.1, 0.2, 0.4)]
    assert html.count('type="range"') == 2
    assert not re.search(r'(src|href)="?http', html)


def test_a_slider_of_one_place_is_refused():
    with pytest.raises(ValueError, match="at least two places"):
        static_html(sine, {"hz": (220,), "level": (0.1, 0.2)}, RATE)


def test_a_notebook_gets_the_widget_and_the_page_its_html(monkeypatch):
    from IPython.testing.globalipapp import start_ipython

    shell = start_ipython()
    published = CapturingDisplayPublisher(parent=shell)
    monkeypatch.setattr(shell, "display_pub", published)
    play_sliders(sine, {"hz": (220, 440), "level": (0.1, 0.2)}, RATE, "test")
    bundles = [output["data"] for output in published.outputs if "text/html" in output["data"]]
    assert any("application/vnd.jupyter.widget-view+json" in data and 'id="turn-test"' in data["text/html"]
               for data in bundles)
