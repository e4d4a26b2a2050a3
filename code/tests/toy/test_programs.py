"""The instruments that Csound and Pure Data play: same table, same truth, skipped where the program is missing."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from toyset import check, programs
from toyset.plan import plan, sample

from tests.conftest import require
from tests.toy.test_truth import cents_off, wrong


@pytest.fixture(scope="module")
def both(make_toy, tmp_path_factory):
    """Folder with the notes of every program that is installed, made by the command."""
    folder = tmp_path_factory.mktemp("toy") / "programs"
    done = make_toy("--out", folder, "--small", "--with", "csound", "--with", "pd")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(params=sorted(programs.PROGRAMS))
def played(request, both, rows):
    """Folder and rows of one program's notes."""
    program = programs.PROGRAMS[request.param]
    require(program.is_here(), f"program {program.executable} expected on the PATH, found none")
    return both, [row for row in rows(both) if row["Instrument (in full)"] == program.timbre.name]


def test_f0_level_and_length_are_those_of_the_table(played, sound):
    folder, notes = played
    assert len(notes) == 9
    for row in notes:
        x = sound(folder, row)
        assert x.shape == (32768,)
        assert abs(cents_off(x, row)) <= 5.0
        loudest = np.sqrt(np.mean(np.lib.stride_tricks.sliding_window_view(x, 2205)[::64] ** 2, axis=1)).max()
        assert 20 * np.log10(loudest) == pytest.approx({"pp": -38, "mf": -29, "ff": -20}[row["Dynamics"]], abs=0.1)


def test_vibrato_and_attack_are_those_of_the_table(played, sound):
    folder, notes = played
    slack = 7.0 if notes[0]["Instrument (abbr.)"] == "CsC" else 0.0  # grains take 3 ms to rise and 20 to add up
    complaints = [text for row in notes for text in wrong(sound(folder, row), row) if "attack_ms" not in text]
    assert complaints == []
    for row in notes:
        known, f0 = float(row["attack_ms"]), float(row["f0_hz"])
        assert check.measured(sound(folder, row), row, f0)["attack_ms"] == pytest.approx(
            known, abs=0.2 * known + 0.5 + 350.0 / f0 + slack)


def test_the_same_notes_are_rendered_to_the_same_samples_alone_or_among_others(played, sound):
    folder, rows = played
    program = next(p for p in programs.PROGRAMS.values() if p.timbre.name == rows[0]["Instrument (in full)"])
    notes = sample(plan(0, [program.timbre]))
    for chosen in (4, 8):
        alone = programs.render(program, [notes[chosen]])[0]
        assert np.array_equal(alone, soundfile.read(folder / rows[chosen]["Path"], dtype="int16")[0])


def test_a_program_that_fails_is_an_error_with_what_it_said():
    program = programs.PROGRAMS["csound"]
    notes = sample(plan(0, [program.timbre]))[:1]
    with pytest.raises(programs.ProgramError, match="(?s)expected exit status 0, got 2.*cannot access"):
        programs.render(replace(program, executable="ls", command=("no-such-file",)), notes)
    with pytest.raises(programs.ProgramError, match=r"expected 0.wav to be rendered, got no such file"):
        programs.render(replace(program, executable="true", command=()), notes)
