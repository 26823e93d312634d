"""How a kubeconfig is read."""

from pathlib import Path

import pytest
import yaml

from lab.simulator.client.access import AccessError, read_access


def a_kubeconfig(folder: Path, user: dict[str, object]) -> Path:
    file = folder / "kubeconfig"
    document = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1/"}}],
        "users": [{"name": "u", "user": user}],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def test_a_token_becomes_a_header(tmp_path: Path) -> None:
    access = read_access(a_kubeconfig(tmp_path, {"token": "secret"}))

    assert (access.server, access.tls) == ("http://127.0.0.1:1", None)
    assert access.headers == {"Authorization": "Bearer secret"}


def test_a_plug_in_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="credentials from a plug-in are not supported"):
        read_access(a_kubeconfig(tmp_path, {"exec": {"command": "login"}}))


def test_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="no context 'elsewhere'"):
        read_access(a_kubeconfig(tmp_path, {}), "elsewhere")
