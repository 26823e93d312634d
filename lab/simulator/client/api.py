"""Sends requests to a Kubernetes API and reads watches line by line.

Separate from the informers, which decide what to ask and when. Invariants: every request has a deadline, every error
becomes a `RequestError`, and one session with a bounded number of connections serves all.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from lab.simulator.client.access import Access
from lab.simulator.client.errors import ApiError, RequestError, UnreachableError
from lab.simulator.client.resources import Document, Resource

USER_AGENT = "dynamo-simulator"
MERGE_PATCH = "application/merge-patch+json"
REQUEST_DEADLINE = aiohttp.ClientTimeout(total=30, connect=10)
PAGE_SIZE = 500
PARALLEL_REQUESTS = 32
LARGEST_LINE = 16 * 1024 * 1024


class Api:
    """One cluster, asked through one session; an asynchronous context."""

    def __init__(
        self, access: Access, *, agent: str = USER_AGENT, read_again: Callable[[], Access | None] = lambda: None
    ) -> None:
        self._access = access
        self._agent = agent
        self._read_again = read_again
        self._slots = asyncio.Semaphore(PARALLEL_REQUESTS)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers={"User-Agent": self._agent, "Accept": "application/json", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=REQUEST_DEADLINE,
            trust_env=False,
            read_bufsize=256 * 1024,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._open.close()

    @property
    def _open(self) -> aiohttp.ClientSession:
        assert self._session is not None, "the API is used outside its context"
        return self._session

    @property
    def _trust(self) -> dict[str, Any]:
        return {"ssl": self._access.tls if self._access.tls is not None else True}

    def _url(self, path: str, parameters: Mapping[str, str] | None) -> URL:
        # Paths come quoted: parsing and quoting each address again costs more than sending it.
        return URL(self._access.server + path + (f"?{urlencode(parameters)}" if parameters else ""), encoded=True)

    def _renew(self) -> None:
        # A server that was made anew on the same address has another certificate and another client authority.
        self._access = self._read_again() or self._access

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Document:
        """Return one object."""
        return await self._request("GET", resource.path(namespace, name))

    async def create(self, resource: Resource, document: Document) -> Document:
        """Create an object and return it as stored."""
        namespace = document["metadata"].get("namespace")
        return await self._request("POST", resource.path(namespace), body=document)

    async def bind(self, namespace: str, name: str, document: Document) -> None:
        """Create the binding of one pod."""
        await self._request("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/binding", body=document)

    async def patch(
        self, resource: Resource, document: Document, patch: Document, *, subresource: str | None = None
    ) -> Document:
        """Merge `patch` into the object that `document` shows, unless another object has taken its name."""
        metadata = document["metadata"]
        guarded = {**patch, "metadata": {**patch.get("metadata", {}), "uid": metadata["uid"]}}
        path = resource.path(metadata.get("namespace"), metadata["name"], subresource)
        return await self._request("PATCH", path, body=guarded, content_type=MERGE_PATCH)

    async def replace(self, resource: Resource, document: Document) -> Document:
        """Put `document` in the place of the state that it was made from."""
        metadata = document["metadata"]
        return await self._request("PUT", resource.path(metadata.get("namespace"), metadata["name"]), body=document)

    async def delete(self, resource: Resource, document: Document, *, grace_period: int | None = None) -> None:
        """Delete the object that `document` shows; gone already is fine."""
        metadata = document["metadata"]
        options: Document = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": metadata["uid"]}}
        if grace_period is not None:
            options["gracePeriodSeconds"] = grace_period
        try:
            await self._request("DELETE", resource.path(metadata.get("namespace"), metadata["name"]), body=options)
        except ApiError as error:
            if not (error.is_not_found or error.is_conflict):  # a conflict: the name belongs to another object now
                raise

    async def list(self, resource: Resource) -> tuple[list[Document], str]:
        """Return all objects of a resource and the version of the list."""
        items: list[Document] = []
        parameters = {"limit": str(PAGE_SIZE)}
        while True:
            page = await self._request("GET", resource.path(), parameters=parameters)
            items += page.get("items") or []
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return items, str(metadata.get("resourceVersion", ""))
            parameters["continue"] = metadata["continue"]

    async def watch(self, resource: Resource, version: str, *, seconds: int) -> AsyncIterator[tuple[str, Document]]:
        """Yield the type and object of each change after `version`, for at most `seconds`."""
        parameters = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=seconds + 30)
        try:
            async with self._open.get(
                self._url(resource.path(), parameters),
                headers=self._access.headers,
                timeout=timeout,
                **self._trust,
            ) as response:
                if response.status != 200:
                    raise _error(response.status, await response.read())
                buffer = bytearray()
                async for chunk in response.content.iter_any():
                    buffer += chunk
                    for line in _complete_lines(buffer):
                        event = orjson.loads(line)
                        yield event["type"], event["object"]
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
            self._renew()
            raise UnreachableError(f"watch of {resource.plural}: {error!r}") from error

    async def _request(
        self,
        method: str,
        path: str,
        *,
        body: Document | None = None,
        content_type: str = "application/json",
        parameters: Mapping[str, str] | None = None,
    ) -> Document:
        data = None if body is None else orjson.dumps(body)
        headers = dict(self._access.headers)
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            async with (
                self._slots,
                self._open.request(
                    method, self._url(path, parameters), data=data, headers=headers, **self._trust
                ) as response,
            ):
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self._renew()
            raise UnreachableError(f"{method} {path}: {error!r}") from error
        if response.status == 401:
            self._renew()
        if response.status >= 400:
            raise _error(response.status, content)
        return _document(content)


def _complete_lines(buffer: bytearray) -> list[bytes]:
    """Take the complete lines out of `buffer`."""
    end = buffer.rfind(b"\n")
    if end < 0:
        if len(buffer) > LARGEST_LINE:
            raise UnreachableError("a line of the watch is too long")
        return []
    lines = bytes(buffer[:end]).split(b"\n")
    del buffer[: end + 1]
    return [line for line in lines if line.strip()]


def _document(content: bytes) -> Document:
    try:
        document: Any = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise UnreachableError(f"the answer is not JSON: {content[:100]!r}") from error
    if not isinstance(document, dict):
        raise UnreachableError(f"the answer is not an object: {content[:100]!r}")
    return document


def _error(status: int, content: bytes) -> RequestError:
    try:
        answer = _document(content)
    except UnreachableError:
        return ApiError(status, "", content[:200].decode(errors="replace"))
    return ApiError(status, str(answer.get("reason", "")), str(answer.get("message", "")))
