"""Claims about [wae-pattern] in real headless Pure Data: its events are what Python computes, and nothing stops Pd."""

import re

import numpy as np
import pytest
import torch
from latentsampler.contract.export import load_scripted

from tests import pd

from . import bad, patterns
from . import models as small

POINTS = ([0.5, -1.25, 0.75], [-1.5, 0.1, 0.3], [2.0, 2.0, 1.0], [0.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Folder with grid.pt, melody.pt and large.pt."""
    folder = tmp_path_factory.mktemp("patterns")
    patterns.save(patterns.Grid(), folder / "grid.pt")
    melody = [{"name": "climb", "unit": "semitones", "min": 0.0, "max": 12.0, "default": 2.0}]
    patterns.save(patterns.Melody(), folder / "melody.pt", controls=melody, voices=["lead"], points={})
    patterns.save(patterns.Large(), folder / "large.pt")
    return folder


@pytest.fixture
def ask(build, tmp_path):
    """Return a function that sends timed messages to an object and prints its outlets as ``events`` and ``status``."""

    def run(creation, messages, ends_at, *, quiet=True, **options):
        patch = pd.Patch()
        player = patch.obj(creation)
        patch.connect(player, 0, patch.obj("print events"))
        patch.connect(player, 1, patch.obj("print status"))
        start = patch.obj("loadbang")
        for milliseconds, message in messages:
            patch.chain(patch.at(start, milliseconds, message), player)
        patch.at(start, ends_at, "; pd quit")
        done = pd.run_patch(patch.text(), tmp_path, paths=(build,), **options)
        assert done.code == 0
        if quiet:
            assert done.complaints() == []
        return done

    return run


def computed(path, values):
    """Used rows (N, 5) of a model in Python, -1 for no pitch; missing values are the defaults."""
    module, metadata = load_scripted(path)
    row = list(values) + [control["default"] for control in metadata["controls"]][len(values):]
    with torch.inference_mode():
        events = module(torch.tensor([row], dtype=torch.float32))[0].numpy()  # (N, 5)
    return np.nan_to_num(events[~np.isnan(events[:, 0])], nan=-1.0)


def answers(run):
    """The lists between each ``begin`` and its ``done``: a list of arrays (N, 5)."""
    found, rows, count = [], [], None
    for line in run.printed("events"):
        words = line.split()
        if words[0] == "begin":
            rows, count = [], int(words[1])
        elif words[0] == "done":
            assert len(rows) == count
            found.append(np.array(rows, dtype=float).reshape(-1, 5))
        else:
            rows.append([float(word) for word in words])
    return found


@pytest.mark.parametrize("name", ["grid.pt", "large.pt"])
def test_events_equal_python(ask, files, name):
    messages = [(10.0 * i, "list " + " ".join(map(str, point))) for i, point in enumerate(POINTS)]
    run = ask(f"wae-pattern {files}/{name} @offline 1", messages, 100.0)
    found = answers(run)
    assert len(found) == len(POINTS)
    for rows, point in zip(found, POINTS, strict=True):
        expected = computed(files / name, point)
        assert rows.shape == expected.shape and np.allclose(rows, expected, atol=1e-5)  # Pd prints 6 digits
    assert len(found[2]) > 40 and len(found[3]) == 0  # a full pattern, and an empty one


def test_pitches_and_lengths_come_through_and_missing_values_are_the_defaults(ask, files):
    run = ask(f"wae-pattern {files}/melody.pt @offline 1", [(0.0, "bang"), (10.0, "7")], 50.0)
    assert np.allclose(answers(run)[0], [[k, 0, 60 + 2 * k, 0.25 + k / 8, 0.5 + k / 4] for k in range(4)])
    assert answers(run)[1][3, 2] == 81


def test_values_are_clipped_to_the_ranges_of_their_controls(ask, files):
    run = ask(f"wae-pattern {files}/grid.pt @offline 1", [(0.0, "1e9 -1e30 77"), (10.0, "2 -2 1")], 50.0)
    first, second = answers(run)
    assert np.array_equal(first, second) and len(first) > 40


@pytest.mark.parametrize("message, pattern", [("0.5 word", "z2: expected a number, got word"),
                                              ("1 2 3 4", "at most 3 values, got 4"),
                                              ("load nowhere.pt", "no such file")])
def test_what_makes_no_sense_is_refused_by_name_and_the_next_list_is_answered(ask, files, message, pattern):
    messages = [(0.0, "describe"), (10.0, message), (20.0, "0.5 -1.25 0.75")]
    run = ask(f"wae-pattern {files}/grid.pt @offline 1", messages, 50.0, quiet=False)
    errors = run.printed("status", "error")
    assert len(errors) == 1 and re.search(pattern, errors[0])
    assert any("wae-pattern: " in line for line in run.log)
    assert np.allclose(answers(run)[-1], computed(files / "grid.pt", POINTS[0]), atol=1e-5)


@pytest.mark.parametrize("expression", ["sqrt(0 - 1)", "exp(1000)"])
def test_nan_and_infinities_are_refused_by_the_name_of_the_control(build, files, tmp_path, expression):
    patch = pd.Patch()
    player = patch.obj(f"wae-pattern {files}/grid.pt @offline 1")
    patch.connect(player, 0, patch.obj("print events"))
    patch.connect(player, 1, patch.obj("print status"))
    start = patch.obj("loadbang")
    made, pack = patch.obj(f"expr {expression} * $f1"), patch.obj("pack 0.5 f")
    patch.connect(patch.at(start, 10.0, "1"), 0, made)
    patch.connect(made, 0, patch.obj("t b f"))
    both = len(patch.boxes) - 1
    patch.connect(both, 1, pack, 1)
    patch.connect(both, 0, pack)
    patch.chain(pack, player)
    patch.at(start, 50.0, "; pd quit")
    run = pd.run_patch(patch.text(), tmp_path, paths=(build,))
    (error,) = run.printed("status", "error")
    assert re.search(r"z2: expected a number, got (NaN|infinity)", error)
    assert answers(run) == []


def test_describe_tells_controls_voices_and_points(ask, files):
    run = ask(f"wae-pattern {files}/grid.pt @offline 1", [(0.0, "describe"), (5.0, "version")], 20.0)
    (loaded,) = run.printed("status", "loaded")
    assert loaded.endswith("grid.pt controls 3 beats 4 voices 3")
    assert run.printed("status", "control") == ["0 z1 - -2 2 0.25", "1 z2 - -2 2 -0.5", "2 density share 0 1 0.5"]
    assert run.printed("status", "voice") == ["0 kick", "1 snare_drum", "2 hat"]
    assert run.printed("status", "point") == ["0 -1 0.5 2 0", "2 1 1"]
    assert len(run.printed("status", "controls-end")) == len(run.printed("status", "voices-end")) == 1
    assert "libtorch" in run.printed("status", "version")[0]


def test_without_a_file_a_list_is_an_error_and_describe_another(ask):
    run = ask("wae-pattern @offline 1", [(0.0, "0 0 0"), (5.0, "describe")], 20.0, quiet=False)
    assert run.printed("status", "error") == ["no file is loaded"] * 2


@pytest.mark.alone
def test_pd_does_not_wait_and_of_many_requests_the_last_one_is_answered(ask, files):
    sweep = [(1500.0 + 0.1 * i, f"0.5 -1.25 {i / 1000}") for i in range(1001)]
    run = ask(f"wae-pattern {files}/large.pt", sweep, 2600.0, batch=False)
    found = answers(run)
    assert 2 <= len(found) < 500  # 1001 requests in 100 ms
    assert np.allclose(found[-1], computed(files / "large.pt", [0.5, -1.25, 1.0]), atol=1e-5)


@pytest.mark.alone
def test_of_many_loads_the_last_one_wins(ask, files):
    loads = [(10.0, f"load {files}/{name}.pt") for name in ["large", "grid"] * 20 + ["melody"]]
    run = ask("wae-pattern", [*loads, (10.0, "bang"), (10.0, "describe")], 1500.0, batch=False)
    loaded = run.printed("status", "loaded")
    assert 1 <= len(loaded) <= 4 and "melody.pt" in loaded[-1]
    assert len(answers(run)[-1]) == 4 and run.printed("status", "control")[-1].startswith("0 climb")


def broken_files(folder, good):
    """Write a file of each kind of trouble; return {name: (path, pattern of the error's text)}."""
    def made(name, module, pattern, **metadata):
        return name, (patterns.save(module, folder / f"{name}.pt", **metadata), pattern)

    def raw(name, content, pattern):
        (folder / f"{name}.pt").write_bytes(content)
        return name, (folder / f"{name}.pt", pattern)

    whole, grid = good.read_bytes(), patterns.Grid()
    middle = len(whole) // 2  # of a file that is mostly weights
    return dict([
        ("instrument", (small.save(small.Plucks(), folder / "instrument.pt"), 'kind to be "events"')),
        raw("empty", b"", "empty"),
        raw("random", bytes(range(256)) * 20, "not a TorchScript"),
        raw("truncated", whole[: len(whole) // 2], "damaged|truncated"),
        raw("flipped", whole[:middle] + bytes([whole[middle] ^ 16]) + whole[middle + 1:], "damaged"),
        made("other-kind", grid, 'kind to be "events", got sounds', kind="sounds"),
        ("version", (bad.rewritten(good, folder / "version.pt", {"extra/metadata.json": b'{"format_version": 2}'}),
                     "format_version")),
        made("no-beats", grid, "beats to be a number", beats=None),
        made("no-length", grid, "beats to be a number", beats=0),
        made("no-voices", grid, "voices to be a list", voices=[]),
        made("number-voices", grid, "voices to be a list", voices=[1, 2, 3]),
        made("no-controls", grid, "controls", controls=[]),
        made("strange-point", grid, "points to name voices, got gong", points={"gong": [1.0]}),
        made("word-point", grid, "points.kick to hold numbers", points={"kick": ["a"]}),
        made("list-points", grid, "points to be an object", points=[1]),
        made("throws", patterns.Throws(), "boom"),
        made("flat", patterns.Flat(), r"expected \[1, N, 5\]"),
        made("holes", patterns.Holes(), "row 2: expected NaN after"),
        made("backwards", patterns.Backwards(), "row 1: expected beats in order"),
        made("silent", patterns.Broken(3, 0.0), "row 0: expected a velocity above 0"),
        made("loud", patterns.Broken(3, 1.5), "row 0: expected a velocity"),
        made("late", patterns.Broken(0, 4.5), "row 0: expected a beat"),
        made("nan-beat", patterns.Broken(0, float("nan")), "row 0: expected a beat"),
        made("voice", patterns.Broken(1, 3.0), "row 0: expected a voice from 0 to 2"),
        made("half-voice", patterns.Broken(1, 0.5), "row 0: expected a voice"),
        made("length", patterns.Broken(4, 0.0), "row 0: expected a length above 0"),
        made("pitch", patterns.Broken(2, float("inf")), "row 0: expected a MIDI pitch"),
        made("newer-torch", grid, "newer torch", torch_version="99.0.0"),
    ])


def test_every_bad_file_is_an_error_by_name_and_the_old_one_goes_on(ask, files, tmp_path_factory):
    troubles = broken_files(tmp_path_factory.mktemp("bad"), files / "large.pt")
    messages = [(10.0 * i, f"load {path}") for i, (path, _) in enumerate(troubles.values())]
    last = 10.0 * len(messages)
    run = ask(f"wae-pattern {files}/grid.pt @offline 1", [*messages, (last, "0.5 -1.25 0.75")], last + 20, quiet=False)
    errors = run.printed("status", "error")
    assert len(errors) == len(troubles), "\n".join(errors)
    for (name, (path, pattern)), text in zip(troubles.items(), errors, strict=True):
        assert re.search(pattern, text) and path.name in text, f"{name}: {text}"
    assert np.allclose(answers(run)[-1], computed(files / "grid.pt", POINTS[0]), atol=1e-5)


def test_a_pattern_that_breaks_the_contract_later_is_an_error_and_the_next_one_is_answered(ask, tmp_path):
    path = patterns.save(patterns.Broken(3, 0.0, above=0.9), tmp_path / "sometimes.pt")
    run = ask(f"wae-pattern {path} @offline 1", [(0.0, "0 0 1"), (10.0, "0.5 -1.25 0.75")], 50.0, quiet=False)
    assert len(run.printed("status", "error")) == 1 and "velocity" in run.printed("status", "error")[0]
    assert np.allclose(answers(run)[-1], computed(path, POINTS[0]), atol=1e-5)


@pytest.mark.parametrize("count", [60, pytest.param(600, marks=pytest.mark.long)])
def test_damaged_files_never_stop_pd(ask, files, tmp_path, count):
    rng = np.random.default_rng(count)
    content = (files / "grid.pt").read_bytes()
    for i in range(count):
        if i % 3 == 0:
            bad.mutated_metadata(files / "grid.pt", tmp_path / f"fuzz{i}.pt", rng)
        else:
            (tmp_path / f"fuzz{i}.pt").write_bytes(bad.mutated(content, rng))
    messages = [(5.0 * i, f"load fuzz{i}.pt") for i in range(count)]
    messages += [(5.0 * count, f"load {files}/grid.pt"), (5.0 * count + 5, "0.5 -1.25 0.75")]
    run = ask(f"wae-pattern {files}/grid.pt @offline 1", messages, 5.0 * count + 50, quiet=False, timeout=300)
    assert len(run.printed("status", "loaded")) + len(run.printed("status", "error")) == count + 2
    assert np.allclose(answers(run)[-1], computed(files / "grid.pt", POINTS[0]), atol=1e-5)


WORDS = ("ready", "loaded", "error", "control", "controls-end", "voice", "point", "voices-end", "begin", "list", "done")


def deleting(build, files, folder, word, offline, rounds=1):
    """Delete an object by the message ``word`` of its own, and ask for more meanwhile; return the run."""
    patch, inner = pd.Patch(), pd.Patch()
    inside = inner.obj(f"wae-pattern {files}/grid.pt @offline {offline}")
    inner.chain(inner.obj("r to-object"), inside)
    inner.connect(inside, 0, inner.obj("s from-object"))
    inner.connect(inside, 0, inner.obj("s from-object"))  # two wires: the second one is freed with the object
    inner.connect(inside, 1, inner.obj("s from-object"))
    patch.subpatch("victim", inner)
    route = patch.obj(f"route {word}")
    patch.chain(patch.obj("r from-object"), route)
    both = patch.obj("t b b")
    patch.connect(route, 0, both)
    patch.connect(both, 1, patch.msg("; pd-victim clear"))
    patch.connect(both, 0, patch.obj("print deleted"))
    patch.obj("r to-object")  # so that a message finds a receiver when the object is gone
    start = patch.obj("loadbang")
    again = (f"; pd-victim obj 20 20 wae-pattern {files}/grid.pt @offline {offline} ; pd-victim obj 20 60 r to-object"
             " ; pd-victim obj 20 90 s from-object ; pd-victim connect 1 0 0 0 ; pd-victim connect 0 0 2 0"
             " ; pd-victim connect 0 1 2 0 ; pd-victim connect 0 1 2 0")
    begun = 50.0 if offline else 800.0  # in real time, when the first file has been loaded
    for i in range(rounds):
        base = 300.0 * i
        if i:
            patch.at(start, base, again)
        patch.at(start, base + begun, "; to-object 0 0 1 ; to-object describe ; to-object load nowhere.pt")
        patch.at(start, base + begun + 10, "; to-object bang")
        patch.at(start, base + begun + 100, f"; to-object load {files}/melody.pt")
    patch.at(start, 300.0 * rounds + begun, "; pd quit")
    return pd.run_patch(patch.text(), folder, paths=(build,), batch=bool(offline), timeout=60)


@pytest.mark.parametrize("offline", [pytest.param(0, marks=pytest.mark.alone), 1])
@pytest.mark.parametrize("word", WORDS)
def test_the_object_may_be_deleted_by_any_of_its_own_messages(build, files, tmp_path, word, offline):
    run = deleting(build, files, tmp_path, word, offline)
    assert run.code == 0, "\n".join(run.log[-5:])
    assert len(run.printed("deleted")) == 1


@pytest.mark.long
@pytest.mark.parametrize("word", WORDS)
def test_deleted_again_and_again(build, files, tmp_path, word):
    run = deleting(build, files, tmp_path, word, 1, rounds=60)
    assert run.code == 0 and len(run.printed("deleted")) == 60


@pytest.mark.parametrize("times", [3, pytest.param(40, marks=pytest.mark.long)])
@pytest.mark.parametrize("moment", ["load", "render", "idle"])
def test_quitting_at_any_moment_is_clean(build, files, tmp_path, moment, times):
    for i in range(times):
        delay = 7.3 * i % 120 if moment != "idle" else 1000
        patch = pd.Patch()
        player, start = patch.obj(f"wae-pattern {files}/large.pt"), patch.obj("loadbang")
        loaded = patch.obj("route loaded")
        patch.connect(player, 1, loaded)
        leave = patch.obj(f"delay {delay}")
        patch.chain(leave, patch.msg("; pd quit 3"))
        if moment == "render":
            begin, clock = patch.obj("t b"), patch.obj("metro 1")
            patch.chain(loaded, begin, clock, player)
            patch.connect(begin, 0, leave)
        else:
            patch.chain(start, leave)
        run = pd.run_patch(patch.text(), tmp_path, batch=False, late=True, paths=(build,), timeout=60)
        assert run.code == 3, f"{moment}, {delay} ms: exit {run.code}\n" + "\n".join(run.log[-10:])


def test_objects_come_and_go_with_their_loads(build, files, tmp_path):
    patch, inner = pd.Patch(), pd.Patch()
    patch.subpatch("churn", inner)
    patch.obj("r churned")
    start = patch.obj("loadbang")
    creation = ["clear", f"obj 20 20 wae-pattern {files}/large.pt", "obj 20 60 r churned", "connect 1 0 0 0"]
    for i in range(60):
        patch.at(start, 6.0 * i, "".join(f"; pd-churn {line}" for line in creation))
        patch.at(start, 6.0 * i + 3, "; churned 0 0 1")
    patch.at(start, 400.0, "; pd-churn clear")
    patch.at(start, 900.0, "; pd quit")
    run = pd.run_patch(patch.text(), tmp_path, batch=False, late=True, paths=(build,), timeout=60)
    assert run.code == 0 and run.complaints() == []


def test_both_objects_of_the_library_work_side_by_side_in_either_order(build, files, models, tmp_path):
    for first, second in (("pattern", "sampler"), ("sampler", "pattern")):
        patch = pd.Patch()
        file = {"pattern": files / "melody.pt", "sampler": models / "plucks.pt"}
        boxes = {name: patch.obj(f"wae-{name} {file[name]} @offline 1") for name in (first, second)}
        patch.connect(boxes["pattern"], 0, patch.obj("print events"))
        patch.connect(boxes["sampler"], 1, patch.obj("print sampler"))
        start = patch.obj("loadbang")
        patch.chain(patch.at(start, 10.0, "bang"), boxes["pattern"])
        patch.chain(patch.at(start, 10.0, "describe"), boxes["sampler"])
        patch.at(start, 500.0, "; pd quit")
        run = pd.run_patch(patch.text(), tmp_path, paths=(build,), batch=False, late=True)
        assert run.complaints() == [] and len(answers(run)) == 1
        assert len(run.printed("sampler", "loaded")) == 1
