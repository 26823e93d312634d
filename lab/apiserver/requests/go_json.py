"""Decides what Go's JSON decoder says about text that is not JSON.

Separate, because it runs only on the way to a refusal. Invariant: it answers None exactly for valid JSON texts.
"""

from __future__ import annotations

import json
import re

_END = "unexpected end of JSON input"
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')


def go_type(value: object) -> str:
    """Return what Go calls the JSON type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


class _SyntaxError(Exception):
    pass


def go_syntax_error(text: str) -> str | None:
    """Return Go's message for a text that is not JSON, None for one that is."""
    try:
        end = _value(text, _skip(text, 0), 0)
        rest = _skip(text, end)
        if rest < len(text):
            return f"invalid character {_quoted(text[rest])} after top-level value"
    except _SyntaxError as error:
        return str(error)
    return None


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _quoted(character: str) -> str:
    if character == "'":
        return r"'\''"
    if character == '"':
        return "'\"'"
    return "'" + json.dumps(character)[1:-1] + "'"


def _unexpected(text: str, at: int, where: str) -> _SyntaxError:
    if at >= len(text):
        return _SyntaxError(_END)
    return _SyntaxError(f"invalid character {_quoted(text[at])} {where}")


def _value(text: str, at: int, depth: int) -> int:
    if depth > 10000:
        raise _SyntaxError("exceeded max depth")
    first = text[at : at + 1]
    if first == "{":
        return _members(text, at + 1, depth)
    if first == "[":
        return _items(text, at + 1, depth)
    if first == '"':
        return _string(text, at)
    for word in ("true", "false", "null"):
        if first == word[0]:
            return _literal(text, at, word)
    match = _NUMBER.match(text, at)
    if first and first in "-0123456789":
        if match is None:
            raise _unexpected(text, at + 1, "in numeric literal")
        return match.end()
    raise _unexpected(text, at, "looking for beginning of value")


def _literal(text: str, at: int, word: str) -> int:
    for offset, letter in enumerate(word):
        if text[at + offset : at + offset + 1] != letter:
            raise _unexpected(text, at + offset, f"in literal {word} (expecting {_quoted(letter)})")
    return at + len(word)


def _string(text: str, at: int) -> int:
    match = _STRING.match(text, at)
    if match:
        return match.end()
    position = at + 1
    while position < len(text):
        if text[position] == "\\":
            if text[position + 1 : position + 2] not in tuple('"\\/bfnrtu'):
                raise _unexpected(text, position + 1, "in string escape code")
            position += 2
        elif ord(text[position]) < 0x20:
            raise _unexpected(text, position, "in string literal")
        else:
            position += 1
    raise _SyntaxError(_END)


def _members(text: str, at: int, depth: int) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == "}":
        return at + 1
    while True:
        if text[at : at + 1] != '"':
            raise _unexpected(text, at, "looking for beginning of object key string")
        at = _skip(text, _string(text, at))
        if text[at : at + 1] != ":":
            raise _unexpected(text, at, "after object key")
        at = _skip(text, _value(text, _skip(text, at + 1), depth + 1))
        following = text[at : at + 1]
        if following == "}":
            return at + 1
        if following != ",":
            raise _unexpected(text, at, "after object key:value pair")
        at = _skip(text, at + 1)


def _items(text: str, at: int, depth: int) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        at = _skip(text, _value(text, at, depth + 1))
        following = text[at : at + 1]
        if following == "]":
            return at + 1
        if following != ",":
            raise _unexpected(text, at, "after array element")
        at = _skip(text, at + 1)
