"""Every exercise's checker takes the right answer, and refuses silence and usual mistakes."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ANSWERS = {
    path.stem: import_module(f"answers.{path.stem}")
    for path in sorted((Path(__file__).parent / "answers").glob("ch*.py"))
}
CHECKERS = {name: import_module(f"helpers.check.{name}") for name in ANSWERS}
RIGHT = [(name, ex) for name, known in ANSWERS.items() for ex in known.RIGHT]
WRONG = [
    (name, ex, place)
    for name, known in ANSWERS.items()
    for ex, answers in known.WRONG.items()
    for place in range(len(answers))
]


def test_every_checker_has_a_right_answer_and_two_wrong_ones() -> None:
    folder = Path(import_module("helpers.check").__path__[0])
    assert [path.stem for path in sorted(folder.glob("ch*.py"))] == list(ANSWERS)
    for name, known in ANSWERS.items():
        exercises = {ex for ex in dir(CHECKERS[name]) if ex.startswith("ex_")}
        assert set(known.RIGHT) == set(known.WRONG) == exercises
        assert all(len(wrong) >= 2 for wrong in known.WRONG.values())


@pytest.mark.parametrize(("name", "ex"), RIGHT)
def test_the_right_answer_is_accepted(name: str, ex: str, capsys: Any) -> None:
    assert getattr(CHECKERS[name], ex)(ANSWERS[name].RIGHT[ex])
    assert capsys.readouterr().out.startswith("✓")


@pytest.mark.parametrize(("name", "ex"), RIGHT)
@pytest.mark.parametrize("nothing", [None, ...])
def test_silence_is_refused_kindly(name: str, ex: str, nothing: Any, capsys: Any) -> None:
    assert not getattr(CHECKERS[name], ex)(nothing)
    assert "nothing to check yet" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "ex", "place"), WRONG)
def test_a_usual_mistake_gets_a_hint(name: str, ex: str, place: int, capsys: Any) -> None:
    assert not getattr(CHECKERS[name], ex)(ANSWERS[name].WRONG[ex][place])
    assert "hint" in capsys.readouterr().out
