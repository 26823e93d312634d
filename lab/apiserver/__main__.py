"""Entry point of `python -m lab.apiserver`."""

from __future__ import annotations

import asyncio

from lab.apiserver.server import run
from lab.apiserver.settings import parse_settings


def main() -> None:
    """Read the command line and serve until told to stop."""
    asyncio.run(run(parse_settings()))


if __name__ == "__main__":
    main()
