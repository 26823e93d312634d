"""Decides what an access or identity review answers: here everybody who is known may do everything.

Separate, because these kinds are asked, never stored. Invariant: the answer says the same as the server does.
"""

from __future__ import annotations

from lab.apiserver.documents import Document, dumps
from lab.apiserver.verbs.calls import Call, Result

_EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
_EVERY_PATH = {"verbs": ["*"], "nonResourceURLs": ["*"]}


def review(call: Call, document: Document) -> Result:
    """Answer a review."""
    caller = call.caller
    user = {"username": caller.name, "groups": list(caller.groups)}
    match call.resource.kind:
        case "SelfSubjectReview":
            status: Document = {"userInfo": user}
        case "TokenReview":
            status = {"authenticated": False, "user": {}}
        case "SelfSubjectRulesReview":
            status = {"resourceRules": [_EVERYTHING], "nonResourceRules": [_EVERY_PATH], "incomplete": False}
        case _:
            status = {"allowed": True, "reason": "the lab has no authorizer: a known client may do everything"}
    answer = {**document, "metadata": document.get("metadata") or {}, "status": status}
    return Result(201, dumps(answer), call.resource)
