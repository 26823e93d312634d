"""What a cache takes for news."""

from typing import Any

from lab.simulator.client.caches import Cache

Document = dict[str, Any]


def an_object(name: str = "a", version: int = 1, uid: str | None = None, label: str = "x") -> Document:
    metadata = {"namespace": "team", "name": name, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata, "label": label}


def a_cache() -> Cache:
    return Cache({"label": lambda document: [document["label"]]})


def test_an_older_version_never_replaces_a_newer_one() -> None:
    cache = a_cache()
    cache.observe(an_object(version=5))

    assert not cache.observe(an_object(version=4))
    assert cache.get(("team", "a")) == an_object(version=5)


def test_an_own_write_is_seen_before_its_event() -> None:
    cache = a_cache()

    assert cache.observe(an_object(version=5))
    assert not cache.observe(an_object(version=5))


def test_a_late_answer_does_not_bring_back_what_was_deleted() -> None:
    cache = a_cache()
    cache.observe(an_object(version=5))
    cache.remove(an_object(version=6))

    assert not cache.observe(an_object(version=5))
    assert cache.get(("team", "a")) is None


def test_the_late_deletion_of_a_predecessor_leaves_its_successor() -> None:
    cache = a_cache()
    cache.observe(an_object(version=7, uid="second"))

    cache.remove(an_object(version=6, uid="first"))

    assert cache.get(("team", "a")) is not None


def test_a_complete_list_removes_what_is_not_in_it_unless_it_is_younger() -> None:
    cache = a_cache()
    cache.observe(an_object("old", 3))
    cache.observe(an_object("young", 9))

    cache.replace([an_object("listed", 4)], list_version=5)

    assert sorted(document["metadata"]["name"] for document in cache) == ["listed", "young"]


def test_listeners_hear_what_was_and_what_is() -> None:
    heard: list[tuple[Document | None, Document | None]] = []
    cache = a_cache()
    cache.listen(lambda before, after: heard.append((before, after)))

    cache.observe(an_object(version=1))
    cache.observe(an_object(version=2))
    cache.remove(an_object(version=3))

    assert heard == [
        (None, an_object(version=1)),
        (an_object(version=1), an_object(version=2)),
        (an_object(version=2), None),
    ]


def test_an_index_follows_the_object() -> None:
    cache = a_cache()
    cache.observe(an_object(version=1, label="x"))
    cache.observe(an_object(version=2, label="y"))

    assert cache.by("label", "x") == []
    assert cache.by("label", "y") == [an_object(version=2, label="y")]


def test_a_server_that_counts_anew_is_believed_again() -> None:
    cache = a_cache()
    cache.observe(an_object(version=900))

    cache.clear_history()
    cache.replace([an_object(version=4)], list_version=5)

    assert cache.get(("team", "a")) == an_object(version=4)


def test_an_object_that_a_list_shows_with_another_identity_is_another_object() -> None:
    cache = a_cache()
    cache.observe(an_object(version=50, uid="before"))

    cache.replace([an_object(version=30, uid="after")], list_version=200)

    assert cache.get(("team", "a")) == an_object(version=30, uid="after")
