"""What the lab's API server counts: requests by who asked, with which verb, for what."""

from __future__ import annotations

import base64
import ssl
import tempfile
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import orjson
import yaml

from lab.launcher.stacks import Stack


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Requests by user agent, and by user agent, verb and resource."""

    by_client: Counter[str] = field(default_factory=Counter)
    by_call: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def __sub__(self, before: Self) -> RequestCounts:
        """Return what was added since an earlier count."""
        return RequestCounts(self.by_client - before.by_client, self.by_call - before.by_call)

    def text(self) -> str:
        """Return the counts as one line, the busiest client first."""
        total = sum(self.by_client.values())
        return f"{total} (" + ", ".join(f"{name} {count}" for name, count in self.by_client.most_common()) + ")"


def request_counts(stack: Stack) -> RequestCounts:
    """Ask the lab's API server what it has counted."""
    with urllib.request.urlopen(f"{stack.api_url}/lab/requests", timeout=5, context=_tls(stack)) as answer:
        counted = orjson.loads(answer.read())
    by_client: Counter[str] = Counter()
    by_call: Counter[tuple[str, str, str]] = Counter()
    for row in counted["requests"]:
        by_client[_client(row["agent"])] += row["count"]
        by_call[_client(row["agent"]), row["verb"], row["resource"]] += row["count"]
    return RequestCounts(by_client, by_call)


def _client(agent: str) -> str:
    """Return the name of a client without its version."""
    return agent.partition("/")[0]


def _tls(stack: Stack) -> ssl.SSLContext:
    config = yaml.safe_load(Path(stack.kubeconfig).read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(_decoded(user["client-certificate-data"]) + "\n" + _decoded(user["client-key-data"]))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _decoded(data: str) -> str:
    return base64.b64decode(data).decode()
