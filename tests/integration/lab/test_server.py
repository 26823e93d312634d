"""The process itself: who may ask, how it counts, how it watches, how it ends."""

import asyncio
import base64
import json
import os
import signal
import ssl
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from lab.launcher.apiserver import ApiServer
from tests.integration.lab.kubectl import Kubectl
from tests.servers.waiting import connections

TIME_LIMIT = 20
WIDGETS = Path(__file__).with_name("widgets.yaml")
WIDGET = """
apiVersion: lab.example.com/v1
kind: Widget
metadata: {name: kept}
spec: {size: 3}
"""
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def _config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def _context(kubeconfig: Path, folder: Path, *, with_certificate: bool = True) -> ssl.SSLContext:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    if with_certificate:
        pair = folder / "client.pem"
        parts = (user["client-certificate-data"], user["client-key-data"])
        pair.write_bytes(b"".join(base64.b64decode(part) for part in parts))
        context.load_cert_chain(pair)
    return context


@asynccontextmanager
async def _client(server: ApiServer, folder: Path, agent: str = "test/1") -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=TIME_LIMIT)
    headers = {"User-Agent": agent}
    async with (
        connections(_context(server.kubeconfig, folder)) as connector,
        aiohttp.ClientSession(server.url, connector=connector, timeout=timeout, headers=headers) as session,
    ):
        yield session


async def _ask(session: aiohttp.ClientSession, method: str, path: str, **how: Any) -> tuple[int, bytes]:
    async with session.request(method, path, **how) as answer:
        return answer.status, await answer.read()


def _events_of(audit_log: Path, agent: str) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in audit_log.read_bytes().splitlines()]
    return [event for event in events if event["userAgent"] == agent]


def test_the_kubeconfig_is_for_its_owner_only(lab_server: ApiServer) -> None:
    assert stat.S_IMODE(lab_server.kubeconfig.stat().st_mode) == 0o600


@pytest.mark.asyncio
async def test_nobody_is_let_in_without_a_certificate(lab_server: ApiServer, tmp_path: Path) -> None:
    context = _context(lab_server.kubeconfig, tmp_path, with_certificate=False)

    async with (
        connections(context) as connector,
        aiohttp.ClientSession(lab_server.url, connector=connector) as session,
    ):
        code, body = await _ask(session, "GET", CONFIG_MAPS)
        health = await _ask(session, "GET", "/readyz")

    assert (code, json.loads(body)["reason"]) == (401, "Unauthorized")
    assert health == (200, b"ok")


@pytest.mark.asyncio
async def test_requests_are_counted_by_agent_verb_resource_and_code(lab_server: ApiServer, tmp_path: Path) -> None:
    async with _client(lab_server, tmp_path, agent="counted/1.0 (test)") as session:
        await _ask(session, "GET", f"{CONFIG_MAPS}/missing")
        await _ask(session, "GET", f"{CONFIG_MAPS}/missing")
        _code, counted = await _ask(session, "GET", "/lab/requests")

    mine = [entry for entry in json.loads(counted)["requests"] if entry["agent"] == "counted/1.0"]
    assert mine == [{"agent": "counted/1.0", "verb": "get", "resource": "configmaps", "code": 404, "count": 2}]


@pytest.mark.asyncio
async def test_every_write_is_audited_with_its_answer(lab_server: ApiServer, tmp_path: Path, audit_log: Path) -> None:
    async with _client(lab_server, tmp_path, agent="audited/1.0 (replica-1)") as session:
        made = await _ask(session, "POST", CONFIG_MAPS, json=_config_map("told"), headers={"Audit-ID": "24/7/x/1"})
        await _ask(session, "POST", CONFIG_MAPS, json=_config_map("told"))
        await _ask(session, "GET", f"{CONFIG_MAPS}/told")

    events = _events_of(audit_log, "audited/1.0 (replica-1)")
    assert [(event["verb"], event["responseStatus"]["code"]) for event in events] == [("create", 201), ("create", 409)]
    first, second = events
    assert first["auditID"] == "24/7/x/1"
    assert first["objectRef"] == {"resource": "configmaps", "namespace": "default", "apiVersion": "v1"}
    assert first["requestObject"] == _config_map("told")
    assert first["responseObject"] == json.loads(made[1])
    assert len(second["auditID"]) == 36


