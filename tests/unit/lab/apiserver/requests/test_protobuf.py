"""Built-in objects in protobuf read like the JSON that they stand for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.requests.protobuf import MAGIC, ProtobufError, decode_protobuf


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes(number: int, content: bytes | str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value & (1 << 64) - 1)


def _enveloped(version: str, kind: str, message: bytes) -> bytes:
    return MAGIC + _bytes(1, _bytes(1, version) + _bytes(2, kind)) + _bytes(2, message)


def test_a_secret_has_its_data_in_base64() -> None:
    metadata = _bytes(1, "token") + _bytes(11, _bytes(1, "app") + _bytes(2, "x"))
    message = _bytes(1, metadata) + _bytes(2, _bytes(1, "key") + _bytes(2, b"value")) + _bytes(3, "Opaque")

    assert decode_protobuf(_enveloped("v1", "Secret", message)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "labels": {"app": "x"}},
        "data": {"key": "dmFsdWU="},
        "type": "Opaque",
    }


def test_numbers_may_be_negative_and_zero_pointers_stay() -> None:
    options = decode_protobuf(_enveloped("v1", "DeleteOptions", _number(1, -1)))
    scaled = decode_protobuf(_enveloped("apps/v1", "Deployment", _bytes(2, _number(1, 0))))

    assert options["gracePeriodSeconds"] == -1
    assert scaled["spec"]["replicas"] == 0


def test_times_and_int_or_string_have_their_json_forms() -> None:
    created = _bytes(1, _bytes(8, _number(1, 1_700_000_000)))
    port = _bytes(1, _number(3, 80) + _bytes(4, _number(1, 1) + _bytes(3, "http")))
    service = decode_protobuf(_enveloped("v1", "Service", created + _bytes(2, port)))

    assert service["metadata"]["creationTimestamp"] == "2023-11-14T22:13:20Z"
    assert service["spec"]["ports"] == [{"port": 80, "targetPort": "http"}]


def test_fields_that_nobody_knows_are_skipped() -> None:
    message = _bytes(1, _bytes(1, "a")) + _number(999, 7) + _varint(998 << 3 | 5) + b"\0\0\0\0"

    assert decode_protobuf(_enveloped("v1", "ConfigMap", message))["metadata"] == {"name": "a"}


@settings(max_examples=30)
@given(st.binary(max_size=60))
def test_garbage_is_refused_and_nothing_else_happens(garbage: bytes) -> None:
    with pytest.raises(ProtobufError):
        decode_protobuf(garbage)
    with pytest.raises(ProtobufError):
        decode_protobuf(MAGIC + garbage + b"\x0b")
