"""The problem set: fresh numbers for each student, the same each time, graded."""

import pytest

from d2l_lite.lab import ask, check
from d2l_lite.lab.problems import PROBLEMS, problem

STUDENTS = [f"student {n}" for n in range(20)]


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_student_gets_numbers_that_stay(name):
    prompts = {problem(name, student)[0] for student in STUDENTS}
    assert len(prompts) > 5 if name == "04.2" else len(prompts) > 15
    assert problem(name, "Ada")[0] == problem(name, "Ada")[0]


@pytest.mark.parametrize("name", PROBLEMS)
def test_right_answers_and_slips_are_told_apart(name, capsys):
    for student in STUDENTS:
        _, exercise = problem(name, student)
        check(name, exercise.answer, student=student)
        assert capsys.readouterr().out == f"right: {exercise.why}\n"
        for slip, hint in exercise.slips.items():
            if slip != exercise.answer:
                check(name, slip, student=student)
                assert capsys.readouterr().out == f"not right: {hint}\n"


def test_answers_worked_out_by_hand(capsys):
    _, exercise = problem("02.1", "Ada")
    ask("02.1", student="Ada")
    numbers = [
        int(w.strip("?")) for w in capsys.readouterr().out.split() if w[0].isdigit()
    ]
    before, after, k, _ = numbers
    assert exercise.answer == before * k * k * after + after


def test_an_exercise_without_numbers_is_refused():
    with pytest.raises(ValueError, match=r"there are 01\.1, 02\.1"):
        ask("03.3", student="Ada")


def test_without_a_student_it_is_the_books_own(capsys):
    check("01.1", 4690)
    assert capsys.readouterr().out.startswith("right: ")
