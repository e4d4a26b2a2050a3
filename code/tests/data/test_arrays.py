"""Stores of any data: what is written comes back, a kill changes nothing, a mistake is named."""

import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from latentsampler.data.arrays import Store, find_stores
from latentsampler.data.fields import Field, RejectedError
from latentsampler.data.resumable import EmptySourceError, build_arrays
from latentsampler.data.store import NoteDataset
from latentsampler.data.writing import write_store

FIELDS = (Field("steps", (None, 3), "float32", "beats"), Field("style", (4,), "int16"),
          Field("matrix", (None, None), "float64", "m"))


def rows(n):
    return [{"Path": f"{k:03d}", "Value": str(k)} for k in range(n)]


def item(k):
    rng = np.random.default_rng(k)
    return {"steps": rng.standard_normal((k % 5, 3)).astype(np.float32), "style": rng.integers(-9, 9, 4),
            "matrix": rng.standard_normal((k % 3, k % 4))}


def make(row, slow=0.0):
    k = int(row["Value"])
    time.sleep(slow)
    if k % 7 == 3:
        raise RejectedError(f"seven: {k}")
    return [({**row, "Part": part}, item(k)) for part in "ab"[:k % 3]]  # none, one or two items of a row


class StoppedError(Exception):
    pass


def make_until(limit, row):
    if int(row["Value"]) == limit:
        raise StoppedError
    return make(row)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


shapes = st.lists(st.integers(0, 4), min_size=0, max_size=2).map(tuple)
dtypes = st.sampled_from(["float32", "int16", "uint8", "float64", "int64", "bool"])


@st.composite
def stores(draw):
    """Fields and items: any number of free and fixed dimensions, any lengths, any numbers, NaN and infinity too."""
    fields = []
    for name in draw(st.lists(st.sampled_from(["a", "b_2", "table", "file", "steps"]), min_size=1, max_size=3,
                              unique=True)):
        fields.append(Field(name, (None,) * draw(st.integers(0, 2)) + draw(shapes), draw(dtypes)))
    items = []
    for _ in range(draw(st.integers(0, 6))):
        items.append({field.name: draw(arrays_of.arrays(field.dtype, tuple(
            draw(st.integers(0, 3)) if size is None else size for size in field.shape))) for field in fields})
    return fields, items


@given(stores(), st.lists(st.text(max_size=5), min_size=6, max_size=6))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_comes_back_for_any_lengths_types_and_words(tmp_path, made, words):
    fields, items = made
    folder = tmp_path / str(time.monotonic_ns())
    table = [{"Path": word, "N": index} for index, word in enumerate(words[:len(items)])]
    if not items:
        with pytest.raises(ValueError, match="at least one column"):
            write_store(folder, fields, items, table)
        assert not folder.exists()
        return
    store = Store(write_store(folder, fields, iter(items), iter(table)))
    assert len(store) == len(items) and store.is_intact() and list(store.fields.values()) == fields
    assert store.column("N") == [str(k) for k in range(len(items))]
    for k, one in enumerate(items):
        for field in fields:
            found = store[field.name][k]
            assert found.dtype == field.dtype and found.shape == one[field.name].shape
            assert found.tobytes() == one[field.name].tobytes()


def test_the_example_of_the_module_works(tmp_path):
    items, table = [item(k) for k in range(12)], rows(12)
    store = Store(write_store(tmp_path / "s", FIELDS, items, table))
    assert store["steps"][7].shape == (2, 3) and store["style"][:5].shape == (5, 4)
    assert [len(x) for x in store["steps"][3:6]] == [3, 4, 0] and store["steps"][-1].shape == (1, 3)
    assert store["matrix"].lengths.tolist() == [[k % 3, k % 4] for k in range(12)]
    assert store.column("Value")[4] == "4" and store.rows[2] == table[2] and len(store.checksum) == 64
    with pytest.raises(IndexError):
        store["steps"][12]
    assert np.array_equal(pickle.loads(pickle.dumps(store))["steps"][9], items[9]["steps"])
    assert len(pickle.dumps(store)) < 1000  # a worker opens the files, it is not sent them


@pytest.mark.parametrize(("name", "value", "message"), [
    ("steps", np.zeros((2, 4)), r"item 1: expected steps of shape \(None, 3\)"),
    ("style", np.zeros(4), "item 1: expected style"),  # floats are no whole numbers
    ("style", np.array([1, 2, 3, 40000]), "item 1: expected style"),  # would wrap
    ("style", np.array(["a", "b", "c", "d"]), "item 1: expected style")])
