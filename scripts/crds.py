"""Write the six CustomResourceDefinitions from `shared.api`, or check that the files are what would be written.

python -m scripts.crds [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from shared.api.crds import DEFINITIONS, crd, file_name

FOLDER = Path(__file__).resolve().parent.parent / "charts" / "crds" / "templates"
HEADER = "# Generated from shared/api by `make crds`. Edit the models, not this file.\n"


def generate() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {
        file_name(each): HEADER + yaml.safe_dump(crd(each), sort_keys=False, width=120, allow_unicode=True)
        for each in DEFINITIONS
    }


def stale(folder: Path) -> list[str]:
    """Return the names of the files that are missing, differ or should not be there."""
    wanted = generate()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    if arguments == ["--check"]:
        names = stale(FOLDER)
        for name in names:
            print(f"{FOLDER / name} is not what shared/api describes: run `make crds`", file=sys.stderr)
        return 1 if names else 0
    if arguments:
        print("usage: python -m scripts.crds [--check]", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in generate().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
