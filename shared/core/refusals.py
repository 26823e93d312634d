"""What an API server says when it refuses an object, without the values that it repeats.

Separate from the adapter because also whoever shows a refusal wants to be sure. Refusals end in conditions, dead
letters and logs, which are read by more people than the object; and a value may be a secret. Where the end of a value
cannot be told, more is left out rather than less.
"""

from __future__ import annotations

import re

# `spec.x: Invalid value: "secret": must be ...`: the value is a quoted string, a structure in JSON or Go, or a word.
_VALUE = re.compile(
    r'((?:Invalid|Unsupported|Duplicate) value): ("(?:[^"\\]|\\.)*"|[^\s":,]*[\[{].*[\]}]|[^:,\]]+)', re.DOTALL
)
# `.spec.x: expected string, got &value.valueUnstructured{Value:5}`: of an apply that does not fit the schema.
_MISFIT = re.compile(r"(expected [\w ]+), got &?[\w.]*\{.*\}", re.DOTALL)


def without_values(text: str) -> str:
    """Return a refusal without the values that it repeats."""
    values = {found.group(2) for found in _VALUE.finditer(text)}
    text = _MISFIT.sub(r"\1", _VALUE.sub(r"\1", text))
    for value in values:
        text = text.replace(f": {value}", "")  # some refusals end with the value once more
    return text
