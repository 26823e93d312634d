"""The documentation names only what exists: pages, files, commands, targets and settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer.main

from cli.app import application
from scripts import reference_pages
from scripts.reference_pages import generate
from shared.api.platform import setting_paths
from shared.runtime.settings import ServiceSettings, names_of
from shared.runtime.settings_sources import SERVICES
from tests.contract.docs.pages import ROOT, Page, pages
from tests.contract.rooms.inspection import settings_of

PAGES = pages()
WRITTEN = [page for page in PAGES if "adr" not in page.path.parts]
GENERATED = sorted(generate())
OTHERS = {"DYNAMO_TEST_SERVERS", "DYNAMO_CONFORMANCE", "DYNAMO_USER"}  # of tests and of docker-compose.yml
STREAMS = {"DYNAMO_CHANGES", "DYNAMO_DECISIONS", "DYNAMO_DLQ"}
AT_RUN_TIME = {"stack.json"}
SOURCES = ("charts", "cli", "docs", "examples", "lab", "scripts", "services", "shared", "tests")
COMMANDS: dict[str, Any] = getattr(typer.main.get_command(application()), "commands", {})
FILES = {str(path.relative_to(ROOT)) for folder in SOURCES for path in (ROOT / folder).rglob("*.*")}

each_page = pytest.mark.parametrize("page", PAGES, ids=str)
each_written_page = pytest.mark.parametrize("page", WRITTEN, ids=str)


@each_page
def test_every_link_leads_to_a_file_or_heading(page: Page) -> None:
    broken = [link for link in page.links if not leads_somewhere(page, link)]

    assert broken == []


@each_written_page
def test_every_file_that_is_named_exists(page: Page) -> None:
    missing = [path for path in page.paths if not is_known(path)]

    assert missing == []


@each_written_page
def test_every_target_of_make_exists(page: Page) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)`", page.text)) - targets == set()


@each_written_page
def test_every_setting_that_is_named_exists(page: Page) -> None:
    known = {
        names.variable(field)
        for service in SERVICES
        for names in (names_of(settings_of(service), service), names_of(ServiceSettings, service))
        for field in names.fields
    }
    named = {name for name in re.findall(r"\bDYNAMO_[A-Z_]+\b", page.text) if not name.endswith("_")}

    assert named - known - STREAMS - OTHERS == set()


@each_written_page
def test_every_setting_of_the_platform_that_is_named_exists(page: Page) -> None:
    named = set(re.findall(r"\bplatform\.([a-z][A-Za-z]+(?:\.[a-z][A-Za-z]+)?)", page.text))

    assert named - set(setting_paths()) - {path.partition(".")[0] for path in setting_paths()} == set()


@each_written_page
def test_every_command_and_option_of_dynamoctl_that_is_named_exists(page: Page) -> None:
    unknown = [
        f"dynamoctl {name} {option}".strip() for name, option in named_commands(page) if not offers(name, option)
    ]

    assert unknown == []


@each_written_page
def test_every_manifest_that_is_applied_or_rendered_exists(page: Page) -> None:
    files = re.findall(r"\b(?:kubectl|dynamoctl) [^\n`|]*?-f ([\w./-]+\.yaml)", page.text)

    assert [file for file in files if file.startswith("examples/") and not (ROOT / file).exists()] == []


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_what_the_code_describes(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == generate()[name]


def test_the_check_names_the_page_that_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference_pages, "FOLDER", tmp_path)
    reference_pages.main([])
    (tmp_path / "cli.md").write_text("by hand\n")

    code = reference_pages.main(["--check"])

    assert code == 1
    assert capsys.readouterr().err == "docs/cli.md is not what the code describes: run `make docs`\n"


def test_the_picture_is_an_image_with_a_description() -> None:
    picture = ElementTree.parse(ROOT / "docs" / "architecture.svg").getroot()

    assert picture.tag.endswith("svg")
    assert picture.get("aria-label")


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {str(page) for page in PAGES if "adr" not in page.path.parts} - {"README.md"}

    assert sorted(name for name in named if name not in readme) == []


def test_the_page_on_architecture_leads_to_every_decision() -> None:
    architecture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert [path.name for path in sorted((ROOT / "docs/adr").glob("*.md")) if path.name not in architecture] == []


def leads_somewhere(page: Page, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = (page.path.parent / file).resolve() if file else page.path
    if not target.exists():
        return False
    return not anchor or anchor in Page(target).anchors


def named_commands(page: Page) -> Iterator[tuple[str, str]]:
    """Yield each command of dynamoctl on a page, alone and with each of its options."""
    for line in re.findall(r"\bdynamoctl ([a-z][^\n`|#]*)", page.text):
        words = line.split()
        group = words[0] in COMMANDS and hasattr(COMMANDS[words[0]], "commands")
        name = " ".join(words[: 2 if group and len(words) > 1 and words[1].isalpha() else 1])
        yield name, ""
        yield from ((name, option) for option in re.findall(r"(?<!\S)(--[a-z][a-z-]*)", line))


def offers(name: str, option: str) -> bool:
    """Return whether dynamoctl has a command, and the command an option."""
    found: Any = typer.main.get_command(application())
    for word in name.split():
        found = getattr(found, "commands", {}).get(word)
    return found is not None and (
        not option or any(option in (*each.opts, *each.secondary_opts) for each in found.params) or option == "--help"
    )


def is_known(path: str) -> bool:
    """Return whether a path exists from the root; a page may leave out the folder that it speaks of."""
    return path in AT_RUN_TIME or (ROOT / path).exists() or any(file.endswith(f"/{path}") for file in FILES)
