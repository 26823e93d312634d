"""A test run that is killed leaves no server behind."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from lab.launcher.processes import port_answers
from tests.servers.waiting import wait_until

DEADLINE = timedelta(seconds=20)
ENDLESS_TEST = """
import signal
from pathlib import Path
from urllib.parse import urlsplit

def test_for_ever(nats_server, start_etcd):
    ports = urlsplit(nats_server.url).port, start_etcd().endpoint.rpartition(":")[2]
    Path("ports.partial").write_text(" ".join(map(str, ports)))
    Path("ports.partial").rename("ports")
    signal.pause()
"""


def test_servers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "test_endless.py").write_text(ENDLESS_TEST)
    root = Path(__file__).resolve().parents[2]
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.servers.fixtures", "--basetemp", str(tmp_path / "base")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root), "DYNAMO_TEST_SERVERS": "wheels"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until((tmp_path / "ports").exists, deadline=DEADLINE, goal="the inner run has started its servers")
        ports = [int(port) for port in (tmp_path / "ports").read_text().split()]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait(DEADLINE.total_seconds())

    wait_until(lambda: not any(map(port_answers, ports)), deadline=DEADLINE, goal="no server is left")
