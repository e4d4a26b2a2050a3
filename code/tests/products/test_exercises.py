"""Claims about the check of a reader's answers, and about the exercises of every notebook."""

import json
import re

import pytest
from latentsampler.products.exercises import agrees, check

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


@pytest.mark.parametrize("answer, wanted, right", [
    (43.0, 43.07, True), (40.0, 43.07, False), (18, 18, True), (18.0, 18, True), (17, 18, False), (True, True, True),
    (False, True, False), (" Default ", "default", True), ("other", "default", False), (3, "default", False),
    (["b", "A"], ["a", "b"], True), (["a"], ["a", "b"], False), ("ab", ["a", "b"], False), ("43", 43.0, False)])
def test_an_answer_is_right_up_to_rounding_case_and_order(answer, wanted, right):
    assert agrees(answer, wanted) == right


def test_every_exercise_gets_a_line_and_one_without_an_answer_is_not_wrong(capsys):
    check({"1": None, "2": 5}, {"1": 3, "2": 5, "3": "x"})
    assert capsys.readouterr().out.splitlines() == [
        "exercise 1: no answer yet", "exercise 2: right", "exercise 3: no answer yet"]


def test_an_exercise_that_nobody_asked_is_named():
    with pytest.raises(ValueError, match="expected exercises 1, got 7"):
        check({"7": 1}, {"1": 1})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_ends_with_exercises_folded_solutions_and_a_check(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    first = max(k for k, text in enumerate(texts) if re.search(r"(?m)^## Exercises$", text))
    text = "\n".join(texts[first:]).partition("## Exercises")[2]
    exercises = re.findall(r"(?m)^(\d+)\. ", text)
    assert len(exercises) >= 2 and exercises == [str(k + 1) for k in range(len(exercises))]
    assert text.count("<details>") == text.count("</details>") == len(exercises)
    code = [text for cell, text in zip(cells[first:], texts[first:], strict=True) if cell["cell_type"] == "code"]
    assert any("check(" in text for text in code)
