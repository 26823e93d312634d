"""Decides how the servers of a test run are run, from DYNAMO_TEST_SERVERS.

Invariant: the choice is made once, is the first line of the run, and a wrong value fails the run.
"""

import os
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from shutil import which

from tests.servers.external import ExternalServers
from tests.servers.interface import Servers
from tests.servers.wheels import WheelServers

VARIABLE = "DYNAMO_TEST_SERVERS"
WAYS = ("auto", "wheels", "containers", "external")
ENGINE_DEADLINE_SECONDS = 2


class UnknownServersError(ValueError):
    """DYNAMO_TEST_SERVERS names no way to run servers."""


def choose(asked: str, *, engine_answers: Callable[[], bool]) -> str:
    """Return the way to run servers: what was asked, or for `auto` what this machine can do."""
    if asked not in WAYS:
        raise UnknownServersError(f"{VARIABLE}={asked}: expected one of {', '.join(WAYS)}")
    if asked != "auto":
        return asked
    return "containers" if engine_answers() else "wheels"


def engine_answers() -> bool:
    """Say whether a container engine answers within two seconds."""
    docker = which("docker")
    if docker is None:
        return False
    try:
        answer = subprocess.run(
            [docker, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            check=False,
            timeout=ENGINE_DEADLINE_SECONDS,
        )
    except (subprocess.TimeoutExpired, OSError):
        return False
    return answer.returncode == 0


def servers(environment: Mapping[str, str]) -> Servers:
    """Return the way to run servers that `environment` asks for."""
    way = choose(environment.get(VARIABLE, "auto"), engine_answers=engine_answers)
    if way == "external":
        return ExternalServers(environment)
    if way == "wheels":
        return WheelServers()
    from tests.servers.containers import ContainerServers  # imported late: costs a third of a second

    return ContainerServers()


@cache
def chosen_servers() -> Servers:
    """Return the way to run servers in this test run."""
    return servers(os.environ)


def headline(chosen: Servers) -> str:
    """Return the line that the run begins with."""
    versions = ", ".join(f"{name} {version}" for name, version in chosen.versions.items())
    return f"servers: {chosen.name} ({versions})"