def test_an_item_that_is_not_what_its_field_declares_is_refused_and_nothing_stays(tmp_path, name, value, message):
    with pytest.raises(ValueError, match=message):
        write_store(tmp_path / "s", FIELDS, [item(0), {**item(1), name: value}], rows(2))
    with pytest.raises(ValueError, match="argument 2 is longer"):
        write_store(tmp_path / "s", FIELDS, [item(0)], rows(2))
    with pytest.raises(ValueError, match="expected the fields"):
        write_store(tmp_path / "s", FIELDS, [{"steps": np.zeros((1, 3))}], rows(1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("field", [("a b", (1,)), ("../a", (1,)), ("a", (3, None)), ("a", (1,), "U3"), ("", ())])
def test_a_field_that_cannot_be_a_file_of_numbers_is_refused(field):
    with pytest.raises((ValueError, TypeError)):
        Field(*field)


def test_a_folder_that_is_there_is_never_overwritten(tmp_path):
    write_store(tmp_path / "s", FIELDS, [item(1)], rows(1))
    before = contents(tmp_path / "s")
    with pytest.raises(FileExistsError, match="there already"):
        write_store(tmp_path / "s", FIELDS, [item(2)], rows(1))
    with pytest.raises(FileExistsError, match="something else"):
        build_arrays(tmp_path / "s", FIELDS, rows(9), make, progress=False)
    assert contents(tmp_path / "s") == before


def test_a_build_stopped_anywhere_ends_in_the_same_bytes(tmp_path):
    whole = build_arrays(tmp_path / "whole", FIELDS, rows(40), make, {"source": "x"}, chunk=4, progress=False)
    for limit in (1, 19, 38):
        with pytest.raises(StoppedError):
            build_arrays(tmp_path / "parts", FIELDS, rows(40), partial(make_until, limit), {"source": "x"}, chunk=4,
                         progress=False)
        assert not (tmp_path / "parts").exists()  # nothing that looks finished
    parts = build_arrays(tmp_path / "parts", FIELDS, rows(40), make, {"source": "x"}, chunk=4, progress=False)
    assert contents(whole) == contents(parts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts", "parts.lock", "whole", "whole.lock"]
    store = Store(whole)
    kept = [k for k in range(40) if k % 7 != 3 for _ in range(k % 3)]
    assert store.column("Value") == [str(k) for k in kept] and store.info["rejected"] == 6
    assert all(np.array_equal(store["matrix"][n], item(k)["matrix"]) for n, k in enumerate(kept))
    assert (whole / "rejected.csv").read_text().splitlines()[1] == "003,seven: 3"


def test_finished_chunks_are_not_made_again_and_those_of_other_inputs_are_not_taken(tmp_path):
    def build(limit, n, folder):
        return build_arrays(tmp_path / folder, FIELDS, rows(n), partial(make_until, limit), chunk=4, progress=False)

    for folder in ("same", "other"):
        with pytest.raises(StoppedError):
            build(20, 40, folder)
    with pytest.raises(StoppedError):
        build(8, 30, "other")  # fewer rows: not the same store, so row 8 is made again
    assert build(8, 40, "same")  # rows 8 to 19 were done, so the limit is not met
    assert build(-1, 40, "same")  # found finished


def test_a_killed_process_leaves_no_store_and_the_next_one_finishes_it(tmp_path):
    script = ("import sys, pathlib\nfrom functools import partial\nfrom tests.data.test_arrays import *\n"
              "build_arrays(pathlib.Path(sys.argv[1]) / 's', FIELDS, rows(200), partial(make, slow=.005), chunk=4, "
              "progress=False)")
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], env={**os.environ, "PYTHONPATH":
                               os.pathsep.join(sys.path)})
    while len(list(tmp_path.glob("s.parts/*.npz"))) < 5:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "s").exists()
    done = build_arrays(tmp_path / "s", FIELDS, rows(200), partial(make, slow=0.005), chunk=4, progress=False)
    whole = build_arrays(tmp_path / "whole", FIELDS, rows(200), partial(make, slow=0.0), chunk=4, progress=False)
    assert contents(done) == contents(whole)


