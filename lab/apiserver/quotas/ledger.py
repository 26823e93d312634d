"""Refuses a create that a quota has no room for, and charges one that it has room for.

Separate from webhooks, because the genuine server asks its quotas last and without a call. Invariant: check and charge
are one guarded write of the quota's status, so two creates at once never both take the last of something.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError, forbidden
from lab.apiserver.quotas.usage import Amount, Usage, amounts, is_under, unspecified, usage_of
from lab.apiserver.requests.options import WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.storage.records import record_key
from lab.apiserver.verbs.calls import SYSTEM, Call
from lab.apiserver.verbs.updating import Update, Wanted

PLURAL = "resourcequotas"
_OPTIONS = WriteOptions(manager="kube-apiserver")


async def charge(cluster: Cluster, call: Call, document: Document) -> None:
    """Charge an object that is about to be stored to every quota over it; raise 403 where one has no room."""
    namespace = call.target.namespace
    quotas = cluster.store.collection("", PLURAL)
    resource = cluster.catalog.find("", "v1", PLURAL)
    if quotas is None or resource is None or not namespace or quotas.namespace_is_empty(namespace):
        return
    if _is_taken(cluster, call, document):
        return  # it will be refused for its name, and must not be charged
    kind = call.resource
    used = usage_of(kind.group, kind.plural, document)
    over = [each for each in quotas.all(namespace) if is_under(each.document(), kind.group, kind.plural, document)]
    for record in over:  # all are asked before one is charged
        _Entry(call, document, record.name, used).charged(record.document())
    for record in () if call.options.dry_run else over:
        status = Call(Target(resource, namespace, record.name, "status"), SYSTEM, _OPTIONS)
        try:
            await Update(cluster, status, _Entry(call, document, record.name, used).charged).run()
        except ApiError as error:
            if error.code != 404:  # a quota that went meanwhile limits nothing
                raise


def _is_taken(cluster: Cluster, call: Call, document: Document) -> bool:
    metadata = document["metadata"]
    key = record_key(call.target.namespace, metadata["name"])
    return not metadata.get("generateName") and cluster.collection(call.resource).get(key) is not None


@dataclass(frozen=True, slots=True)
class _Entry:
    """One object under one quota."""

    call: Call
    document: Document
    quota: str
    used: Usage

    def charged(self, quota: Document) -> Wanted:
        """Return the quota with the object's usage added; raise 403 when that is more than it allows."""
        limited = (quota.get("spec") or {}).get("hard") or {}
        concerned = [name for name in limited if name in self.used]
        self._check_specified(limited)
        status = quota.get("status") or {}
        if any(name not in (status.get("hard") or {}) for name in concerned):
            raise self._refusal(f"status unknown for quota: {self.quota}, resources: {','.join(sorted(concerned))}")
        hard, before = amounts(status.get("hard")), amounts(status.get("used"))
        after = {name: before.get(name, Amount()) + self.used[name] for name in concerned}
        exceeded = sorted(name for name in concerned if after[name].value > hard[name].value)
        if exceeded:
            raise self._refusal(
                f"exceeded quota: {self.quota}, requested: {_listed(exceeded, self.used)}, "
                f"used: {_listed(exceeded, before)}, limited: {_listed(exceeded, hard)}"
            )
        total = {**(status.get("used") or {}), **{name: str(amount) for name, amount in after.items()}}
        return Wanted({**quota, "status": {**status, "used": total}})

    def _check_specified(self, limited: Document) -> None:
        kind = self.call.resource
        missing = unspecified(self.document, limited) if (kind.group, kind.plural) == ("", "pods") else ""
        if missing:
            raise self._refusal(f"failed quota: {self.quota}: must specify {missing}")

    def _refusal(self, why: str) -> ApiError:
        kind = self.call.resource
        return forbidden(kind.plural, kind.group, self.document["metadata"]["name"], why)


def _listed(names: list[str], amounts_by_name: Usage) -> str:
    return ",".join(f"{name}={amounts_by_name.get(name, Amount())}" for name in names)
