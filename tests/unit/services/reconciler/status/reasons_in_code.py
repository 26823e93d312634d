"""Finds the reasons that the reconciler's code can give, by reading it.

A reason stands where a condition, an Event or a problem is made; what is computed there (`f"{kind}Ready"`) is found as
a pattern with a star. What is passed on from another object (`problem.code`) was found where that object was made.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from services.reconciler.status import pods
from services.reconciler.status.obstacles import Stage

ROOT = Path(__file__).resolve().parents[5]
LIST = "reasons.py"
FOLDER = ROOT / "services" / "reconciler"
# Where the reason stands in the arguments of what carries one.
POSITIONS = {
    "RenderError": 1,
    "Problem": 2,
    "Blocker": 1,
    "Condition": 2,
    "Note": 1,
    "Caution": 0,
    "Obstacle": 2,
    "_summary": 2,
}
KEYWORDS = {"code", "reason"}
READINESS = re.compile(r"[A-Z][A-Za-z]+?(Not)?Ready")  # also where it waits in a table
OF_CONTROLLERS = {"ReplicaFailure", "ProgressDeadlineExceeded"}  # given on from a Deployment's conditions
TYPES = {"DynamoComponentReady"}  # of conditions


def reasons_in_code() -> set[str]:
    """Return every reason that is written down, `*` for what is computed."""
    found = {reason for path in FOLDER.rglob("*.py") if path.name != LIST for reason in _reasons_of(path)}
    return found - TYPES | {stage.value for stage in Stage} | pods._REMEDIES.keys() | OF_CONTROLLERS


def _reasons_of(path: Path) -> Iterator[str]:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and READINESS.fullmatch(node.value):
            yield node.value
        name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
        if not isinstance(node, ast.Call) or name not in POSITIONS:
            continue
        position = POSITIONS[name]
        given = [argument.value for argument in node.keywords if argument.arg in KEYWORDS]
        given += node.args[position : position + 1]
        yield from (reason for argument in given for reason in _texts(argument, module, tree))


def _texts(node: ast.expr, module: str, tree: ast.Module) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, module, tree)
        yield from _texts(node.orelse, module, tree)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    elif isinstance(node, ast.Name):
        value = getattr(importlib.import_module(module), node.id, None)
        if isinstance(value, str):
            yield value
        for each in ast.walk(tree):
            if isinstance(each, ast.Assign) and any(ast.unparse(target) == node.id for target in each.targets):
                yield from (text for text in _texts(each.value, module, tree) if text)
