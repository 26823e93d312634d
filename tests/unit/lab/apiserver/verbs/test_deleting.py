"""A propagation policy decides the finalizers that a delete leaves."""

import pytest

from lab.apiserver.verbs.deleting import wanted_finalizers


@pytest.mark.parametrize(
    ("before", "policy", "after"),
    [
        ([], "", []),
        (["a.b/c"], "", ["a.b/c"]),
        ([], "Foreground", ["foregroundDeletion"]),
        (["foregroundDeletion"], "Orphan", ["orphan"]),
        (["a.b/c", "foregroundDeletion"], "Background", ["a.b/c"]),
    ],
)
def test_the_policy_decides_and_other_finalizers_stay(before: list[str], policy: str, after: list[str]) -> None:
    assert wanted_finalizers(before, policy) == after
