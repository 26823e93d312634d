"""Both lock files satisfy pyproject.toml, hold a hash for every package, and say nothing about this machine."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[3]
SERVICES, EVERYTHING = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?: ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")

each_lock = pytest.mark.parametrize("lock", [SERVICES, EVERYTHING], ids=lambda lock: lock.name)


@dataclass(slots=True)
class Package:
    """One package of a lock file."""

    version: Version
    hashes: int = 0


def packages(lock: Path) -> dict[str, Package]:
    found: dict[str, Package] = {}
    current: Package | None = None
    for line in lock.read_text(encoding="utf-8").splitlines():
        match = PINNED.match(line)
        if match:
            current = found.setdefault(canonicalize_name(match["name"]), Package(Version(match["version"])))
        elif HASH.match(line) and current is not None:
            current.hashes += 1
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def wanted(*extras: str) -> list[Requirement]:
    optional = project()["project"]["optional-dependencies"]
    texts = [*project()["project"]["dependencies"], *(text for extra in extras for text in optional[extra])]
    return [each for each in map(Requirement, texts) if each.name != "dynamo-platform"]


def unsatisfied(lock: Path, requirements: list[Requirement]) -> list[str]:
    held = packages(lock)
    return [
        str(each)
        for each in requirements
        if canonicalize_name(each.name) not in held or held[canonicalize_name(each.name)].version not in each.specifier
    ]


def test_the_lock_of_the_services_satisfies_the_dependencies() -> None:
    assert unsatisfied(SERVICES, wanted()) == []


def test_the_lock_of_everything_satisfies_the_extras_too() -> None:
    assert unsatisfied(EVERYTHING, wanted("lab", "dev")) == []


def test_the_lock_of_everything_holds_the_build_back_end() -> None:
    assert unsatisfied(EVERYTHING, [Requirement(text) for text in project()["build-system"]["requires"]]) == []


def test_what_both_locks_hold_has_one_version() -> None:
    services, everything = packages(SERVICES), packages(EVERYTHING)
    differing = {name for name, held in services.items() if everything[name].version != held.version}

    assert differing == set()


def test_the_services_do_not_get_the_tools_of_lab_and_tests() -> None:
    names = {canonicalize_name(each.name) for each in wanted("lab", "dev")} - {
        canonicalize_name(each.name) for each in wanted()
    }

    assert names & set(packages(SERVICES)) == set()


@each_lock
def test_every_package_has_hashes(lock: Path) -> None:
    assert [name for name, package in packages(lock).items() if not package.hashes] == []


@each_lock
def test_every_line_is_a_package_a_hash_or_a_remark(lock: Path) -> None:
    lines = lock.read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if not (line.startswith("#") or PINNED.match(line) or HASH.match(line))] == []


@each_lock
def test_no_line_holds_a_path_an_address_or_an_option(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")

    assert re.findall(r"://|@ |file:|\.\./|/home/|--(?!hash=)[a-z-]+", text) == []
