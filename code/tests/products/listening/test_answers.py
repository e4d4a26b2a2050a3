"""The table of the listening test: intervals in closed form, no invented answers, errors that say what is wrong."""

import json

import numpy as np
import pytest
from latentsampler.products.listening.answers import interval, read_answers, summary, table


def write(folder, listener, ratings, sounds="abc"):
    """Write one listener's answers: system -> ratings, one per trial."""
    answers = [{"trial": f"note{k}", "system": system, "rating": value}
               for system, values in ratings.items() for k, value in enumerate(values)]
    path = folder / f"{listener}.json"
    path.write_text(json.dumps({"format": 1, "set": sounds, "listener": listener, "answers": answers}))
    return path


def test_without_answers_the_table_says_not_run():
    assert table([]) == "listening test: not run"


def test_three_listeners_give_students_interval(tmp_path):
    paths = [write(tmp_path, name, {"original": [100, 95], "ours": [60 + d, 70 + d]})
             for name, d in (("a", -5), ("b", 0), ("c", 5))]
    mean, half = summary(paths)["systems"]["ours"]
    assert mean == pytest.approx(65.0)
    assert half == pytest.approx(4.302653 * 5.0 / np.sqrt(3), rel=1e-5)  # t of 2 degrees of freedom, deviation 5


def test_one_listener_gives_a_mean_without_an_interval(tmp_path):
    text = table([write(tmp_path, "a", {"original": [100], "ours": [50]})])
    assert text.splitlines()[2].split() == ["ours", "50.0", "-"]
    assert text.splitlines()[-1] == "1 listener"


def test_intervals_hold_the_truth_in_95_percent_of_cases():
    drawn = np.random.default_rng(0).normal(50.0, 10.0, (2000, 6))
    held = [abs(mean - 50.0) <= half for mean, half in map(interval, drawn)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)  # three standard errors of 2,000 cases


def test_who_misses_the_hidden_original_in_more_than_15_percent_is_left_out(tmp_path):
    good = write(tmp_path, "good", {"original": [100] * 6 + [80], "ours": [40] * 7})  # 1 of 7 is 14 %
    deaf = write(tmp_path, "deaf", {"original": [100] * 5 + [80] * 2, "ours": [90] * 7})
    found = summary([good, deaf])
    assert (found["listeners"], found["left_out"]) == (1, 1)
    assert found["systems"]["ours"][0] == 40.0
    assert "not run; 1 left out" in table([deaf])


def test_the_best_system_comes_first(tmp_path):
    path = write(tmp_path, "a", {"worst": [5], "ours": [70], "original": [99]})
    assert list(summary([path])["systems"]) == ["original", "ours", "worst"]


@pytest.mark.parametrize(("ratings", "message"), [
    ({"original": [101]}, r"ratings in 0\.\.100 .*got 101"),
    ({"original": [float("nan")]}, r"ratings in 0\.\.100 .*got nan"),
    ({"original": [100, 100], "ours": [50]}, r"all 2 trials .*\['ours'\]"),
    ({}, "at least one answer .* and 0"),
])
def test_answers_that_make_no_sense_are_refused(tmp_path, ratings, message):
    with pytest.raises(ValueError, match=message):
        read_answers(write(tmp_path, "a", ratings))


def test_a_file_of_something_else_is_named(tmp_path):
    (tmp_path / "x.json").write_text("[1, 2]")
    with pytest.raises(ValueError, match="as the listening page saves them in .*x.json, got TypeError"):
        read_answers(tmp_path / "x.json")


def test_answers_to_different_sounds_or_twice_the_same_listener_do_not_mix(tmp_path):
    first = write(tmp_path, "a", {"original": [100]})
    with pytest.raises(ValueError, match="of the same sounds, got abc and xyz"):
        summary([first, write(tmp_path, "b", {"original": [100]}, sounds="xyz")])
    with pytest.raises(ValueError, match="one file per listener, got more of a"):
        summary([first, first])
