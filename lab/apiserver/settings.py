"""Every knob of the server, as the command line gives them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run is told."""

    port: int = 0
    bind: str = "127.0.0.1"
    advertise: tuple[str, ...] = ()
    crds: tuple[Path, ...] = ()
    latency: float = 0.0
    kubeconfig_out: Path | None = None
    port_file: Path | None = None
    tls: bool = True
    garbage_collector: bool = True
    compaction: float = 0.0
    audit_log: Path | None = None
    data: Path | None = None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.apiserver",
        description="An embedded Kubernetes API server, in memory, on the loopback address.",
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="port to listen on; 0 picks a free one (default 0)")
    add("--bind", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default 127.0.0.1)")
    add(
        "--advertise",
        action="append",
        default=[],
        metavar="HOST",
        help="further names for the certificate; the first stands in the kubeconfig",
    )
    add(
        "--crd",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="file or folder of CustomResourceDefinitions; may be repeated",
    )
    add(
        "--latency",
        type=float,
        default=0.0,
        metavar="MS",
        help="delay of every request in milliseconds; watch events are not delayed",
    )
    add("--kubeconfig-out", type=Path, metavar="FILE", help="where to write a kubeconfig with a client certificate")
    add("--port-file", type=Path, metavar="FILE", help="where to write the port once requests are answered")
    add("--no-tls", action="store_true", help="plain HTTP without authentication, on the loopback address only")
    add("--no-garbage-collector", action="store_true", help="leave dependents and deletion finalizers alone")
    add(
        "--compaction",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="forget history older than this (0 = bounded by size only)",
    )
    add(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="keep the cluster and its keys here: read at the start, written at the end and on SIGHUP",
    )
    add("--audit-log", type=Path, metavar="FILE", help="append every write with its answer, as audit.k8s.io/v1 events")
    return parser


def parse_settings(arguments: Sequence[str] | None = None) -> Settings:
    """Read the command line; exits with status 2 on wrong usage."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.no_tls and given.bind not in ("127.0.0.1", "::1", "localhost"):
        parser.error("--no-tls has no authentication, so it listens on the loopback address only")
    return Settings(
        port=given.port,
        bind=given.bind,
        advertise=tuple(given.advertise),
        crds=tuple(given.crd),
        latency=given.latency / 1000,
        kubeconfig_out=given.kubeconfig_out,
        port_file=given.port_file,
        tls=not given.no_tls,
        garbage_collector=not given.no_garbage_collector,
        compaction=given.compaction,
        data=given.data,
        audit_log=given.audit_log,
    )
