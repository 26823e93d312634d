"""A path names a served resource, an object, a subresource; or nothing is served there."""

import pytest

from lab.apiserver.errors import PageNotFoundError
from lab.apiserver.requests.paths import parse_target
from tests.unit.lab.apiserver.clusters import an_empty_cluster

CATALOG = an_empty_cluster().catalog


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/api/v1/pods", ("pods", "", "", "", False)),
        ("/api/v1/namespaces", ("namespaces", "", "", "", False)),
        ("/api/v1/namespaces/team", ("namespaces", "", "team", "", False)),
        ("/api/v1/namespaces/team/status", ("namespaces", "", "team", "status", False)),
        ("/api/v1/namespaces/team/pods/a/status", ("pods", "team", "a", "status", False)),
        ("/apis/apps/v1/namespaces/team/deployments/a", ("deployments", "team", "a", "", False)),
        ("/apis/apps/v1/watch/namespaces/team/deployments", ("deployments", "team", "", "", True)),
        ("/api/v1/namespaces/team/pods/a%2Eb", ("pods", "team", "a.b", "", False)),
    ],
)
def test_says_what_a_path_names(path: str, named: tuple[str, str, str, str, bool]) -> None:
    target = parse_target(path, CATALOG)

    found = (target.resource.plural, target.namespace, target.name, target.subresource, target.is_watch_path)
    assert found == named


@pytest.mark.parametrize(
    "path",
    [
        "/apis/apps/v1/nothing",
        "/apis/apps/v9/deployments",
        "/apis/apps/v1",
        "/apis/apps/v1/deployments/a",
        "/api/v1/namespaces/team/nodes",
        "/api/v1/namespaces//pods",
        "/apis/apps/v1/namespaces/team/deployments/a/status/more",
    ],
)
def test_nothing_is_served_elsewhere(path: str) -> None:
    with pytest.raises(PageNotFoundError):
        parse_target(path, CATALOG)
