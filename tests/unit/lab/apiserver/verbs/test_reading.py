"""Lists show one version on all their pages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.cluster import Cluster
from lab.apiserver.errors import ApiError
from lab.apiserver.requests.options import ListOptions
from lab.apiserver.requests.selectors import EVERYTHING, Selector, selector
from lab.apiserver.verbs.reading import Page, decode_token, encode_token, list_page
from tests.unit.lab.apiserver.clusters import a_call, a_cluster, create_widget, delete_widget


async def _page(cluster: Cluster, wanted: Selector = EVERYTHING, **options: object) -> Page:
    return await list_page(cluster, a_call(cluster).target, ListOptions(**options), wanted)  # type: ignore[arg-type]  # options of several types


def _names(page: Page) -> list[str]:
    return [record.name for record in page.records]


@settings(max_examples=30)
@given(st.integers(-1, 10**9), st.text())
def test_a_token_says_what_was_put_into_it(version: int, start: str) -> None:
    assert decode_token(encode_token(version, start)) == (version, start)


@pytest.mark.parametrize("token", ["garbage", "e30", "!!!"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(ApiError, match="invalid continue token"):
        decode_token(token)


@pytest.mark.asyncio
async def test_later_pages_show_the_version_of_the_first() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    await create_widget(cluster, "b")
    await create_widget(cluster, "c")

    first = await _page(cluster, limit=2)
    await delete_widget(cluster, "c")
    await create_widget(cluster, "d")
    second = await _page(cluster, limit=2, token=first.token)

    assert (_names(first), first.remaining) == (["a", "b"], 1)
    assert (_names(second), second.version, second.token) == (["c"], first.version, "")


@pytest.mark.asyncio
async def test_a_page_whose_version_is_forgotten_offers_to_go_on() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    await create_widget(cluster, "b")
    first = await _page(cluster, limit=1)
    await create_widget(cluster, "c")
    cluster.store.compact(cluster.store.version)

    with pytest.raises(ApiError) as refused:
        await _page(cluster, limit=1, token=first.token)
    rest = await _page(cluster, token=refused.value.metadata["continue"])

    assert refused.value.code == 410
    assert _names(rest) == ["b", "c"]


@pytest.mark.asyncio
async def test_with_a_selector_nobody_knows_how_many_remain() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a", color="red")
    await create_widget(cluster, "b", color="blue")
    wanted = selector("", "spec.color=red", a_call(cluster).resource)

    page = await _page(cluster, wanted, limit=1)

    assert (_names(page), page.remaining, bool(page.token)) == (["a"], None, True)


@pytest.mark.asyncio
async def test_an_exact_list_shows_what_is_deleted_since() -> None:
    cluster = await a_cluster()
    await create_widget(cluster, "a")
    version = cluster.store.version
    await delete_widget(cluster, "a")

    page = await _page(cluster, version=str(version), match="Exact")

    assert _names(page) == ["a"]
