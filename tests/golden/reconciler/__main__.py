"""Writes the golden files anew."""

from __future__ import annotations

from tests.golden.reconciler.renderings import FOLDER, NAMES, rendered


def main() -> None:
    """Write one file for each example, and remove those whose example is gone."""
    for stale in {path.name for path in FOLDER.glob("*.yaml")} - set(NAMES):
        (FOLDER / stale).unlink()
    for name in NAMES:
        (FOLDER / name).write_text(rendered(name))


if __name__ == "__main__":
    main()
