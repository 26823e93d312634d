"""Read what the tests name in `@pytest.mark.rule`, without running them.

Separate from the addresses because it knows Python only. Invariant: every mark that pytest would see is read, on a
function or class, in `pytest.param(..., marks=...)`, in a module's `pytestmark`, and written as `*(... for ... in
range(...))`; a mark whose words are not in the file is refused, since it could not be counted.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


class UnreadableMarkError(Exception):
    """A mark's words are computed in a way that cannot be read from the file."""


def marks(folder: Path) -> set[str]:
    """Return what the tests below a folder name in `@pytest.mark.rule`."""
    return {mark for path in sorted(folder.rglob("*.py")) for mark in _marks_in(path)}


def _marks_in(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if "mark.rule" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
            for argument in node.args:
                yield from _words(argument, path)


def _words(argument: ast.expr, path: Path) -> list[str]:
    expression = argument.value if isinstance(argument, ast.Starred) else argument
    names = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    if names - bound - {"range"}:
        raise UnreadableMarkError(f"{path}:{argument.lineno}: write the rule's address out: {ast.unparse(argument)}")
    # Literals, f-strings and comprehensions over range alone come this far.
    value = eval(compile(ast.Expression(expression), str(path), "eval"), {"__builtins__": {"range": range}})
    return [str(each) for each in value] if isinstance(argument, ast.Starred) else [str(value)]
