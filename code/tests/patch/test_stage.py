"""What may happen on a stage: wrong numbers, stuck notes, taken ports, folders that cannot be written."""

import os
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from tests import pd
from tests.external import models as small

from .conftest import copied
from .test_control import PANEL, last, record


@pytest.mark.parametrize("name, value, taken", [
    ("d2", 26.9, 4), ("x1", -1e9, -2), ("tempo", 1e8, 300), ("tempo", 0, 20), ("division", 1e9, 8), ("swing", 7, 1),
    ("velocity", 12700, 127), ("gain", 1e30, 24), ("s1", 1e9, 64), ("latency", -3, 0)])
def test_numbers_beyond_a_parameter_s_range_become_its_nearest_end(bench, name, value, taken):
    events = [(200.0, "/wae/run 1"), (300.0, f"/wae/{name} {value:g}")]
    _, kept = bench.run(PANEL, events, 800.0, {f"/wae/{name}": 1}, timeout=30)
    assert last(kept, f"/wae/{name}")[0] == pytest.approx(taken)


@pytest.mark.parametrize("name", ["tempo", "x1", "d2", "gain", "seed"])
def test_nan_and_infinity_leave_a_parameter_as_it_was_and_the_walk_going(bench, name):
    (bench.folder / "nan.pd").write_text(
        "#N canvas 0 0 300 200 12;\n#X obj 20 20 r /nan;\n#X obj 20 60 expr $f1*1e30-$f1*1e30 \\; $f1*1e30;\n"
        f"#X obj 20 90 s /wae/{name};\n#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n#X connect 1 1 2 0;\n")
    events = [(150.0, f"/wae/{name} 60"), (151.0, f"/wae/norm/{name} 0.5"), (200.0, "/wae/run 1"),
              (1000.0, "/nan 1e30")]
    _, kept = bench.run([*PANEL, "nan"], events, 3000.0, {f"/wae/{name}": 1, "/wae/now/1": 2})
    values = kept[f"/wae/{name}"][:, 0]
    assert not np.isfinite(values).all() and values[-1] == values[np.isfinite(values)][-2]
    steps = kept["/wae/now/1"]
    assert len(steps) > 10 and np.isfinite(steps).all()


@pytest.mark.alone
def test_the_first_key_of_keyboard_mode_turns_the_audio_on_and_is_heard(bench_with_external):
    events = [(300.0, "/wae/preset 6"), (1500.0, "#notein 60 100 1")]
    _, kept = bench_with_external.run(["main"], events, 2500.0, {"/wae/voices": 1, "/wae/level": 1}, batch=False)
    assert kept["/wae/voices"].max() >= 1 and kept["/wae/level"].max() > -60


def test_start_becomes_stop_and_back(bench):
    run, _ = bench.run(PANEL, [(200.0, "/wae/run 1"), (300.0, "/wae/run 0")], 500.0, sounds=["wae-run-lamp"])
    assert run.printed("wae-run-lamp")[-4:] == ["set 1", "label stop", "set 0", "label start"]


@pytest.mark.alone
def test_an_object_that_is_installed_for_the_user_is_found(tmp_path, built):
    home, patch = tmp_path / "home", tmp_path / "patch"
    package = home / ".local" / "lib" / "pd" / "extra" / "wae-sampler"
    package.mkdir(parents=True), patch.mkdir()
    shutil.copy(built, package)
    small.save(small.Plucks(), copied(patch) / "generative.pt")
    text = pd.Patch()
    text.chain(text.obj("r /wae/status"), text.obj("print status"))
    text.obj("main")
    text.at(text.obj("loadbang"), 3000.0, "; pd quit")
    run = pd.run_patch(text.text(), patch, batch=False, env={**os.environ, "HOME": str(home)})
    assert any("is loaded and plays" in line for line in run.printed("status"))
    assert not any("no external" in line for line in run.log) and run.complaints() == []


@pytest.mark.parametrize("division", [1, 2, 3, 4, 5, 6, 7, 8])
def test_a_midi_master_gets_as_many_even_steps_a_beat_as_are_set(bench, division):
    tick = 20.0
    ticks = [(301.0 + tick * k, "#midirealtimein 1 248") for k in range(24 * 6)]
    (bench.folder / "timed.pd").write_text(
        "#N canvas 0 0 300 200 12;\n#X obj 20 20 r /wae/now/1;\n#X obj 20 50 t b b;\n#X obj 20 90 timer;\n"
        "#X obj 20 120 s /time;\n#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n#X connect 1 1 2 1;\n#X connect 2 0 3 0;\n")
    events = [(150.0, "/wae/preset 3"), (200.0, "/wae/sync 1"), (205.0, "/wae/swing 0"),
              (210.0, f"/wae/division {division}"), (220.0, "/wae/tempo 233"), (250.0, "#midirealtimein 1 250"), *ticks]
    _, kept = bench.run([*PANEL, "timed"], events, ticks[-1][0] + 5, {"/time": 1})
    assert np.allclose(kept["/time"][3:, 0], 24 * tick / division, atol=0.1)
    assert abs(len(kept["/time"]) - 6 * division) <= 1


