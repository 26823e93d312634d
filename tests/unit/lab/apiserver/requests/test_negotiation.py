"""The first form that a client accepts and we serve is the one that it gets."""

import pytest

from lab.apiserver.errors import ApiError
from lab.apiserver.requests.negotiation import accepts, parse_form

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "view", "media"),
    [
        ("", "object", "application/json"),
        ("*/*", "object", "application/json"),
        ("application/yaml", "object", "application/yaml"),
        (f"{TABLE},application/json", "table", "application/json"),
        (PARTIAL, "metadata", "application/json"),
        ("application/vnd.kubernetes.protobuf,application/json", "object", "application/json"),
        ("application/json;as=Nothing;v=v1;g=meta.k8s.io,application/json", "object", "application/json"),
    ],
)
def test_chooses_the_first_form_that_is_served(accept: str, view: str, media: str) -> None:
    form = parse_form(accept)

    assert (form.view, form.media) == (view, media)


def test_refuses_what_is_not_served() -> None:
    with pytest.raises(ApiError) as refused:
        parse_form("text/html")

    assert refused.value.code == 406


def test_finds_a_converted_kind_in_any_clause() -> None:
    header = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

    assert accepts(header, "apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList")
    assert not accepts(header, "apidiscovery.k8s.io", "v2beta1", "APIGroupDiscoveryList")
