"""Decides how a built-in object in protobuf, which Go clients send, becomes the document that JSON would have been.

Separate, because it is the one binary format here; the field numbers stand in `protobuf_fields.json`, facts of the
published Go types. Invariant: unknown fields are skipped, and anything that is no such message is refused.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from lab.apiserver.documents import Document, timestamp

MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIGN = 1 << 63


class ProtobufError(ValueError):
    """A body is not what its content type says."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: str
    element: str
    type: str
    is_kept_empty: bool
    is_inline: bool


def _field(row: list[str]) -> _Field:
    name, kind, type_name, flags = row
    outer, _, element = kind.partition(":")
    return _Field(name, outer, element, type_name, "o" not in flags or "p" in flags, "i" in flags)


@cache
def _tables() -> Mapping[str, Any]:
    tables: Mapping[str, Any] = orjson.loads((files(__package__) / "protobuf_fields.json").read_bytes())
    return tables


@cache
def _fields(type_name: str) -> Mapping[int, _Field]:
    return {int(number): _field(row) for number, row in _tables()["types"][type_name].items()}


def decode_protobuf(body: bytes) -> Document:
    """Return the object of a body in `application/vnd.kubernetes.protobuf`."""
    if not body.startswith(MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = dict(_parts(body[len(MAGIC) :]))
    described = dict(_parts(_as_bytes(envelope.get(1, b""))))
    version, kind = _text(described.get(1, b"")), _text(described.get(2, b""))
    kinds = _tables()["kinds"]
    type_name = kinds.get(f"{version} {kind}") or kinds.get(f"* {kind}")
    if type_name is None:
        raise ProtobufError(f'no kind "{kind}" is registered for version "{version}"')
    return {"apiVersion": version, "kind": kind, **_message(_as_bytes(envelope.get(2, b"")), type_name)}


def _parts(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ProtobufError(f"proto: illegal wireType {wire}")
        if at + size > len(data):
            raise ProtobufError("unexpected EOF")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ProtobufError("unexpected EOF" if at >= len(data) else "proto: integer overflow")


def _message(data: bytes, type_name: str) -> Document:
    fields = _fields(type_name)
    document: Document = {}
    for number, value in _parts(data):
        field = fields.get(number)
        if field is None:
            continue
        if field.is_inline:
            document |= _message(_as_bytes(value), field.type)
        elif field.kind == "list":
            items = document.setdefault(field.name, [])
            items.append(_value(value, field.element, field.type))
        elif field.kind == "map":
            entry = dict(_parts(_as_bytes(value)))
            content = _value(entry[2], field.element, field.type) if 2 in entry else _EMPTY[field.element]
            document.setdefault(field.name, {})[_text(entry.get(1, b""))] = content
        else:
            decoded = _value(value, field.kind, field.type)
            if decoded is not None and (field.is_kept_empty or decoded not in ("", 0, False)):
                document[field.name] = decoded
    return document


_EMPTY: Mapping[str, Any] = {"str": "", "bytes": "", "quantity": "0", "int": 0, "bool": False, "msg": {}, "list": []}


def _value(value: int | bytes, kind: str, type_name: str) -> Any:
    if kind == "msg":
        return _message(_as_bytes(value), type_name)
    return _SCALARS[kind](value)


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ProtobufError("proto: wrong wireType 0")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _as_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise ProtobufError(f"proto: invalid UTF-8: {error.reason}") from error


def _integer(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ProtobufError("proto: wrong wireType 2")
    return value - (1 << 64) if value >= _SIGN else value


def _time(value: int | bytes) -> str | None:
    parts = dict(_parts(_as_bytes(value)))
    return timestamp(_integer(parts.get(1, 0))) if parts else None


def _micro_time(value: int | bytes) -> str | None:
    parts = dict(_parts(_as_bytes(value)))
    if not parts:
        return None
    whole = timestamp(_integer(parts.get(1, 0))).removesuffix("Z")
    return f"{whole}.{_integer(parts.get(2, 0)) // 1000:06d}Z"


def _int_or_string(value: int | bytes) -> int | str:
    parts = dict(_parts(_as_bytes(value)))
    return _text(parts.get(3, b"")) if parts.get(1) else _integer(parts.get(2, 0))


def _quantity(value: int | bytes) -> str:
    return _text(dict(_parts(_as_bytes(value))).get(1, b"")) or "0"


def _embedded(value: int | bytes) -> Any:
    raw = _as_bytes(dict(_parts(_as_bytes(value))).get(1, b""))
    return orjson.loads(raw) if raw else None


def _string_list(value: int | bytes) -> list[str]:
    return [_text(item) for _number, item in _parts(_as_bytes(value))]


_SCALARS: Mapping[str, Callable[[int | bytes], Any]] = {
    "str": _text,
    "int": _integer,
    "bool": lambda value: bool(_integer(value)),
    "bytes": lambda value: base64.b64encode(_as_bytes(value)).decode(),
    "time": _time,
    "microtime": _micro_time,
    "intstr": _int_or_string,
    "quantity": _quantity,
    "raw": _embedded,
    "fields": _embedded,
    "list": _string_list,
}
