"""Asks a server's own HTTP interface what it says of itself: who leads, who is a member, whether it is well.

Separate because the launcher must learn this without any client library of the server. Invariants: loopback is never
asked through a proxy; a server that is down, paused or not ready gives no answer, which is no error.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

PATIENCE = timedelta(seconds=1)

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answer(url: str, question: Mapping[str, Any] | None = None, *, within: timedelta = PATIENCE) -> dict[str, Any]:
    """Return the JSON object that `url` answers (to a POST where there is a question), empty when it gives none."""
    body = None if question is None else json.dumps(question).encode()
    try:
        with _OPENER.open(urllib.request.Request(url, data=body), timeout=within.total_seconds()) as reply:
            found = json.loads(reply.read())
    except (OSError, ValueError):  # HTTPError is one of the first
        return {}
    return found if isinstance(found, dict) else {}
