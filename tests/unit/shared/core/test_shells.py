"""Texts for a shell within a command."""

from __future__ import annotations

import pytest

from shared.core.shells import script_at, syntax_error, unreadable


@pytest.mark.rule("W-26")
@pytest.mark.parametrize(
    ("words", "index"),
    [
        pytest.param(["/bin/sh", "-c", "run"], 2, id="behind the option"),
        pytest.param(["bash", "-lc", "run", "name"], 2, id="among other options"),
        pytest.param(["bash", "-euo", "pipefail", "-c", "run"], 4, id="behind an option with a value"),
        pytest.param(["bash", "--login", "-c", "--", "run"], 4, id="behind the end of options"),
        pytest.param(["/bin/sh", "-c"], None, id="no text"),
        pytest.param(["/bin/sh", "run.sh"], None, id="a file"),
        pytest.param(["/bin/sh", "+c", "run"], None, id="an option switched off"),
        pytest.param(["python3", "-c", "run"], None, id="no shell"),
        pytest.param(["flush", "-c", "run"], None, id="a name that ends like a shell"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_finds_the_text_that_a_shell_is_told_to_run(words: list[str], index: int | None) -> None:
    assert script_at(words) == index


@pytest.mark.rule("W-23")
@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param("python3 -m x --a '{\"b\": 1}'", "", id="quotes that are closed"),
        pytest.param("echo 'open", "No closing quotation", id="an open quote"),
        pytest.param('echo "open', "No closing quotation", id="an open double quote"),
        pytest.param("echo open\\", "No escaped character", id="nothing behind a backslash"),
        pytest.param("# don't\npython3 -m x", "", id="a quote in a comment"),
        pytest.param("cat <<E\ndon't\nE\npython3 -m x", "", id="a text within is left to the shell"),
        pytest.param('echo "$(echo \'it"s\')"', "", id="a command within is left to the shell"),
    ],
)
def test_knows_a_text_that_no_shell_can_read(script: str, error: str) -> None:
    assert syntax_error(script) == error


@pytest.mark.rule("W-23")
@pytest.mark.parametrize(
    ("command", "args", "expected"),
    [
        (["sh", "-c"], ["echo 'x"], ("args[0]", "No closing quotation")),
        (["sh", "-c", "echo 'x"], ["y"], ("command[2]", "No closing quotation")),
        (["sh", "-c"], ["echo x", "'"], None),
        (["echo", "'"], [], None),
        (["sh", "-c"], [], None),
    ],
)
def test_tells_where_the_unreadable_text_stands(
    command: list[str], args: list[str], expected: tuple[str, str] | None
) -> None:
    assert unreadable(command, args) == expected