def test_swing_follows_the_master_s_tempo(bench):
    ticks = [(301.0 + 20 * k, "#midirealtimein 1 248") for k in range(24 * 4)]
    (bench.folder / "timed.pd").write_text(
        "#N canvas 0 0 300 200 12;\n#X obj 20 20 r /wae/now/1;\n#X obj 20 50 t b b;\n#X obj 20 90 timer;\n"
        "#X obj 20 120 s /time;\n#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n#X connect 1 1 2 1;\n#X connect 2 0 3 0;\n")
    events = [(150.0, "/wae/preset 3"), (200.0, "/wae/sync 1"), (205.0, "/wae/swing 0.5"), (210.0, "/wae/division 4"),
              (220.0, "/wae/tempo 240"), (250.0, "#midirealtimein 1 250"), *ticks]
    _, kept = bench.run([*PANEL, "timed"], events, ticks[-1][0] + 5, {"/time": 1})
    gaps = kept["/time"][4:12, 0]  # a step is 120 ms: every second one comes 30 ms late
    assert np.allclose(np.sort(gaps), [90] * 4 + [150] * 4, atol=0.1)


@pytest.mark.parametrize("end", ["#ctlin 123 0 1", "#ctlin 120 0 1", "/wae/panic bang"])
def test_all_notes_off_all_sound_off_and_silence_let_go_of_keys_and_pedal(bench, end):
    record(bench)
    events = [(100.0, "/wae/mode 1"), (150.0, "#ctlin 64 127 1"), (200.0, "#notein 60 90 1"),
              (205.0, "#notein 64 90 1"), (210.0, "#notein 64 0 1"), (300.0, "/mark 1"), (310.0, end),
              (400.0, "/mark 2"), (410.0, "#notein 67 90 1"), (420.0, "#notein 67 0 1")]
    run, _ = bench.run([*PANEL, "note-printer"], events, 600.0, sounds=["/mark"])
    lines = [line for line in run.log if line.startswith(("note: note", "/mark"))]
    let_go = {line.split()[2] for line in lines[lines.index("/mark: 1"):lines.index("/mark: 2")] if "note:" in line}
    assert let_go == {"60", "64"}
    assert [line.split()[2] for line in lines[lines.index("/mark: 2") + 1:]] == ["67"]  # the pedal is up