@pytest.mark.asyncio
async def test_a_watch_goes_on_exactly_where_a_list_ended(lab_server: ApiServer, tmp_path: Path) -> None:
    async with _client(lab_server, tmp_path) as session:
        await _ask(session, "POST", CONFIG_MAPS, json=_config_map("before"))
        _code, listed = await _ask(session, "GET", CONFIG_MAPS)
        await _ask(session, "POST", CONFIG_MAPS, json=_config_map("after"))
        parameters = {"watch": "1", "resourceVersion": json.loads(listed)["metadata"]["resourceVersion"]}

        async with session.get(CONFIG_MAPS, params=parameters) as watch:
            first = await asyncio.wait_for(watch.content.readline(), TIME_LIMIT)

    assert b'"type":"ADDED"' in first
    assert b'"name":"after"' in first


@pytest.mark.asyncio
async def test_one_of_many_racing_updates_wins(lab_server: ApiServer, tmp_path: Path) -> None:
    async with _client(lab_server, tmp_path) as session:
        _code, body = await _ask(session, "POST", CONFIG_MAPS, json=_config_map("raced"))
        wanted = [{**json.loads(body), "data": {"by": str(number)}} for number in range(8)]

        answers = await asyncio.gather(*(_ask(session, "PUT", f"{CONFIG_MAPS}/raced", json=one) for one in wanted))

    assert sorted(code for code, _body in answers) == [200] + [409] * 7


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"{", 400, id="cut off"),
        pytest.param(b"\xff\xfe", 400, id="not UTF-8"),
        pytest.param(b"[]", 400, id="not an object"),
        pytest.param(
            b'{"kind":"ConfigMap","apiVersion":"v1","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, id="deep"
        ),
        pytest.param(b'{"data":"' + b"x" * (4 << 20) + b'"}', 413, id="too large"),
    ],
)
async def test_a_bad_body_is_refused_and_the_server_goes_on(
    lab_server: ApiServer, tmp_path: Path, body: bytes, code: int
) -> None:
    async with _client(lab_server, tmp_path) as session:
        headers = {"Content-Type": "application/json"}
        refused, status = await _ask(session, "POST", CONFIG_MAPS, data=BytesIO(body), headers=headers)
        alive, _body = await _ask(session, "GET", "/readyz")

    assert (refused, alive) == (code, 200)
    assert json.loads(status)["kind"] == "Status"


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/api/v1/../../etc/passwd", "/apis//", "/api/v1/namespaces/%2e%2e/pods", "/nothing"])
async def test_a_strange_path_is_not_served(lab_server: ApiServer, tmp_path: Path, path: str) -> None:
    async with _client(lab_server, tmp_path) as session:
        code, body = await _ask(session, "GET", path)

    assert code in (200, 404)
    assert b"passwd" not in body


def test_sigterm_ends_open_watches_within_a_second(tmp_path: Path) -> None:
    server = ApiServer(tmp_path)
    server.start()
    context = _context(server.kubeconfig, tmp_path)

    async def terminate() -> float:
        async with (
            connections(context) as connector,
            aiohttp.ClientSession(server.url, connector=connector) as session,
            session.get(CONFIG_MAPS, params={"watch": "1"}) as watch,
        ):
            began = time.monotonic()
            os.kill(server.process.pid, signal.SIGTERM)
            await asyncio.wait_for(watch.content.read(), TIME_LIMIT)
            return time.monotonic() - began

    try:
        assert asyncio.run(terminate()) < timedelta(seconds=1).total_seconds()
    finally:
        server.stop()


def test_a_server_that_keeps_its_cluster_comes_back_with_it(tmp_path: Path) -> None:
    server = ApiServer(tmp_path, arguments=("--data", str(tmp_path / "data"), "--crd", str(WIDGETS)))
    server.start()
    try:
        admin = Kubectl(server.kubeconfig, tmp_path)
        admin.run("create", "configmap", "kept")
        admin.apply(WIDGET)
        before = admin.run("get", "configmaps,widgets", "-o", "yaml")
        server.stop()
        server.start()

        assert admin.run("get", "configmaps,widgets", "-o", "yaml") == before
    finally:
        server.stop()
