"""Decides in which form an answer goes out: the object, a Table, only its metadata; JSON or YAML.

Separate, because every verb answers through it. Invariant: an Accept header that asks for nothing we serve is
refused before anything is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from lab.apiserver.errors import ApiError
from lab.apiserver.registry.resources import Resource

View = Literal["object", "table", "metadata"]
_MEDIA = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer looks."""

    view: View = "object"
    media: str = JSON
    is_list: bool = False  # whether metadata was asked for as a list


PLAIN = Form()


@lru_cache(maxsize=512)
def parse_form(accept: str) -> Form:
    """Return the first form of an Accept header that is served."""
    if not accept:
        return PLAIN
    for clause in accept.split(","):
        media, *parameters = (part.strip() for part in clause.split(";"))
        options = dict(part.split("=", 1) for part in parameters if "=" in part)
        form = _form(media, options)
        if form is not None:
            return form
    raise ApiError(406, "NotAcceptable", f"only the following media types are accepted: {_MEDIA}")


def _form(media: str, options: dict[str, str]) -> Form | None:
    if media in ("*/*", "application/*", JSON):
        served = JSON
    elif media in (YAML, "text/yaml"):
        served = YAML
    else:
        return None
    match options.get("as"):
        case None | "":
            return Form("object", served)
        case "Table" if options.get("v") in ("v1", "v1beta1"):
            return Form("table", served)
        case "PartialObjectMetadata" | "PartialObjectMetadataList" if options.get("v") in ("v1", "v1beta1"):
            return Form("metadata", served, is_list=options["as"].endswith("List"))
        case _:
            return None


def check_watch_form(form: Form) -> None:
    """Refuse a watch in a form that cannot be streamed."""
    if form.media != JSON:
        media = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
        raise ApiError(406, "NotAcceptable", f"only the following media types are accepted: {media}")


def not_a_list(resource: Resource) -> ApiError:
    """Refuse a list whose client asked for the metadata of one object."""
    name = "*unstructured.UnstructuredList" if resource.custom else f"*{resource.version}.{resource.list_kind}"
    text = f"you requested PartialObjectMetadata, but the requested object is a list ({name})"
    return ApiError(406, "", text)


def accepts(accept: str, group: str, version: str, kind: str) -> bool:
    """Whether an Accept header names one converted kind, in any of its clauses."""
    for clause in accept.split(","):
        options = {part.strip() for part in clause.split(";")[1:]}
        if {f"g={group}", f"v={version}", f"as={kind}"} <= options:
            return True
    return False
