"""The simulator's log: one line per noteworthy thing, on standard error."""

import logging
import sys

log = logging.getLogger("dynamo-simulator")


def configure(level: str) -> None:
    """Write log lines of `level` and above to standard error."""
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