@pytest.mark.alone
def test_a_second_listener_takes_the_next_port_and_says_so(bench):
    def patch(name, seconds):
        text = pd.Patch()
        text.obj("wae-osc")
        for receiver in ("/wae/status", "wae-osc-lamp"):
            text.chain(text.obj(f"r {receiver}"), text.obj(f"print {receiver}"))
        start = text.obj("loadbang")
        text.at(start, 10.0, "; /wae/osc 1")
        text.at(start, 1000.0 * seconds, "; pd quit")
        (bench.folder / name).write_text(text.text())
        return pd.command(bench.folder / name, batch=False)

    first = subprocess.Popen(patch("first.pd", 4), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = ""
    while "listens to OSC" not in said:
        said += first.stderr.readline()
    second = subprocess.run(patch("second.pd", 1.5), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=30)
    said += first.communicate(timeout=30)[1]
    assert "listens to OSC at port 9001" in said
    assert "listens to OSC at port 9002" in second.stderr and "label OSC\\ 9002" in second.stderr
    assert "error" not in said + second.stderr


@pytest.mark.alone
def test_a_recording_that_cannot_be_written_is_said_on_the_panel_and_its_lamp_goes_out(bench):
    events = [(100.0, "pd dsp 1"), (200.0, "/wae/record-to /nowhere/take one.wav"),
              (400.0, f"/wae/record-to {bench.folder}/a take.wav"),
              (700.0, "/wae/record 0")]
    run, _ = bench.run(PANEL, events, 900.0, sounds=["wae-record-lamp", "wae-status-line"], batch=False)
    assert run.printed("wae-record-lamp") == ["set 0", "set 1", "set 0"]
    assert "label cannot be written: /nowhere/take one.wav" in run.printed("wae-status-line")
    assert (bench.folder / "a take.wav").stat().st_size > 1000


def presets_with(folder, name):
    """Write the shipped presets with another first name."""
    lines = (folder / "presets.txt").read_text().splitlines()
    (folder / "presets.txt").write_text("\n".join([f"0 name {name};", *lines[1:]]) + "\n")


@pytest.mark.parametrize("name, shown", [
    ("a, b $1", "a , b $1"), ("x, 0 $1", "x , 0 $1"), ("x, 0 values $1 $2", "x , 0 values $1 $2"),
    ("four 4 winds", None)])
def test_a_preset_s_name_may_hold_anything_and_is_shown_whole(bench, name, shown):
    presets_with(bench.folder, name)
    run, kept = bench.run(PANEL, [(300.0, "/wae/preset 1"), (400.0, "/wae/preset 0")], 700.0, {"/wae/s1": 1},
                          sounds=["wae-preset-label"])
    assert run.printed("wae-preset-label")[-1].replace("\\$", "$") == f"label {shown or name}"
    assert last(kept, "/wae/s1")[0] == 8


def test_keep_here_names_a_place_of_yours_and_leaves_what_was_shipped(bench):
    shipped = (bench.folder / "presets.txt").read_text()
    (bench.folder / "named.pd").write_text(
        "#N canvas 0 0 300 200 12;\n#X obj 20 20 r /go;\n#X msg 20 50 symbol my\\\\\\ own;\n"
        "#X obj 20 90 s /wae/name-next;\n#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n")
    events = [(200.0, "/wae/preset 2"), (250.0, "/go 1"), (300.0, "/wae/store-now bang"), (350.0, "/wae/preset 3"),
              (400.0, "/wae/store-now bang")]
    _, kept = bench.run([*PANEL, "named"], events, 600.0, {"/wae/preset": 1})
    assert kept["/wae/preset"][-1, 0] == 9
    text = (bench.folder / "presets.txt").read_text()
    assert text.replace("\n", " ").startswith(shipped.replace("\n", " ")[:200])
    run, kept = bench.run(PANEL, [(300.0, "/wae/preset 8")], 600.0, {"/wae/s2": 1}, sounds=["wae-preset-label"])
    assert run.printed("wae-preset-label")[-1] == "label my own" and last(kept, "/wae/s2")[0] == 9


@pytest.mark.skip(reason="a race, not found yet: passes beside other work, fails on an idle machine")
@pytest.mark.alone
def test_planes_that_a_model_does_not_fill_say_so(bench_with_external):
    small.save(small.Tone(small.RATE), bench_with_external.folder / "tone.pt", controls=[small.FREQUENCY])
    run, _ = bench_with_external.run(["main"], [(800.0, "/wae/load tone.pt")], 3000.0, batch=False,
                                     sounds=["/wae/axis/1", "/wae/axis/3"])
    assert run.printed("/wae/axis/1")[-1].split()[0] == "frequency"
    assert "none" in run.printed("/wae/axis/3")[-1].split()


@pytest.mark.skip(reason="a race, not found yet: passes beside other work, fails on an idle machine")
@pytest.mark.alone
def test_steps_are_even_as_shipped_while_notes_are_rendered_in_time(bench_with_external):
    """With latency 40 every note sounds 40 ms after its step, to the sample."""
    take = bench_with_external.folder / "take.wav"
    events = [(300.0, "/wae/preset 3"), (320.0, "/wae/swing 0"), (330.0, "/wae/length 30"), (340.0, "/wae/tempo 120"),
              (350.0, "/wae/d1 0"), (355.0, "/wae/d2 0"), (360.0, "/wae/gain -10"),
              (1000.0, f"/wae/record-to {take}"), (1300.0, "/wae/run 1"),
              (4500.0, "/wae/record 0")]
    run, kept = bench_with_external.run(["main"], events, 5000.0, {"/wae/ready-ms": 1, "/wae/latency": 1}, batch=False)
    assert last(kept, "/wae/latency")[0] == 40 and len(kept["/wae/ready-ms"]) > 20
    sound, rate = soundfile.read(take)
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-rate) > 0.02 * rate)] / rate * 1000
    late = kept["/wae/ready-ms"][:, 0] > 39
    gaps = np.diff(starts)[1:]  # the first step turns the audio on, and falls anywhere in its first block
    assert len(gaps) > 15 and (np.std(gaps) <= 0.1 or late.any())


def test_a_second_panel_in_one_pd_is_told_of_and_a_single_one_is_not(bench):
    said = []
    for boxes in (["main"], ["main", "other"]):
        (bench.folder / "other.pd").write_text("#N canvas 0 0 300 200 12;\n#X obj 20 20 inlet;\n"
                                              "#X obj 20 60 wae-alone;\n")
        run, _ = bench.run(boxes, [], 2500.0, sounds=["/wae/status"])
        said.append(any("second panel" in line for line in run.printed("/wae/status")))
    assert said == [False, True]
