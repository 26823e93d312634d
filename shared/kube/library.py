"""The parts of `kubernetes_asyncio` that read configurations, without the models that come with any import of it.

The library's packages import every API class and 768 model modules when they are imported: 38 MiB and a quarter of a
second of each process, for classes that nobody here uses, since requests are our own. So while its configuration is
imported, three packages stand there bare, with their place on disk and nothing executed. Invariant: whoever imports the
whole library, before or after this module, gets all of it, and the same classes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_BARE = ("kubernetes_asyncio", "kubernetes_asyncio.client", "kubernetes_asyncio.client.models")


@contextmanager
def _bare_packages() -> Iterator[Any]:
    """Let modules be imported from packages that are not executed; give the bare `client`."""
    if _BARE[0] in sys.modules:  # somebody has the whole library already
        yield ModuleType("unused")
        return
    for name in _BARE:
        _stand_in(name)
    try:
        yield sys.modules[_BARE[1]]
    finally:
        for name in _BARE:
            del sys.modules[name]


def _stand_in(name: str) -> None:
    spec = find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = sys.modules[name] = ModuleType(name)
    module.__spec__, module.__path__ = spec, list(spec.submodule_search_locations or ())
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, module)


with _bare_packages() as _client:
    from kubernetes_asyncio.client.configuration import Configuration

    _client.Configuration = Configuration
    from kubernetes_asyncio.client.api_client import ApiClient

    _client.ApiClient = ApiClient
    from kubernetes_asyncio.config import ConfigException, load_incluster_config, load_kube_config

__all__ = ("ConfigException", "Configuration", "load_incluster_config", "load_kube_config")