def test_a_full_disk_is_one_line_with_the_folder_and_leaves_no_half_file(tmp_path):
    big = [Field("x", (None,), "float64")]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))  # a write beyond it fails as on a full disk
    try:
        with pytest.raises(OSError, match=r"cannot write .*/s \(File too large\); make room"):
            write_store(tmp_path / "s", big, [{"x": np.zeros(99_999)}], rows(1))
        with pytest.raises(OSError, match=r"cannot write .*/t.parts \(File too large\); make room.*goes on"):
            build_arrays(tmp_path / "t", big, rows(1), lambda row: [(row, {"x": np.zeros(99_999)})], progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["inputs.txt", "t.lock", "t.parts"]


def test_an_error_of_reading_is_not_called_one_of_writing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_store(tmp_path / "s", FIELDS, (open(tmp_path / "nowhere") for _ in range(2)), rows(2))
    assert list(tmp_path.iterdir()) == []


def test_nothing_usable_says_why_and_lists_it(tmp_path):
    with pytest.raises(EmptySourceError, match="usable pattern in groove, got none: 2 x seven"):
        build_arrays(tmp_path / "s", FIELDS, [rows(11)[3], rows(11)[10]], make, {"source": "groove"}, progress=False,
                     unit="pattern")
    assert (tmp_path / "s.rejected.csv").read_text() == "path,reason\n003,seven: 3\n010,seven: 10\n"
    with pytest.raises(EmptySourceError, match="it lists no item"):
        build_arrays(tmp_path / "s", FIELDS, [], make, progress=False)


def test_what_is_made_from_other_facts_units_or_numbers_has_another_checksum(tmp_path):
    sums = set()
    for name, fields, n, identity in (("a", FIELDS, 0, None), ("b", FIELDS, 1, None), ("c", FIELDS, 0, {"v": 1}),
                                      ("d", (Field("steps", (None, 3), "float32", "s"), *FIELDS[1:]), 0, None)):
        sums.add(Store(write_store(tmp_path / name, fields, [item(n)], rows(1), identity=identity)).checksum)
    assert len(sums) == 4
    derived = (*FIELDS[:2], Field("matrix", (None, None), "float64", derived=True))
    one, two = (Store(write_store(tmp_path / f"{k}", derived, [{**item(1), "matrix": np.full((1, 1), k)}], rows(1)))
                for k in range(2))
    assert one.checksum == two.checksum  # what follows from the rest may differ in its last bit


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda s: (s / "info.json").write_text("{"), "info.json"),
    (lambda s: (s / "info.json").write_text("[]"), "info.json"),
    (lambda s: (s / "style.npy").unlink(), "style.npy, found none"),
    (lambda s: (s / "steps.lengths.npy").write_bytes(b""), "steps.lengths.npy, got something else"),
    (lambda s: (s / "steps.npy").write_bytes((s / "steps.npy").read_bytes()[:-4]), "steps.npy"),
    (lambda s: (s / "table.csv").write_text("Path,Value\n000,0\n"), "the store is damaged")])
def test_a_damaged_store_is_said_by_file(tmp_path, spoil, message):
    folder = write_store(tmp_path / "s", FIELDS, [item(k) for k in range(6)], rows(6))
    spoil(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        Store(folder)


def test_a_changed_number_is_found(tmp_path):
    folder = write_store(tmp_path / "s", FIELDS, [item(k) for k in range(6)], rows(6))
    style = np.load(folder / "style.npy")
    style[3, 2] += 1
    np.save(folder / "style.npy", style)
    assert not Store(folder).is_intact()


def test_none_one_or_several_stores_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError, match="found none"):
        Store(tmp_path)
    write_store(tmp_path / "a", FIELDS, [item(1)], rows(1))
    assert Store(tmp_path).path == tmp_path / "a" == find_stores(tmp_path / "a")[0]
    write_store(tmp_path / "b", FIELDS, [item(1)], rows(1))
    with pytest.raises(FileNotFoundError, match=r"found 2; name one of them: .*/a, .*/b"):
        Store(tmp_path)
    with pytest.raises(ValueError, match="store of notes at .*/a, got one of steps, style, matrix"):
        NoteDataset(tmp_path / "a")
    with pytest.raises(FileNotFoundError, match="found none; make one with"):
        NoteDataset(tmp_path / "nowhere")


def test_a_store_of_notes_from_before_fields_were_declared_opens_with_its_checksum(dataset, store, tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    for name, former in (("table.csv", "notes.csv"), ("mels.npy",) * 2, ("waveforms.npy",) * 2):
        (old / former).symlink_to(store / name)
    former = {name: dataset.info[name] for name in ("format", "source", "mel", "preparation", "checksum", "rejected")}
    (old / "store.json").write_text(json.dumps({**former, "notes": len(dataset)}))
    again = NoteDataset(old)
    assert again.checksum == dataset.checksum and list(again.rows) == list(dataset.rows)
    assert again.info["items"] == len(dataset) and np.array_equal(again.waveforms[5], dataset.waveforms[5])
    assert Store(old).is_intact() and find_stores(old) == [old]
