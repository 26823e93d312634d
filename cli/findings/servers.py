"""What is wrong with the servers: local processes, the API server with its definitions, NATS with its streams, etcd."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cli.findings.evidence import Evidence, StoreSeen, Unseen
from cli.findings.finding import Finding, Topic, counted, error, listed, ok, warning
from shared.api.crds import DEFINITIONS, crd
from shared.bus.provisioning import stream_configuration
from shared.contracts.keys import PARTITIONS
from shared.contracts.streams import INSTALL_KEY, stream_specs
from shared.core.json import Manifest, items, mapping, text
from shared.ports.bus import StreamState

FULL = 0.8  # share of the storage from which it is worth a look
_PROVISION = "dynamoctl provision"
_OWN_CHOICE = {"max_age", "max_bytes", "num_replicas", "metadata"}  # what an installation sets as it likes
_ALARMS = {
    "NOSPACE": "free space: etcdctl compact and defrag, or a larger quota; then etcdctl alarm disarm",
    "CORRUPT": "replace the damaged member; etcdctl alarm list names it",
}


def of_stack(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of the processes of a local stack."""
    if evidence.processes is None:
        return
    for process in evidence.processes:
        subject = f"process {process.name}"
        if not process.is_running:
            yield error(Topic.STACK, subject, "it has ended", f"read {process.log}, then dynamoctl down and up")
        elif process.waits_for:
            yield warning(Topic.STACK, subject, f"not ready: {process.waits_for}", f"dynamoctl logs {process.name}")
    running = sum(process.is_running for process in evidence.processes)
    if running == len(evidence.processes):
        yield ok(Topic.STACK, "processes", f"{running} of {running} run")


def of_cluster(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of the API server."""
    seen = evidence.cluster
    if isinstance(seen, Unseen):
        yield error(Topic.CLUSTER, "API server", seen.reason, "start it, or name another one with --kubeconfig")
        return
    yield ok(Topic.CLUSTER, "API server", f"answers, {seen.version}")
    wanted = {each["metadata"]["name"]: each for each in map(crd, DEFINITIONS)}
    found = [_definition(name, each, seen.definitions.get(name)) for name, each in wanted.items()]
    yield from (each for each in found if each is not None)
    if not any(found):
        yield ok(Topic.CLUSTER, "definitions", f"{len(wanted)} of {len(wanted)} are served as this version wants them")
    if seen.denied:
        todo = "ask for a role with these rights; what needs them is left out here"
        yield warning(Topic.CLUSTER, "permissions", f"this user may not {listed(seen.denied)}", todo)


def _definition(name: str, wanted: Manifest, live: Manifest | None) -> Finding | None:
    subject = f"CRD {name}"
    if live is None:
        return error(Topic.CLUSTER, subject, "it does not exist, so no object of it can", _PROVISION)
    conditions = {text(each, "type"): text(each, "status") for each in items(live, "status", "conditions")}
    if conditions.get("Established") != "True":
        return error(Topic.CLUSTER, subject, "the API server does not serve it", f"kubectl describe crd {name}")
    served = {text(each, "name"): each for each in items(live, "spec", "versions")}
    for version in items(wanted, "spec", "versions"):
        if text(version, "name") not in served:
            return error(Topic.CLUSTER, subject, f"it lacks version {text(version, 'name')}", _PROVISION)
        if mapping(served[text(version, "name")], "schema") != mapping(version, "schema"):
            return warning(Topic.CLUSTER, subject, "its schema is not that of this version", _PROVISION)
    return None


def of_nats(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of NATS and the streams."""
    seen = evidence.bus
    if isinstance(seen, Unseen):
        yield error(Topic.NATS, "NATS", seen.reason, "start it, or name other servers with --nats")
        return
    for spec in stream_specs():
        wanted = stream_configuration(spec, install=evidence.install, replicas=1)
        yield from _stream(spec.name, seen.streams.get(spec.name), wanted, evidence.install)
    size = sum(state.size for state in seen.streams.values() if state is not None)
    if seen.limit and size > FULL * seen.limit:
        seen_text = f"{_bytes(size)} of {_bytes(seen.limit)} are taken"
        yield warning(Topic.NATS, "storage", seen_text, "raise the limit, or shorten watcher.decisions_age")


def _stream(name: str, state: StreamState | None, wanted: dict[str, object], install: str) -> Iterator[Finding]:
    subject = f"stream {name}"
    if state is None:
        todo = f"start the watcher, which makes it within seconds, or {_PROVISION}"
        yield error(Topic.NATS, subject, "it does not exist: nothing can be stored in it", todo)
        return
    owner = state.metadata.get(INSTALL_KEY, "")
    if owner != install:
        todo = "name the installation with --install, or give each one its own NATS"
        yield error(Topic.NATS, subject, f"it belongs to installation {owner!r}, not {install!r}", todo)
        return
    differing = [key for key in wanted if key not in _OWN_CHOICE and state.configuration.get(key) != wanted[key]]
    if differing:
        yield warning(Topic.NATS, subject, f"configured otherwise: {listed(differing)}", _PROVISION)
    if state.behind:
        todo = "see whether these servers run; until then one more loss stops the stream"
        yield warning(Topic.NATS, subject, f"replicas not in sync: {listed(state.behind)}", todo)
    if not differing and not state.behind:
        yield ok(Topic.NATS, subject, f"{counted(state.messages, 'message')}, {_bytes(state.size)}")


def of_etcd(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of etcd and of the keys that the installation stands on."""
    seen = evidence.store
    if isinstance(seen, Unseen):
        yield error(Topic.ETCD, "etcd", seen.reason, "start it, or name other endpoints with --etcd")
        return
    yield from _members(seen)
    if not seen.incarnation:
        yield error(Topic.ETCD, "incarnation key", "it is missing: the store was wiped", "restart the services")
    if seen.partition_count not in ("", str(PARTITIONS)):
        said = f"recorded are {seen.partition_count} partitions, this version has {PARTITIONS}"
        yield error(Topic.ETCD, "partition count", said, "use the version that made the installation, or another etcd")
    if not seen.partition_count:
        todo = "start a service; after a wipe, restart those that run"
        yield warning(Topic.ETCD, "partition count", "no service has recorded it", todo)


def _members(seen: StoreSeen) -> Iterator[Finding]:
    if isinstance(seen.health, Unseen):
        yield warning(Topic.ETCD, "members", seen.health.reason, "give this user the right to ask for the status")
        return
    members = seen.health.members
    for member in members:
        if member.problem:
            yield warning(Topic.ETCD, f"member {member.endpoint}", member.problem, "see whether it runs, and its log")
    for alarm in seen.health.alarms:
        yield error(
            Topic.ETCD,
            f"alarm {alarm}",
            "etcd refuses writes: nobody can claim or record anything",
            _ALARMS.get(alarm, "etcdctl alarm list"),
        )
    well = [member for member in members if not member.problem]
    if len(well) == len(members) and not seen.health.alarms:
        size = max(member.size for member in members)
        yield ok(Topic.ETCD, "members", f"{counted(len(well), 'endpoint')} well, {well[0].version}, {_bytes(size)}")


def _bytes(size: int) -> str:
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def age(since: timedelta) -> str:
    """Return a duration in the two units that say most."""
    seconds = max(0, int(since.total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
