"""Decides how a request body becomes a document, and which of its defects are worth a warning.

Separate, because genuine errors here come from Go's JSON decoder, whose words clients and tests know.
Invariant: the answered document is fresh; whoever gets it may change it.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
import yaml

from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError, bad_request
from lab.apiserver.requests.go_json import go_syntax_error, go_type
from lab.apiserver.requests.protobuf import ProtobufError, decode_protobuf

MAX_BODY = 3 * 1024 * 1024
_BODY_MEDIA = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_NO_KIND = "couldn't get version/kind; json parse error: "


def media_type(content_type: str) -> str:
    """Return the media type of a Content-Type header."""
    return content_type.partition(";")[0].strip()


def decode(body: bytes, content_type: str) -> tuple[Any, list[str]]:
    """Return the parsed body and its duplicate fields; raises ValueError with Go's words if it cannot be parsed."""
    media = media_type(content_type)
    if media in ("application/yaml", "application/apply-patch+yaml", "text/yaml"):
        return decode_yaml(body)
    if media == "application/vnd.kubernetes.protobuf":
        return decode_protobuf(body), []
    if media not in ("", "application/json") and not media.endswith("+json"):
        raise unsupported_media(_BODY_MEDIA)
    return decode_json(body)


def unsupported_media(accepted: tuple[str, ...]) -> ApiError:
    """Refuse a body whose media type is not served."""
    text = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    return ApiError(415, "UnsupportedMediaType", text)


def decode_json(body: bytes) -> tuple[Any, list[str]]:
    """Parse JSON; the second value names the duplicate fields."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _decode_slowly(body)
    if _may_have_duplicates(body, document):
        return document, _duplicates(body)
    return document, []


def _decode_slowly(body: bytes) -> tuple[Any, list[str]]:
    """Parse what orjson refuses and Go accepts (huge numbers), or say what Go says."""
    text = body.decode("utf-8", "replace")
    error = go_syntax_error(text)
    if error is not None:
        raise ValueError(error)
    return json.loads(text), []


def _may_have_duplicates(body: bytes, document: Any) -> bool:
    """Compare the number of members before and after parsing: both counts run in C."""
    again = orjson.dumps(document)
    return body.count(b'":') + body.count(b'" :') != again.count(b'":') + again.count(b'" :')


def _duplicates(body: bytes) -> list[str]:
    found: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> _Members:
        return _Members(items)

    _walk(json.loads(body, object_pairs_hook=pairs), "", found)
    return found


class _Members:
    __slots__ = ("items",)

    def __init__(self, items: list[tuple[str, Any]]) -> None:
        self.items = items


def _walk(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, _Members):
        seen: set[str] = set()
        for key, inner in value.items:
            inside = f"{path}.{key}" if path else key
            if key in seen and inside not in found:
                found.append(inside)
            seen.add(key)
            _walk(inner, inside, found)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _walk(inner, f"{path}[{index}]", found)


class _UniqueLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the base is chosen at run time
    """YAML as JSON: no dates, no merge keys become objects of their own."""


_UniqueLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _UniqueLoader.yaml_implicit_resolvers.items()
}


def decode_yaml(body: bytes) -> tuple[Any, list[str]]:
    """Parse YAML, of which JSON is a part."""
    if body[:1] == b"{":
        try:
            return decode_json(body)
        except ValueError:
            pass  # flow-style YAML starts like JSON
    try:
        return yaml.load(body, Loader=_UniqueLoader), []
    except yaml.YAMLError as error:
        raise ValueError(f"error converting YAML to JSON: yaml: {str(error).splitlines()[0]}") from error


def decode_object(body: bytes, content_type: str, kind: str, version: str = "") -> tuple[Document, list[str]]:
    """Return the object of a POST or PUT body, refusing what is none.

    A built-in kind is decoded into the type that the path names: give its version, and a body need not repeat either.
    """
    unrecognized = f"the object provided is unrecognized (must be of type {kind}): "
    try:
        document, duplicates = decode(body, content_type)
    except ProtobufError as error:
        raise ApiError(415, "UnsupportedMediaType", f"{unrecognized}{error}") from error
    except ValueError as error:
        raise bad_request(f"{unrecognized}{_NO_KIND}{error} ({_excerpt(body)})") from error
    if not isinstance(document, dict):
        wanted = (
            'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
        )
        why = f"json: cannot unmarshal {go_type(document)} into Go value of type {wanted}"
        raise bad_request(f"{unrecognized}{_NO_KIND}{why} ({body[:30].hex()})")
    if version:
        document["apiVersion"] = document.get("apiVersion") or version
        document["kind"] = document.get("kind") or kind
    if not document.get("kind"):
        text = body.decode("utf-8", "replace")
        raise bad_request(f"{unrecognized}Object 'Kind' is missing in '{text}' ({_excerpt(body)})")
    return document, duplicates


def _excerpt(body: bytes) -> str:
    if not body:
        return "<empty>"
    text = body.decode("utf-8", "replace")
    return text if len(text) <= 30 else text[:30] + " ..."
