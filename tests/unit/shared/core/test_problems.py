"""Who hears of a server's problem."""

from __future__ import annotations

from shared.core.problems import Problem


def test_a_listener_hears_how_it_is_and_each_change_once() -> None:
    problem, heard = Problem(), list[str]()
    problem.listen(heard.append)

    for text in ("", "full", "full", ""):
        problem.say(text)

    assert heard == ["", "full", ""]


def test_a_late_listener_hears_of_the_problem() -> None:
    problem, heard = Problem(), list[str]()
    problem.say("full")

    problem.listen(heard.append)

    assert heard == ["full"]
