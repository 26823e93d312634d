"""Decides which names, label keys and label values are valid, in the genuine words.

Separate, because metadata of every kind, selectors and CRDs share these rules. Invariant: an empty list means valid.
"""

from __future__ import annotations

import re

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_NAME_PART})?"

_IS_LABEL = re.compile(_LABEL)
_IS_SUBDOMAIN = re.compile(_SUBDOMAIN)
_IS_LABEL_1035 = re.compile(_LABEL_1035)
_IS_NAME_PART = re.compile(_NAME_PART)
_IS_VALUE = re.compile(_VALUE)

_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    f"'{_LABEL_1035}')"
)
_CHARACTERS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME_PART}')"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_VALUE}')"
)


def _at_most(limit: int, text: str) -> list[str]:
    return [f"must be no more than {limit} characters"] if len(text) > limit else []


def subdomain(name: str) -> list[str]:
    """Say what is wrong with an RFC 1123 subdomain."""
    return _at_most(253, name) + ([] if _IS_SUBDOMAIN.fullmatch(name) else [_SUBDOMAIN_TEXT])


def label_name(name: str) -> list[str]:
    """Say what is wrong with an RFC 1123 label."""
    return _at_most(63, name) + ([] if _IS_LABEL.fullmatch(name) else [_LABEL_TEXT])


def service_name(name: str) -> list[str]:
    """Say what is wrong with an RFC 1035 label."""
    return _at_most(63, name) + ([] if _IS_LABEL_1035.fullmatch(name) else [_LABEL_1035_TEXT])


def path_segment(name: str) -> list[str]:
    """Say what is wrong with a name that only has to fit into a URL path."""
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{character}'" for character in "/%" if character in name]


def qualified_name(key: str) -> list[str]:
    """Say what is wrong with a label key, an annotation key or a finalizer."""
    parts = key.split("/")
    if len(parts) > 2:
        return [
            f"a valid label key {_CHARACTERS} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    problems: list[str] = []
    if len(parts) == 2:
        if not parts[0]:
            problems.append("prefix part must be non-empty")
        else:
            problems += [f"prefix part {text}" for text in subdomain(parts[0])]
    name = parts[-1]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > 63:
        problems.append("name part must be no more than 63 characters")
    if not _IS_NAME_PART.fullmatch(name):
        problems.append(f"name part {_CHARACTERS}")
    return problems


def label_value(value: str) -> list[str]:
    """Say what is wrong with a label value."""
    return _at_most(63, value) + ([] if _IS_VALUE.fullmatch(value) else [_VALUE_TEXT])
