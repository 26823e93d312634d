"""Decides which verb a request is, and hands it what it needs.

Separate from the door, which deals with refusals and counting. Invariant: a combination of method, subresource and
resource that is not served is refused before anything is read or written.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document
from lab.apiserver.errors import PageNotFoundError, bad_request, method_not_allowed, not_found
from lab.apiserver.front.streams import stream
from lab.apiserver.front.warnings import warning_header
from lab.apiserver.requests.bodies import decode, decode_object, media_type
from lab.apiserver.requests.negotiation import PLAIN, Form, check_watch_form, not_a_list
from lab.apiserver.requests.options import (
    DeleteOptions,
    WriteOptions,
    delete_options,
    flag,
    list_options,
    watch_version,
    write_options,
)
from lab.apiserver.requests.paths import Target
from lab.apiserver.requests.selectors import selector
from lab.apiserver.verbs.calls import Call, Caller, Result
from lab.apiserver.verbs.creating import create
from lab.apiserver.verbs.deleting import delete, delete_collection
from lab.apiserver.verbs.patching import APPLY_PATCH, patch
from lab.apiserver.verbs.reading import get, list_page
from lab.apiserver.verbs.reviewing import review
from lab.apiserver.verbs.subresources import create_subresource, get_scale, patch_scale, put_finalize, put_scale
from lab.apiserver.verbs.updating import replace
from lab.apiserver.verbs.watching import Watch
from lab.apiserver.views.answers import list_answer, object_answer
from lab.apiserver.views.events import Lens
from lab.apiserver.views.tables import check_include

_METHOD_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(slots=True)
class Exchange:
    """One request, what was found out about it, and what it earned."""

    request: web.BaseRequest
    caller: Caller = field(default_factory=lambda: Caller(""))
    target: Target | None = None
    form: Form = PLAIN
    verb: str = ""
    resource: str = ""
    is_counted: bool = False
    notes: list[str] = field(default_factory=list)

    def warnings(self) -> list[str]:
        """Return the Warning headers of the answer."""
        texts = list(self.notes)
        if self.target is not None and self.target.resource.deprecation:
            texts.insert(0, self.target.resource.deprecation)
        return [warning_header(text) for text in dict.fromkeys(texts)]

    @property
    def include(self) -> str:
        """What the rows of a Table carry."""
        include = self.request.rel_url.query.get("includeObject", "")
        check_include(include)
        return include or "Metadata"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """From an exchange with a known target to its answer."""

    cluster: Cluster

    async def run(self, exchange: Exchange, *, on_stream: Callable[[], None]) -> web.StreamResponse:
        """Answer a request whose target is known."""
        target = exchange.target
        assert target is not None
        method, query = exchange.request.method, exchange.request.rel_url.query
        if method in ("GET", "HEAD"):
            if not target.name:
                watching = target.is_watch_path or ("watch" in query and flag(query["watch"]))
                exchange.verb = "watch" if watching else "list"
                return (
                    await self._watch(exchange, target, on_stream) if watching else await self._list(exchange, target)
                )
            exchange.verb = "get"
            return self._respond(exchange, await self._get(exchange, target))
        exchange.verb = _METHOD_VERBS.get(method, method.lower())
        result = await self._write(exchange, target)
        return self._respond(exchange, result)

    def _respond(self, exchange: Exchange, result: Result) -> web.Response:
        body = object_answer(result.resource, result.body, exchange.form, exchange.include)
        return _response(exchange, result.code, body)

    async def _get(self, exchange: Exchange, target: Target) -> Result:
        version = exchange.request.rel_url.query.get("resourceVersion", "")
        _check_subresource(target)
        _check_verb(target, "get")
        if target.subresource == "scale":
            return await get_scale(self.cluster, target, version)
        return await get(self.cluster, target, version)

    async def _list(self, exchange: Exchange, target: Target) -> web.Response:
        _check_verb(target, "list")
        query = exchange.request.rel_url.query
        options = list_options(query, watching=False)
        if exchange.form.view == "metadata" and not exchange.form.is_list:
            raise not_a_list(target.resource)
        wanted = selector(options.labels, options.fields, target.resource)
        page = await list_page(self.cluster, target, options, wanted)
        return _response(exchange, 200, list_answer(page, exchange.form, exchange.include))

    async def _watch(self, exchange: Exchange, target: Target, on_stream: Callable[[], None]) -> web.StreamResponse:
        _check_verb(target, "watch")
        options = list_options(exchange.request.rel_url.query, watching=True)
        watch_version(options.version)
        check_watch_form(exchange.form)
        wanted = selector(options.labels, options.fields, target.resource)
        lens = Lens(target.resource, target.namespace, wanted, exchange.form.view, exchange.include)
        seconds = options.timeout_seconds or random.uniform(1800, 3600)
        watch = Watch(self.cluster, lens, options, seconds)
        return await stream(exchange.request, watch.chunks(), exchange.warnings(), on_stream)

    async def _write(self, exchange: Exchange, target: Target) -> Result:
        method = exchange.request.method
        if method == "DELETE":
            return await self._delete(exchange, target)
        if method not in _METHOD_VERBS:
            raise method_not_allowed("", target.resource.plural, target.resource.group)
        if method == "POST" and target.resource.namespaced and not target.namespace:
            raise PageNotFoundError
        if method != "POST" and not target.name:
            raise bad_request("name must be provided")
        return await {"POST": self._post, "PUT": self._put, "PATCH": self._patch}[method](exchange, target)

    async def _post(self, exchange: Exchange, target: Target) -> Result:
        _check_subresource(target)
        if target.subresource in ("status", "scale", "finalize"):
            raise method_not_allowed("create", target.resource.plural, target.resource.group)
        document, duplicates = await self._object(exchange, target)
        call = self._call(exchange, target, "CreateOptions")
        if target.subresource:
            return await create_subresource(self.cluster, call, document)
        if target.resource.verbs == ("create",):
            return review(call, document)
        return await create(self.cluster, call, document, duplicates)

    async def _put(self, exchange: Exchange, target: Target) -> Result:
        _check_subresource(target)
        _check_verb(target, "update")
        document, duplicates = await self._object(exchange, target)
        call = self._call(exchange, target, "UpdateOptions")
        match target.subresource:
            case "scale":
                return await put_scale(self.cluster, call, document)
            case "finalize":
                return await put_finalize(self.cluster, call, document)
            case _:
                return await replace(self.cluster, call, document, duplicates)

    async def _patch(self, exchange: Exchange, target: Target) -> Result:
        _check_subresource(target)
        _check_verb(target, "patch")
        media = media_type(exchange.request.headers.get("Content-Type", ""))
        if media == APPLY_PATCH:
            exchange.verb = "apply"
        body = await exchange.request.read()
        call = self._call(exchange, target, "PatchOptions")
        if target.subresource == "scale":
            return await patch_scale(self.cluster, call, body, media)
        return await patch(self.cluster, call, body, media)

    async def _delete(self, exchange: Exchange, target: Target) -> Result:
        resource = target.resource
        if not target.name:
            exchange.verb = "deletecollection"
            if resource.namespaced and not target.namespace:
                raise PageNotFoundError
        _check_subresource(target)
        if target.subresource:
            raise method_not_allowed("delete", resource.plural, resource.group)
        _check_verb(target, "delete")
        options = await self._delete_options(exchange)
        write = WriteOptions(manager="", dry_run=options.dry_run)
        call = Call(target, exchange.caller, write, exchange.notes)
        if target.name:
            return await delete(self.cluster, call, options)
        query = exchange.request.rel_url.query
        asked = list_options(query, watching=False)
        wanted = selector(asked.labels, asked.fields, resource)
        return await delete_collection(self.cluster, call, options, wanted)

    async def _delete_options(self, exchange: Exchange) -> DeleteOptions:
        query = exchange.request.rel_url.query
        body = await exchange.request.read()
        content: Document | None = None
        if body:
            try:
                content, _duplicates = decode(body, exchange.request.headers.get("Content-Type", ""))
            except ValueError as error:
                raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
        if content and content.get("kind") not in (None, "DeleteOptions"):
            kind, version = content["kind"], content.get("apiVersion", "")
            raise bad_request(
                f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
            )
        return delete_options(query, query.getall("dryRun", []), content)

    def _call(self, exchange: Exchange, target: Target, kind: str) -> Call:
        query = exchange.request.rel_url.query
        options = write_options(query, query.getall("dryRun", []), exchange.caller.agent, kind)
        return Call(target, exchange.caller, options, exchange.notes)

    async def _object(self, exchange: Exchange, target: Target) -> tuple[Document, list[str]]:
        body = await exchange.request.read()
        resource = target.resource
        known = "" if resource.custom else resource.api_version
        return decode_object(body, exchange.request.headers.get("Content-Type", ""), resource.kind, known)


def _check_subresource(target: Target) -> None:
    if target.subresource and target.subresource not in target.resource.subresources:
        raise not_found(target.resource.plural, target.resource.group, target.name)


def _check_verb(target: Target, verb: str) -> None:
    if verb not in target.resource.verbs:
        raise method_not_allowed(verb, target.resource.plural, target.resource.group)


def _response(exchange: Exchange, code: int, body: bytes) -> web.Response:
    media = exchange.form.media
    response = web.Response(status=code, body=body, headers={"Content-Type": media})
    for text in exchange.warnings():
        response.headers.add("Warning", text)
    return response
