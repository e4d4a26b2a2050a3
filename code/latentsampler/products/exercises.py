"""Answers of a reader -> right or wrong, without a network."""

import math


def check(answers, expected, tolerance=0.02):
    """Print, for each exercise, whether the reader's answer is right.

    Parameters
    ----------
    answers : dict
        Exercise -> a number, a text, a list (in any order), or None where there is no answer yet.
    expected : dict
        Exercise -> what the answer should be; the same types.
    tolerance : float
        Largest relative error of a number that is not whole.

    Raises
    ------
    ValueError
        If an exercise has no expected answer.
    """
    if unknown := sorted(answers.keys() - expected.keys()):
        raise ValueError(f"expected exercises {', '.join(expected)}, got {', '.join(map(str, unknown))}")
    for exercise, wanted in expected.items():
        answer = answers.get(exercise)
        told = "no answer yet" if answer is None else "right" if agrees(answer, wanted, tolerance) else "not yet"
        print(f"exercise {exercise}: {told}")


def agrees(answer, wanted, tolerance=0.02):
    """Return whether an answer is what is wanted: texts without regard to case, lists to order, numbers to rounding.

    Parameters
    ----------
    answer, wanted : float, int, bool, str or list
        What the reader gave, and what is right.
    tolerance : float
        Largest relative error of a number that is not whole.

    Returns
    -------
    bool
        True if they agree.
    """
    if isinstance(wanted, str):
        return isinstance(answer, str) and answer.strip().lower() == wanted.lower()
    if isinstance(wanted, list | tuple | set):
        return not isinstance(answer, str) and sorted(map(_plain, answer)) == sorted(map(_plain, wanted))
    if isinstance(wanted, int):  # a bool, too
        return answer == wanted
    return isinstance(answer, int | float) and math.isclose(answer, wanted, rel_tol=tolerance)


def _plain(item):
    return str(item).strip().lower()
