"""Which connections to etcd use TLS."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.core.errors import PermanentError
from shared.store.options import EtcdOptions, read_tls_files


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (EtcdOptions(endpoints=("etcd:2379",)), False),
        (EtcdOptions(endpoints=("http://etcd:2379",)), False),
        (EtcdOptions(endpoints=("https://etcd:2379",)), True),
        (EtcdOptions(endpoints=("etcd:2379",), certificate_authority=Path("ca.crt")), True),
    ],
)
def test_an_address_or_a_file_asks_for_tls(options: EtcdOptions, expected: bool) -> None:
    assert options.uses_tls is expected


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    options = EtcdOptions(endpoints=("etcd:2379",), client_key=tmp_path / "client.key")

    with pytest.raises(PermanentError, match=r"client\.key"):
        read_tls_files(options)
