"""Every room has the same files, so that whoever knows one finds the way in all."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.contract.rooms.inspection import ROOMS, ROOT, decision_folders, room_module

FILES = ("README.md", "__init__.py", "__main__.py", "settings.py", "app.py", "metrics.py")
SHORT = 20  # lines
PAGE = 100  # lines


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", FILES)
def test_a_room_has_the_file(room: str, name: str) -> None:
    assert (ROOT / room / name).is_file()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_its_handlers_in_one_place(room: str) -> None:
    folder = ROOT / room

    assert (folder / "handlers.py").is_file() != (folder / "handlers" / "__init__.py").is_file()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_folder_of_decisions(room: str) -> None:
    assert decision_folders(room)


@pytest.mark.parametrize("room", ROOMS)
def test_the_entry_point_is_short_and_decides_nothing(room: str) -> None:
    source = (ROOT / room / "__main__.py").read_text(encoding="utf-8")

    defined = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(source.splitlines()) < SHORT
    assert defined == []


@pytest.mark.parametrize("room", ROOMS)
def test_the_room_says_what_it_is_for(room: str) -> None:
    described = {path.name: module_docstring(path) for path in (ROOT / room).rglob("*.py")}

    assert [name for name, text in described.items() if not text] == []
    assert callable(room_module(room, "app").app)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("section", ["settings", "metrics", "when it fails"])
def test_the_readme_has_the_section(room: str, section: str) -> None:
    headings = [line.lstrip("#").strip().lower() for line in readme(room).splitlines() if line.startswith("##")]

    assert section in headings


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("word", ["dynamo.", "etcd"])
def test_the_readme_names_subjects_and_keys(room: str, word: str) -> None:
    assert word in readme(room)


@pytest.mark.parametrize("room", ROOMS)
def test_the_readme_is_one_page(room: str) -> None:
    assert len(readme(room).splitlines()) <= PAGE


@pytest.mark.parametrize("room", ROOMS)
def test_decisions_wait_for_nothing_and_know_no_adapter(room: str) -> None:
    sources = [path for folder in decision_folders(room) for path in folder.rglob("*.py")]

    assert [str(path.relative_to(ROOT)) for path in sources if breaks_purity(path)] == []


def readme(room: str) -> str:
    """Return the page of a room."""
    return (ROOT / room / "README.md").read_text(encoding="utf-8")


def breaks_purity(path: Path) -> bool:
    """Return whether a module waits, or imports what only a shell may."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    shells = ("shared.runtime", "shared.bus", "shared.store", "shared.kube", "shared.assembly")
    waits = any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))
    return waits or any(name.startswith(shells) for name in imported)


def module_docstring(path: Path) -> str:
    """Return the docstring of a module."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
