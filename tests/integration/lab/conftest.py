"""One API server for this folder; each test works in a namespace of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from lab.launcher.apiserver import ApiServer
from tests.integration.lab.kubectl import Kubectl

_NUMBERS = count(1)
_DEFINITION = Path(__file__).with_name("widgets.yaml")


@pytest.fixture(scope="session")
def audit_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which the server keeps every write."""
    return tmp_path_factory.mktemp("audit") / "audit.log"


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory, audit_log: Path) -> Iterator[ApiServer]:
    """The server that all tests of this folder share."""
    with ExitStack() as stack:
        arguments = ("--crd", str(_DEFINITION), "--audit-log", str(audit_log))
        server = ApiServer(tmp_path_factory.mktemp("lab"), arguments=arguments)
        stack.callback(server.stop)
        server.start()
        yield server


@pytest.fixture
def kubectl(lab_server: ApiServer, tmp_path: Path) -> Kubectl:
    """A kubectl in a new namespace."""
    admin = Kubectl(lab_server.kubeconfig, tmp_path)
    name = f"lab-{next(_NUMBERS)}"
    admin.run("create", "namespace", name)
    return Kubectl(lab_server.kubeconfig, tmp_path, name)
