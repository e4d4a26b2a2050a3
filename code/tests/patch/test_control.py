"""MIDI, names, presets: what comes in from outside, and what is kept."""

import socket
import struct
import subprocess
import time

import numpy as np
import pytest

from tests import pd

PANEL = ["main"]


def last(kept, name):
    """The last message of a receiver."""
    return kept[name][-1]


def test_controllers_move_the_ten_parameters_over_their_ranges(bench):
    names = [f"{c}{k}" for k in (1, 2) for c in "xydrs"]
    events = [(200.0, f"#ctlin {20 + n} {127 if n % 2 else 0} 1") for n in range(10)]
    events = [(t, "#ctlin " + " ".join([m.split()[1], m.split()[2], "1"])) for t, m in events]
    _, kept = bench.run(PANEL, events, 400.0, {f"/wae/{name}": 1 for name in names})
    found = [last(kept, f"/wae/{name}")[0] for name in names]
    low_high = {"x": (-2, 2), "y": (-2, 2), "d": (0, 4), "r": (0, 1), "s": (1, 64)}
    expected = [low_high[name[0]][n % 2] for n, name in enumerate(names)]
    assert np.allclose(found, expected, atol=1e-4)


def test_learn_gives_the_parameter_moved_last_the_controller_moved_next(bench):
    events = [(200.0, "/wae/learn 1"), (210.0, "/wae/tempo 100"), (220.0, "#ctlin 99 0 1"),
              (230.0, "#ctlin 99 127 1"), (240.0, "#ctlin 30 0 1")]
    _, kept = bench.run(PANEL, events, 400.0, {"/wae/tempo": 1, "/wae/learn": 1})
    assert last(kept, "/wae/learn")[0] == 0
    assert last(kept, "/wae/tempo")[0] == 300  # 99 took over, 30 does nothing any more


def test_a_key_plays_a_step_at_rest_with_its_pitch_and_velocity(bench):
    record(bench)
    events = [(100.0, "/wae/mode 1"), (200.0, "#notein 64 90 1"), (300.0, "#notein 64 0 1")]
    run, _ = bench.run([*PANEL, "note-printer"], events, 500.0)
    notes = [line.split() for line in run.printed("note")]
    played = [words for words in notes if len(words) == 8 or words[0] == "list"]
    values = [float(word) for word in played[0] if word != "list"]
    assert values[4:] == [64, 90, values[6], 64]
    assert any(words[:4] == ["note", "64", "0", "64"] for words in notes)


def test_the_pedal_keeps_a_key_until_it_comes_up(bench):
    record(bench)
    events = [(100.0, "/wae/mode 1"), (200.0, "#ctlin 64 127 1"), (210.0, "#notein 60 90 1"),
              (220.0, "#notein 60 0 1"), (300.0, "/mark 1"), (310.0, "#ctlin 64 0 1")]
    run, _ = bench.run([*PANEL, "note-printer"], events, 500.0, sounds=["/mark"])
    order = [line for line in run.log if line.startswith(("note: note", "/mark"))]
    assert [line.split(":")[0] for line in order] == ["/mark", "note"]


def test_a_chord_in_arpeggio_mode_sounds_key_by_key(bench):
    record(bench)
    events = [(100.0, "/wae/mode 3"), (110.0, "/wae/bend 0"), (150.0, "/wae/tempo 150"), (150.0, "/wae/division 4"),
              *[(160.0, f"#notein {p} 80 1") for p in (50, 57, 62)], (200.0, "/wae/run 1")]
    run, _ = bench.run([*PANEL, "note-printer"], events, 200 + 6 * 100 - 10.0)
    pitches = [float(line.split()[-4]) for line in run.printed("note") if len(line.split()) >= 8]
    assert pitches == [50, 57, 62, 50, 57, 62]


def test_bend_moves_the_pitch_two_semitones(bench):
    record(bench)
    events = [(100.0, "/wae/mode 0"), (110.0, "/wae/pitch 60"), (120.0, "#bendin 16383 1"), (130.0, "/wae/step 1")]
    run, _ = bench.run([*PANEL, "note-printer"], events, 300.0)
    pitch = [float(line.split()[-4]) for line in run.printed("note") if len(line.split()) >= 8][0]
    assert abs(pitch - 62) < 1e-3


