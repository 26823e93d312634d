"""The life of a service inside this process: what the exit code tells, and what is served meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from shared.core.errors import PermanentError
from shared.runtime.health import Readiness, serve_health
from shared.runtime.service import App, Service, run
from shared.runtime.settings import ServiceSettings

pytestmark = pytest.mark.asyncio

SETTINGS = ServiceSettings(shutdown_timeout=timedelta(milliseconds=50))


def told(number: signal.Signals) -> None:
    """Send a signal to this process."""
    os.kill(os.getpid(), number)


async def works(_: ServiceSettings, service: Service) -> None:
    service.started()
    told(signal.SIGTERM)
    await service.stopping.wait()


async def is_interrupted(_: ServiceSettings, service: Service) -> None:
    service.started()
    told(signal.SIGINT)
    await service.stopping.wait()


async def lingers(_: ServiceSettings, service: Service) -> None:
    service.started()
    told(signal.SIGTERM)
    await asyncio.Event().wait()


async def waits(_: ServiceSettings, __: Service) -> None:
    told(signal.SIGTERM)
    await asyncio.Event().wait()


async def fails(_: ServiceSettings, __: Service) -> None:
    raise PermanentError("another installation")


async def fails_inside(_: ServiceSettings, __: Service) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fails(_, __))
        tasks.create_task(asyncio.Event().wait())


async def ends(_: ServiceSettings, __: Service) -> None:
    return


@pytest.mark.parametrize(
    ("app", "code", "last"),
    [
        pytest.param(works, 0, "service stopped", id="told to stop"),
        pytest.param(is_interrupted, 130, "service stopped", id="interrupted"),
        pytest.param(lingers, 0, "app was cancelled", id="over its budget"),
        pytest.param(waits, 0, "app was cancelled", id="before it started"),
        pytest.param(fails, 1, "service failed", id="failed"),
        pytest.param(fails_inside, 1, "service failed", id="failed in one of its tasks"),
        pytest.param(ends, 0, "service stopped", id="ended by itself"),
    ],
)
async def test_the_exit_code_says_how_a_service_ended(app: App[ServiceSettings], code: int, last: str) -> None:
    with capture_logs() as lines:
        assert await run("lives", SETTINGS, app) == code

    assert last in [line["event"] for line in lines[-2:]]


async def test_a_bug_is_not_taken_for_a_failure_of_the_platform() -> None:
    async def breaks(_: ServiceSettings, __: Service) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(ExceptionGroup) as raised:
        await run("lives", SETTINGS, breaks)

    assert raised.group_contains(RuntimeError, match="a bug")


async def test_health_is_served_on_any_free_port_and_told_in_a_file(tmp_path: Path) -> None:
    readiness, port_file = Readiness("lives"), tmp_path / "port"
    readiness.wait("etcd", "not connected yet")

    async with serve_health(readiness, port_file=port_file) as port, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}"
        health, waiting, metrics = [await client.get(f"{url}/{page}") for page in ("healthz", "readyz", "metrics")]
        readiness.clear("etcd")
        ready = await client.get(f"{url}/readyz")

    assert port_file.read_text(encoding="utf-8") == f"{port}\n"
    assert (health.status_code, health.http_version) == (200, "HTTP/1.1")
    assert (waiting.status_code, waiting.json()["waiting"]) == (503, {"etcd": "not connected yet"})
    assert 'dynamo_operator_readiness_status{platform_service="lives"} 0.0' in metrics.text
    assert ready.status_code == 200
