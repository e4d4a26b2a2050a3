"""Claims about what no message, wire or moment may do: crash Pd, or send more than full scale to the loudspeakers."""

import os
import random
import shutil
import subprocess

import numpy as np
import pytest

from tests import pd
from tests.conftest import require

from . import models as small
from .test_play import RATE, pluck, shifted_sum, stats

# Freed memory is overwritten, and not kept for the next of the same size: what is used after it was freed crashes.
FREED_IS_OVERWRITTEN = {**os.environ, "MALLOC_PERTURB_": "165", "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
STATUS = {  # what is told -> messages that make it be told
    "ready": "0 0 0 0 60", "done": "0 0 0 0 60", "loaded": "load {model}", "control": "describe",
    "controls-end": "describe", "error": "steal nobody", "version": "version", "stats": "stats", "stats-end": "stats",
    "dropped": "1 2 3 4 5 6 7"}
REACTIONS = {"delete": "; pd-victim clear", "close": "; pd-outer.pd menuclose 1", "reload": "; to-s load {model}",
             "send": "; to-s 0 0 0 0 61 ; to-s steal nobody ; to-s describe",
             "unwire": "; pd-victim disconnect 1 1 3 0"}


def reacting(build, models, folder, status, reaction):
    """Play a patch where a status message leads to a reaction; return what Pd did."""
    model = models / "plucks.pt"
    outer, victim = pd.Patch(), pd.Patch()
    victim.chain(victim.obj("r to-s"), victim.obj(f"wae-sampler {model} 4"), victim.obj("*~"))
    victim.connect(1, 1, victim.obj("s st"))
    victim.connect(1, 1, victim.obj("print victim"))  # a second wire, whose turn comes after the first
    outer.subpatch("victim", victim)
    (folder / "outer.pd").write_text(outer.text())
    patch = pd.Patch()
    heard = patch.obj("r st")
    route = patch.obj(f"route {status}")
    patch.chain(heard, route, patch.obj("t b"), patch.msg(REACTIONS[reaction].format(model=model)))
    patch.chain(heard, patch.obj("print status"))
    patch.obj("r to-s")
    first, start = patch.obj("t b b"), patch.obj("bang")
    patch.chain(patch.obj("loadbang"), first, start)
    patch.connect(first, 1, patch.msg("; pd dsp 1"))
    for at in (100.0, 180.0):
        patch.at(start, at, "; to-s " + STATUS[status].format(model=model))
    patch.at(start, 600.0, "; pd quit")
    return pd.run_patch(patch.text(), folder, batch=False, paths=(build,), timeout=60, env=FREED_IS_OVERWRITTEN,
                        args=("-open", str(folder / "outer.pd")))


QUICK = [("ready", "delete"), ("error", "delete"), ("control", "close"), ("done", "unwire"), ("loaded", "reload"),
         ("error", "send")]
ALL = [(status, reaction) for status in STATUS for reaction in REACTIONS if (status, reaction) not in QUICK]


@pytest.mark.alone
@pytest.mark.parametrize("status, reaction", [*QUICK, *[pytest.param(*one, marks=pytest.mark.long) for one in ALL]])
def test_whoever_gets_a_status_may_delete_the_object_or_its_patch(build, models, tmp_path, status, reaction):
    run = reacting(build, models, tmp_path, status, reaction)
    assert run.code == 0, "\n".join(run.log[-10:])
    assert run.printed("status", status), "it was never told"


@pytest.mark.parametrize("message", [
    "list 13 0 0 0 48", "list 1e30 -1e30 1e30 1e30 1e30", "note 60 12700", "note 1e9 127 1e30", "gain 200",
    "list 0 0 0 0 1e9"])
def test_no_number_is_louder_than_full_scale(play, models, message):
    events = [(0, message), (30, "list 3 3 3 3 48"), (60, "note 50 127"), (90, message)]
    out = play(f"wae-sampler {models}/plucks.pt 16", events, 0.6, limit=1, quiet=False, rate=RATE).arrays["out"]
    assert 0.3 < np.abs(out).max() <= 1


def test_sixty_four_loud_notes_stay_below_full_scale(play, models):
    events = [(5.0 * i, f"list 3 3 -3 {i % 3} {40 + i % 40}") for i in range(64)]
    out = play(f"wae-sampler {models}/plucks.pt 64", events, 1.0, limit=1, rate=RATE).arrays["out"]
    assert 0.9 < np.abs(out).max() <= 1
    raw = play(f"wae-sampler {models}/plucks.pt 64", events, 1.0, rate=RATE).arrays["out"]
    assert np.abs(raw).max() > 4


def test_the_limiter_changes_nothing_below_its_threshold(play, models):
    events = [(0, "note 60 60"), (100, "note 64 50")]
    takes = [play(f"wae-sampler {models}/plucks.pt", events, 0.6, limit=limit, rate=RATE).arrays["out"]
             for limit in (0, 1)]
    assert 0.3 < np.abs(takes[0]).max() < 0.89
    np.testing.assert_array_equal(*takes)


def test_controls_are_clipped_to_the_ranges_of_the_model_unless_clip_is_0(play, models):
    clipped = play(f"wae-sampler {models}/plucks.pt", [(0, "list 13 0 -99 0 200")], 0.5, rate=RATE).arrays["out"]
    assert np.abs(clipped - shifted_sum([(0, pluck(models, 3, 0, -3, 0, 84))], 0.5)).max() <= 1e-5
    free = play(f"wae-sampler {models}/plucks.pt 16 @clip 0", [(0, "list 4 0 -4 0 86")], 0.5, rate=RATE).arrays["out"]
    assert np.abs(free - shifted_sum([(0, pluck(models, 4, 0, -4, 0, 86))], 0.5)).max() <= 1e-5


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
@pytest.mark.parametrize("message", ["note 60 $1", "gain $1", "latency $1", "voices $1", "stop $1", "list 0 0 $1"])
def test_nan_and_infinities_are_refused_by_name(build, models, tmp_path, message, value):
    patch = pd.Patch()
    box, start = patch.obj(f"wae-sampler {models}/plucks.pt"), patch.obj("loadbang")
    patch.connect(box, 1, patch.obj("print status"))
    number = {"inf": "expr 1e38*$f1", "-inf": "expr -1e38*$f1", "nan": "expr sqrt(-$f1) - sqrt(-$f1)"}[value]
    if value == "nan":  # expr answers a root of less than 0 by 0: an infinity less itself is none
        number = "expr 1e38*$f1 - 1e38*$f1"
    patch.chain(patch.at(start, 20, "1e10"), patch.obj(number), patch.msg(message), box)
    patch.at(start, 100, "; pd quit")
    run = pd.run_patch(patch.text(), tmp_path, paths=(build,))
    (error,) = run.printed("status", "error")
    assert error.startswith(f"{message.split()[0]}: expected a finite number, got ")
    assert ("NaN" if value == "nan" else "infinity") in error


def test_settings_beyond_their_range_are_taken_as_the_nearest_and_say_so(play, models):
    events = [(0, "voices 1e9"), (1, "latency -5"), (2, "fade 1e30"), (3, "gain 200"), (4, "duration -1")]
    run = play(f"wae-sampler {models}/plucks.pt", events, 0.1, quiet=False)
    assert [line.rpartition("took ")[2] for line in run.printed("status", "error")] == ["64", "0", "60000", "16", "0"]


@pytest.mark.alone
def test_notes_sent_while_no_audio_is_computed_do_not_sound_together_later(play, models):
    held = [(150.0 + 100 * i, f"note {48 + i} 100") for i in range(10)]
    events = [(100, "; pd dsp 0"), *held, (2600, "; pd dsp 1"), (2900, "list 0 0 0 0 60"), (3000, "stats")]
    run = play(f"wae-sampler {models}/plucks.pt", events, 3.5, offline=False, quiet=False, rate=RATE)
    dropped = run.printed("status", "dropped")
    assert [int(line.split()[0]) for line in dropped] == list(range(1, 11))
    assert all("too old" in line for line in dropped)
    assert run.numbers("status", "done") == [11]


def test_an_empty_list_is_a_bang(play, models):
    run = play(f"wae-sampler {models}/plucks.pt", [(0, "set 1 1 1 1 50"), (50.1, "list")], 0.5, rate=RATE)
    assert np.abs(run.arrays["out"] - shifted_sum([(50.1, pluck(models, 1, 1, 1, 1, 50))], 0.5)).max() <= 1e-5


def test_panic_fades_within_two_milliseconds_without_a_click(play, models):
    events = [(0, "list 0 0 -3 0 60"), (100, "panic")]
    out = play(f"wae-sampler {models}/plucks.pt", events, 0.3, rate=RATE).arrays["out"]
    at, end = round(0.1 * RATE), round(0.102 * RATE) + 1
    assert not out[end + 1:].any() and out[at:end].any()
    whole = pluck(models, 0, 0, -3, 0, 60)
    assert np.abs(np.diff(out[at - 1:end + 2])).max() < np.abs(np.diff(whole[at - 100:at])).max() + 0.05


@pytest.mark.alone
def test_of_many_loads_the_last_one_wins_and_none_waits(play, models):
    files = ["unpitched.pt", "chunked.pt", "tone.pt"]
    events = [(10 + i, f"load {models}/{files[i % 3]}") for i in range(200)] + [(211, f"load {models}/plucks.pt")]
    run = play(f"wae-sampler {models}/plucks.pt", [*events, (900, "list 0 0 0 0 60"), (950, "stats")], 1.2,
               offline=False, rate=RATE)
    loaded = run.printed("status", "loaded")
    assert loaded[-1].split()[0].endswith("plucks.pt") and len(loaded) < 150
    assert stats(run)["queue"] <= 1 and run.numbers("status", "ready") == [1]


SETLOCALE = """#include <locale.h>
#include <m_pd.h>
static t_class *c;
static void *make(void) { post("decimal point: %s", setlocale(LC_ALL, "") ? localeconv()->decimal_point : "none");
  return pd_new(c); }
void setloc_setup(void) { c = class_new(gensym("setloc"), (t_newmethod)make, 0, sizeof(t_object), 0, 0); }
"""


@pytest.mark.alone
def test_a_model_loads_while_the_locale_writes_commas(build, models, tmp_path):
    require(all(map(shutil.which, ("cc", "localedef"))), "a C compiler and localedef are needed")
    (tmp_path / "setloc.c").write_text(SETLOCALE)
    subprocess.run(["cc", "-shared", "-fPIC", "-I/usr/include/pd", "-o", tmp_path / "setloc.pd_linux",
                    tmp_path / "setloc.c"], check=True)
    made = subprocess.run(["localedef", "-c", "-i", "de_DE", "-f", "UTF-8", tmp_path / "de_DE.UTF-8"],
                          capture_output=True)
    require((tmp_path / "de_DE.UTF-8").is_dir(), f"a German locale is needed: {made.stderr.decode()[:80]}")
    patch = pd.Patch()
    patch.obj("setloc")
    box, start = patch.obj(f"wae-sampler {models}/plucks.pt 4 @gain 0.5"), patch.obj("loadbang")
    patch.connect(box, 1, patch.obj("print status"))
    patch.chain(patch.at(start, 10, "describe"), box)
    patch.at(start, 1500, "; pd quit")
    env = {**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": "de_DE.UTF-8"}
    run = pd.run_patch(patch.text(), tmp_path, batch=False, paths=(build,), env=env)
    assert "decimal point: ," in run.log
    assert run.printed("status", "loaded") and not run.printed("status", "error")
    assert "z2 - -3 3 0.25" in " ".join(run.printed("status", "control")).replace(",", ".")


def fuzzed(rng, model):
    """A random message, sensible or not."""
    number = rng.choice([lambda: f"{rng.uniform(-5, 90):.3g}",
                         lambda: rng.choice(["1e30", "-1e30", "0", "-1", "1e-30"])])
    words = rng.choice(["list", "note", "set", "stop", "voices", "latency", "fade", "gain", "duration", "steal", "bang",
                        "clip", "limit", "panic", "describe", "version", "stats", "load", "frobnicate"])
    if words == "steal":
        return "steal " + rng.choice(["oldest", "quietest", "none", "x"])
    if words == "load":
        return f"load {rng.choice([model, 'nowhere.pt'])}"
    if words in ("latency", "fade"):
        return f"{words} {rng.uniform(-10, 50):.3g}"
    return " ".join([words, *[number() for _ in range(rng.randrange(0, 7))]])


@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.long)])
def test_no_series_of_messages_crashes_or_passes_full_scale(build, models, tmp_path, count):
    rng = random.Random(count)
    messages = [fuzzed(rng, models / "plucks.pt") for _ in range(count)]
    patch = pd.Patch()
    patch.obj("text define fuzz")
    (tmp_path / "fuzz.txt").write_text("".join(f"{line};\n" for line in messages))
    box, start = patch.obj(f"wae-sampler {models}/chunked.pt 16"), patch.obj("bang")
    first = patch.obj("t b b b")
    patch.chain(patch.obj("loadbang"), first, start)
    patch.connect(first, 2, patch.msg("; pd dsp 1"))
    read = patch.msg("read fuzz.txt")
    patch.connect(first, 1, read)
    patch.chain(read, 0)
    clock, lines = patch.obj("metro 2"), patch.obj("text sequence fuzz")
    patch.chain(start, patch.msg("1"), clock, patch.msg("step"), lines, patch.obj("list trim"), box)
    silence, peak = patch.obj("abs~"), patch.obj("array define most 1")
    assert peak
    patch.chain(box, silence, patch.obj("-~ 1"), patch.obj("threshold~ 1e-6 1000 -1 1000"), patch.obj("print beyond"))
    patch.at(start, 2.0 * count + 500, "; pd quit")
    run = pd.run_patch(patch.text(), tmp_path, batch=False, late=True, paths=(build,), timeout=120,
                       env=FREED_IS_OVERWRITTEN)
    assert run.code == 0, "\n".join(run.log[-10:])
    assert not run.printed("beyond")


def test_the_limiter_holds_the_gain_of_a_large_model_too(play, tmp_path):
    model = small.save(small.Tone(RATE), tmp_path / "tone.pt", controls=[small.FREQUENCY])
    out = play(f"wae-sampler {model} 16 @gain 16", [(0, "list 440")], 0.5, limit=1, rate=RATE).arrays["out"]
    assert 0.95 < np.abs(out).max() <= 1


def test_the_level_that_a_model_asks_for_is_applied_unless_level_is_0(play, models, tmp_path):
    model = small.save(small.Plucks(), tmp_path / "soft.pt", level_db=-20.0)
    takes = [play(f"wae-sampler {model} 16 @level {level}", [(0, "list 0 0 0 0 60")], 0.5, rate=RATE).arrays["out"]
             for level in (0, 1)]
    assert np.abs(takes[0] - shifted_sum([(0, pluck(models, 0, 0, 0, 0, 60))], 0.5)).max() <= 1e-5
    np.testing.assert_allclose(takes[1], 0.1 * takes[0], atol=1e-6)