def test_program_changes_recall_presets_and_taps_set_the_tempo(bench):
    events = [(200.0, "#pgmin 3 1"), (400.0, "/wae/tap bang"), (900.0, "/wae/tap bang")]
    run, kept = bench.run(PANEL, events, 1100.0, {"/wae/s1": 1, "/wae/s2": 1, "/wae/tempo": 1})
    assert (last(kept, "/wae/s1")[0], last(kept, "/wae/s2")[0]) == (16, 9)
    assert abs(last(kept, "/wae/tempo")[0] - 120) < 1e-3


def test_midi_clock_moves_a_step_every_six_of_its_ticks(bench):
    ticks = [(300.0 + 10 * k, "#midirealtimein 1 248") for k in range(25)]
    events = [(200.0, "/wae/sync 1"), (210.0, "/wae/division 4"), (250.0, "#midirealtimein 1 250"), *ticks]
    _, kept = bench.run(PANEL, events, 700.0, {"/wae/now/1": 2})
    assert len(kept["/wae/now/1"]) == 5  # ticks 0, 6, 12, 18, 24


def test_a_preset_comes_back_after_pd_was_closed(bench):
    events = [(200.0, "/wae/preset 5"), (250.0, "/wae/x1 0.321"), (260.0, "/wae/s1 3"), (265.0, "/wae/steps1 1 0 0.5"),
              (270.0, "/wae/swing 0.25"), (300.0, "/wae/store 5")]
    bench.run(PANEL, events, 500.0)
    names = ("/wae/x1", "/wae/swing", "/wae/s1")
    _, kept = bench.run(PANEL, [(200.0, "/wae/preset 5")], 400.0, {**dict.fromkeys(names, 1), "/wae/steps1": 3})
    assert np.allclose([last(kept, name)[0] for name in names], [0.321, 0.25, 3], atol=1e-4)
    assert np.allclose(last(kept, "/wae/steps1"), [1, 0, 0.5], atol=1e-6)


def test_the_eight_shipped_presets_walk_differently(bench):
    walks = []
    for number in range(8):
        events = [(100.0, f"/wae/preset {number}"), (120.0, "/wae/mode 0"), (150.0, "/wae/run 1")]
        _, kept = bench.run(PANEL, events, 3500.0, {"/wae/now/1": 2, "/wae/now/2": 2})
        walks.append(np.hstack([kept["/wae/now/1"][:6], kept["/wae/now/2"][:6]]))
    apart = [np.abs(a - b).max() for i, a in enumerate(walks) for b in walks[:i]]
    assert min(apart) > 0.1


@pytest.mark.alone
@pytest.mark.parametrize("address, value", [("/wae/x1", 0.375), ("/wae/norm/x1", 0.5)])
def test_osc_reaches_the_same_names_from_this_computer(bench, address, value):
    assert f"got: {value:g}" in told_by_osc(bench, address, value, "127.0.0.1")


@pytest.mark.alone
def test_osc_that_comes_by_another_address_of_this_computer_is_not_heard(bench):
    assert "got:" not in told_by_osc(bench, "/wae/x1", 0.375, "127.0.0.2")  # whoever listens on all would hear it


def told_by_osc(bench, address, value, host):
    """Send an OSC message some times; return what Pd printed."""
    patch = pd.Patch()
    patch.obj("wae-osc")
    patch.chain(patch.obj(f"r {address}"), patch.obj("print got"))
    start = patch.obj("loadbang")
    patch.at(start, 10.0, "; /wae/osc 1")
    patch.at(start, 3000.0, "; pd quit")
    (bench.folder / "osc.pd").write_text(patch.text())
    with subprocess.Popen(pd.command(bench.folder / "osc.pd", batch=False), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL) as running:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(20):
                time.sleep(0.1)
                sender.sendto(osc(address, value), (host, 9001))
        return running.communicate(timeout=30)[0]


def osc(address, value):
    """One OSC message with one float."""
    padded = [text.encode() + b"\0" * (4 - len(text) % 4) for text in (address, ",f")]
    return b"".join(padded) + struct.pack(">f", value)


def record(bench):
    """Make the player of the bench print what it is asked to play."""
    (bench.folder / "wae-grid.pd").write_text(
        "#N canvas 0 0 300 200 12;\n#X obj 20 20 inlet;\n#X obj 20 60 print note;\n#X obj 20 100 outlet~;\n"
        "#X obj 90 100 outlet;\n#X connect 0 0 1 0;\n")
    (bench.folder / "note-printer.pd").write_text("#N canvas 0 0 300 200 12;\n")
