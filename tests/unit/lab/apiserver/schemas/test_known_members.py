"""What was settled before is not looked at again, and the outcome is the same as if it were."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.schemas.builtin import builtin_schema
from lab.apiserver.schemas.defaults import apply_defaults
from lab.apiserver.schemas.prune import prune
from lab.apiserver.schemas.validation import validate

_found = builtin_schema("apps", "v1", "Deployment")
assert _found is not None
DEPLOYMENT = _found
STORED = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "main", "image": "x", "ports": [{"containerPort": 1}]}]},
        },
    },
    "status": {"replicas": 1, "conditions": []},
}
LIVE = apply_defaults(prune(STORED, DEPLOYMENT)[0], DEPLOYMENT)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from([{}, {"replicas": "x"}, {"bogus": 1}, {"conditions": [{"type": "A"}]}, None]),
        "spec": st.sampled_from([{}, {"replicas": 2, "bogus": 1}, {**STORED["spec"], "replicas": True}]),  # type: ignore[dict-item]  # a mapping of mixed values
        "bogus": st.just(1),
        "kind": st.just("Deployment"),
    },
)


@given(CHANGES)
@settings(max_examples=60)
def test_members_that_were_settled_need_no_second_look(changes: dict[str, Any]) -> None:
    changed = {**LIVE, **changes}

    assert prune(changed, DEPLOYMENT, known=LIVE) == prune(changed, DEPLOYMENT)
    assert apply_defaults(changed, DEPLOYMENT, known=LIVE) == apply_defaults(changed, DEPLOYMENT)
    assert validate(changed, DEPLOYMENT, old=LIVE, old_is_valid=True) == validate(changed, DEPLOYMENT, old=LIVE)


def test_an_object_with_nothing_new_is_returned_itself() -> None:
    changed = {**LIVE, "status": {"replicas": 2}}

    assert prune(changed, DEPLOYMENT, known=LIVE)[0] is changed
    assert apply_defaults(changed, DEPLOYMENT, known=LIVE) is changed
