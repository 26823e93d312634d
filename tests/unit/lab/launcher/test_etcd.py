"""How the port of an etcd server is read from its log."""

import pytest

from lab.launcher.etcd import serving_port

SERVING = '{"level":"info","msg":"serving client traffic insecurely; this is discouraged!","address":"127.0.0.1:34579"}'


@pytest.mark.parametrize(
    ("log", "port"),
    [
        pytest.param("", None, id="an empty log holds no port"),
        pytest.param('{"msg":"ready to serve client requests"}\n', None, id="ready is not yet serving"),
        pytest.param(f"noise\n{SERVING}\n", 34579, id="the port is in the line that says serving"),
        pytest.param(SERVING[:-20], None, id="a line still being written holds no port"),
    ],
)
def test_reads_the_port_from_the_log(log: str, port: int | None) -> None:
    assert serving_port(log) == port
