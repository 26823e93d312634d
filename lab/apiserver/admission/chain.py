"""Decides in which order webhooks are asked, and what a refusal or a failed call does to the request.

Separate from the calls themselves. Invariants: mutating webhooks come one after the other, each seeing what the one
before left; validating ones are all asked about the same object; while no webhook is configured, a write pays one
comparison.
"""

from __future__ import annotations

import asyncio

from lab.apiserver.admission.client import CallError, Verdict, WebhookClient, patch_failure, request_of
from lab.apiserver.admission.configurations import Configurations, Webhook
from lab.apiserver.admission.matching import conditions_hold, matching_version, selects
from lab.apiserver.admission.reviews import Review
from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError, bad_request
from lab.apiserver.patches.json_patch import PatchError, apply_json_patch
from lab.apiserver.schemas.defaults import apply_defaults
from lab.apiserver.schemas.prune import prune
from lab.apiserver.storage.store import Store


class Admission:
    """Everyone who has a say in writes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._configurations = Configurations(store)
        self._client = WebhookClient()

    @property
    def is_idle(self) -> bool:
        """Whether nobody has to be asked."""
        return self._configurations.is_empty

    async def close(self) -> None:
        """Close the connections to webhooks."""
        await self._client.close()

    async def mutate(self, review: Review, warnings: list[str]) -> Document:
        """Return the object as mutating webhooks leave it."""
        for webhook in self._configurations.mutating:
            verdict = await self._ask(webhook, review, warnings, mutating=True)
            if verdict is not None and verdict.patch and review.object is not None:
                review = review.with_object(_patched(review, verdict.patch))
        assert review.object is not None
        return review.object

    async def validate(self, review: Review, warnings: list[str]) -> None:
        """Ask the validating webhooks, all at once."""
        asked = (self._ask(webhook, review, warnings, mutating=False) for webhook in self._configurations.validating)
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def admit_delete(self, review: Review, warnings: list[str]) -> None:
        """Ask all webhooks about a delete, which nobody can change."""
        for webhook in self._configurations.mutating:
            await self._ask(webhook, review, warnings, mutating=True)
        await self.validate(review, warnings)

    async def _ask(self, webhook: Webhook, review: Review, warnings: list[str], *, mutating: bool) -> Verdict | None:
        version = matching_version(webhook, review)
        if version is None or not selects(webhook, review, self._namespace_labels(review)):
            return None
        request = request_of(review, version)
        if webhook.conditions and not conditions_hold(webhook, review, request):
            return None
        if review.dry_run and not webhook.is_dry_runnable:
            raise bad_request(f'admission webhook "{webhook.name}" does not support dry run')
        try:
            verdict = await self._client.call(webhook, request, mutating=mutating)
        except CallError as error:
            if webhook.fails_open:
                return None
            raise _internal(f'failed calling webhook "{webhook.name}": {error}') from error
        warnings += verdict.warnings
        if not verdict.allowed:
            raise _denial(webhook.name, verdict.status)
        return verdict

    def _namespace_labels(self, review: Review) -> dict[str, str] | None:
        """Return the labels that namespaceSelector looks at; None for cluster-scoped objects, which it ignores."""
        if not review.namespace:
            own = review.object or review.old_object
            is_namespace = (review.resource.group, review.resource.plural) == ("", "namespaces")
            return (own or {}).get("metadata", {}).get("labels") or {} if is_namespace else None
        namespaces = self._store.collection("", "namespaces")
        record = namespaces.get(review.namespace) if namespaces is not None else None
        return dict(record.labels) if record is not None else {}


def _patched(review: Review, operations: list[Document]) -> Document:
    assert review.object is not None
    try:
        patched: Document = apply_json_patch(review.object, operations)
    except PatchError as error:
        raise _internal(patch_failure(operations, error)) from error
    if review.subresource == "scale":
        return patched
    schema = review.resource.schema()
    return apply_defaults(prune(patched, schema)[0], schema)


def _internal(message: str) -> ApiError:
    text = f"Internal error occurred: {message}"
    return ApiError(500, "InternalError", text, details={"causes": [{"message": message}]})


def _denial(name: str, status: Document) -> ApiError:
    prefix = f'admission webhook "{name}" denied the request'
    why = status.get("message") or status.get("reason")
    message = f"{prefix}: {why}" if why else f"{prefix} without explanation"
    code = status.get("code") or 400
    return ApiError(code, status.get("reason") or "", message, details=status.get("details"))
