"""Everything opens without a complaint, with the external and without it, and makes sound."""

import re

import numpy as np
import pytest
from latentsampler.chapters.instrument.grid import grid_points, write_grid

from tests import pd
from tests.conftest import require
from tests.external import models as small

from .conftest import PATCH

ABSTRACTIONS = sorted(path.stem for path in PATCH.glob("wae-*.pd") if not path.stem.endswith(("-help", "-meta")))
TROUBLE = re.compile(r"couldn't create|error|connection failed|no such object|no method", re.IGNORECASE)
START = [(400.0, "/wae/run 1")]


def complaints(run, external=True):
    """Lines of the console that tell of trouble; without the external, but for Pd's own that it has none."""
    lines = [line for before, line in zip(["", *run.log], run.log, strict=False) if TROUBLE.search(line)
             and (external or "wae-sampler generative.pt" not in before)]
    assert external or len(lines) == sum(bool(TROUBLE.search(line)) for line in run.log) - 1
    return lines


def levels(kept):
    """Loudest level in dB that the meter showed."""
    return kept["/wae/level"].max()


def test_main_opens_without_a_complaint_and_sounds_with_the_external(bench_with_external):
    events = [(300.0, "/wae/message offline 1"), *START]
    run, kept = bench_with_external.run(["main"], events, 3000.0, {"/wae/level": 1, "/wae/voices": 1})
    assert complaints(run) == []
    assert levels(kept) > -40
    assert kept["/wae/voices"].max() >= 2


def test_without_the_external_main_opens_clean_and_plays_the_grid(bench):
    small.save(small.Plucks(), bench.folder / "generative.pt")
    write_grid(bench.folder / "generative.pt", bench.folder / "grid.wav", points_per_axis=2, seconds=0.3)
    run, kept = bench.run(["main"], START, 3000.0, {"/wae/level": 1}, sounds=["/wae/status"])
    assert complaints(run, external=False) == []
    assert levels(kept) > -40
    assert any("no external yet" in line for line in run.printed("/wae/status"))


def test_the_file_of_main_says_in_large_letters_what_to_run():
    text = (PATCH / "wae-status.pd").read_text()
    assert "wae-banner label run\\ make\\ external" in text
    size = re.search(r"cnv \d+ \d+ \d+ empty wae-banner \S+ \d+ \d+ 0 (\d+)", (PATCH / "main.pd").read_text())
    assert int(size.group(1)) >= 20


def test_every_abstraction_opens_without_a_complaint(bench):
    patch = pd.Patch()
    patch.obj("array define wae-steps-1 8"), patch.obj("array define wae-steps-2 8")
    arguments = {"wae-circle": "1", "wae-point": "1", "wae-random": "1 1", "wae-steps": "1", "wae-scale": "1 1 2",
                 "wae-param": "x1 0 1 20 0", "wae-param-name": "x1 0", "wae-learn": "x1 20", "wae-grid-axis": "0",
                 "wae-read": "presets.txt wae-presets", "wae-throttle": "10",
                 "wae-send": "/wae/", "wae-axis-label": "1", "wae-view": "1 1 2 135 58",
                 "wae-page-knob": "1 4", "wae-page-circle": "1 0 1", "wae-drum-row": "1 0 36",
                 "wae-drum-hit": "1 0 36", "wae-drum-write": "1 0", "wae-page-midi": "1 1"}
    needs_more = ("wae-view-", "wae-layer", "wae-play", "wae-gem-")  # a plane, the external, GEM: opened by other tests
    for name in ABSTRACTIONS:
        if not name.startswith(needs_more):
            patch.obj(f"{name} {arguments.get(name, '1')}")
    start = patch.obj("loadbang")
    patch.at(start, 100.0, "; pd quit")
    run = pd.run_patch(patch.text(), bench.folder)
    panel = ("wae-wave", "wae-banner")  # what only main has
    assert [line for line in complaints(run, external=False) if not any(name in line for name in panel)] == []


def test_every_inlet_and_outlet_of_an_abstraction_has_a_comment_near_it():
    bare = []
    for path in sorted(PATCH.glob("wae-*.pd")):
        text = path.read_text().replace("\n", " ")
        top = re.sub(r"#N canvas [^;]*;(?=.*#X restore).*?#X restore[^;]*;", "", text[10:])
        places = re.findall(r"#X obj (\d+) (\d+) (?:inlet|outlet)~?(?: [^;]*)?;", top)
        comments = [(int(x), int(y)) for x, y in re.findall(r"#X text (\d+) (\d+)", top)]
        near = [any(abs(int(x) - cx) < 120 and abs(int(y) - cy) < 40 for cx, cy in comments) for x, y in places]
        bare += [path.stem] if not comments or (len(places) > 3 and not any(near)) else []
    assert bare == []


@pytest.mark.alone
def test_a_model_of_other_controls_renames_the_panel(bench_with_external):
    knobs = [{"name": name, "unit": "", "min": 0.0, "max": 100.0, "default": 50.0}
             for name in ("deep", "bright", "hard", "dirty")]
    pitch = {"name": "pitch", "unit": "MIDI", "min": 30.0, "max": 90.0, "default": 60.0}
    small.save(small.Plucks(), bench_with_external.folder / "knobs.pt", controls=[*knobs, pitch])
    events = [(300.0, "/wae/message offline 1"), (400.0, "/wae/load knobs.pt"), (2000.0, "/wae/message describe")]
    run, kept = bench_with_external.run(["main"], events, 6000.0, {"/wae/x1": 1, "/wae/d1": 1},
                                        sounds=["/wae/axis/1", "/wae/axis/4", "/wae/pitch-range"], batch=False)
    assert complaints(run) == []
    assert run.printed("/wae/axis/1")[-1].split()[0] == "deep"
    assert run.printed("/wae/axis/4")[-1].split()[0] == "dirty"
    assert run.printed("/wae/pitch-range")[-1].split() == ["30", "90"]
    assert np.isclose(kept["/wae/x1"][-1, 0], 50, atol=1e-3)  # half of the new range: the preset holds the share


def test_the_index_of_a_grid_is_what_describe_answers(tmp_path):
    small.save(small.Plucks(), tmp_path / "g.pt")
    index = write_grid(tmp_path / "g.pt", tmp_path / "g.wav", points_per_axis=2, seconds=0.1)
    lines = index.read_text().splitlines()
    assert lines[0] == "grid 2 2205 22050 60;"
    assert lines[1] == "control 0 z1 - -3 3 0;" and lines[-1] == "controls-end;"


def test_the_last_control_of_a_grid_varies_fastest():
    metadata = {"controls": small.controls(5, True)}
    points = grid_points(metadata, 3)
    assert points.shape == (81, 4)
    assert np.allclose(points[1] - points[0], [0, 0, 0, 2]) and np.allclose(points[27] - points[0], [2, 0, 0, 0])


@pytest.mark.parametrize("k, n, message", [(3, 3, "at least 4 controls"), (5, 1, "at least 2 points")])
def test_a_grid_says_what_it_needs(k, n, message):
    with pytest.raises(ValueError, match=message):
        grid_points({"controls": small.controls(k, True)}, n)


def test_the_shipped_grid_is_small_and_fits_its_index():
    grid = PATCH / "grid.wav"
    require(grid.is_file(), "patch/grid.wav is made by `make weights`")
    n, frames, _, _ = map(float, (PATCH / "grid.txt").read_text().split(";")[0].split()[1:])
    assert grid.stat().st_size < 6e6 and abs(grid.stat().st_size - 2 * n**4 * frames) < 200
