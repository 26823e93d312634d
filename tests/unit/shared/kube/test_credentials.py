"""Where the server is and who we are, from files."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from shared.core.errors import UnreachableError
from shared.kube.credentials import GOOD_FOR, Credentials
from shared.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio

Write = Callable[..., Path]


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Write:
    """Write a kubeconfig."""

    def write(*, token: str = "one", **cluster: object) -> Path:
        document = {
            "current-context": "first",
            "contexts": [{"name": name, "context": {"cluster": name, "user": "us"}} for name in ("first", "second")],
            "clusters": [
                {"name": "first", "cluster": {"server": "http://127.0.0.1:1", **cluster}},
                {"name": "second", "cluster": {"server": "https://10.0.0.1:6443/", "insecure-skip-tls-verify": True}},
            ],
            "users": [{"name": "us", "user": {"token": token}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return path

    return write


async def test_a_kubeconfig_tells_server_and_token(kubeconfig: Write) -> None:
    access = await Credentials(FakeClock(), kubeconfig()).access()

    assert (access.server, access.headers, access.tls) == (
        "http://127.0.0.1:1",
        {"Authorization": "Bearer one"},
        False,
    )


async def test_another_context_can_be_chosen(kubeconfig: Write) -> None:
    access = await Credentials(FakeClock(), kubeconfig(), "second").access()

    assert access.server == "https://10.0.0.1:6443"
    assert isinstance(access.tls, ssl.SSLContext)
    assert access.tls.verify_mode == ssl.CERT_NONE


async def test_what_was_read_is_good_for_a_while(kubeconfig: Write) -> None:
    clock = FakeClock()
    credentials = Credentials(clock, kubeconfig())
    first = await credentials.access()
    kubeconfig(token="two")

    still = await credentials.access()
    await clock.advance(GOOD_FOR + timedelta(seconds=1))
    later = await credentials.access()

    assert still is first
    assert later.headers == {"Authorization": "Bearer two"}


async def test_a_refused_access_is_read_again_once_for_all_who_were_refused(kubeconfig: Write) -> None:
    credentials = Credentials(FakeClock(), kubeconfig())
    first = await credentials.access()
    kubeconfig(token="two")

    second = await credentials.access(refused=first)
    also = await credentials.access(refused=first)

    assert second.headers == {"Authorization": "Bearer two"}
    assert also is second


async def test_a_proxy_is_taken_from_the_file(kubeconfig: Write) -> None:
    access = await Credentials(FakeClock(), kubeconfig(**{"proxy-url": "http://proxy:3128"})).access()

    assert access.proxy == "http://proxy:3128"


async def test_the_environment_never_sends_this_machine_through_a_proxy(
    kubeconfig: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")

    access = await Credentials(FakeClock(), kubeconfig()).access()

    assert access.proxy is None


async def test_a_missing_file_may_come_later(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="does not exist"):
        await Credentials(FakeClock(), tmp_path / "later").access()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{}", id="empty"),
        pytest.param("clusters: [", id="half written"),
        pytest.param("current-context: nowhere\ncontexts: []\nclusters: []\nusers: []\n", id="no context"),
    ],
)
async def test_a_file_that_lacks_a_part_may_be_written_right_now(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UnreachableError, match="cannot be used"):
        await Credentials(FakeClock(), path).access()


async def test_an_authority_that_cannot_be_read_may_come_later(kubeconfig: Write, tmp_path: Path) -> None:
    missing = str(tmp_path / "ca.crt")
    path = kubeconfig(server="https://127.0.0.1:1", **{"certificate-authority": missing})

    with pytest.raises(UnreachableError, match=r"ca\.crt"):
        await Credentials(FakeClock(), path).access()


async def test_a_pod_uses_its_own_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token, authority = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("pod\n", encoding="utf-8")
    authority.write_text("not a certificate", encoding="utf-8")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr("kubernetes_asyncio.config.incluster_config.SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr("kubernetes_asyncio.config.incluster_config.SERVICE_CERT_FILENAME", str(authority))
    monkeypatch.setattr("ssl.create_default_context", lambda **_: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    access = await Credentials(FakeClock()).access()

    assert (access.server, access.headers) == ("https://10.0.0.1:443", {"Authorization": "Bearer pod"})


async def test_without_anything_the_file_in_the_home_folder_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(UnreachableError, match=r"\.kube/config does not exist"):
        await Credentials(FakeClock()).access()
