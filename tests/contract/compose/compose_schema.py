"""The part of the Compose file format that our file keeps to, as a JSON schema.

Facts of the Compose Specification, written down for the keys that are used; a key outside is refused, so that a
mistyped one is found where no container engine runs.
"""

from __future__ import annotations

from typing import Any, Final

DURATION: Final = {"type": "string", "pattern": r"^(\d+(h|m|s|ms|us))+$"}
TEXTS: Final = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
COMMAND: Final = {"type": "array", "items": {"type": "string"}, "minItems": 1}

BUILD: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["context"],
    "properties": {
        "context": {"type": "string"},
        "dockerfile": {"type": "string"},
        "target": {"type": "string"},
        "args": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}

HEALTHCHECK: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["test"],
    "properties": {
        "test": {
            "type": "array",
            "prefixItems": [{"enum": ["CMD", "CMD-SHELL", "NONE"]}],
            "items": {"type": "string"},
            "minItems": 2,
        },
        "interval": DURATION,
        "timeout": DURATION,
        "start_period": DURATION,
        "start_interval": DURATION,
        "retries": {"type": "integer", "minimum": 1},
    },
}

SERVICE: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["image"],
    "properties": {
        "build": BUILD,
        "cap_drop": TEXTS,
        "command": COMMAND,
        # Values of other types than text are accepted by some versions and refused by others.
        "environment": {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]*$"},
            "additionalProperties": {"type": "string"},
        },
        "healthcheck": HEALTHCHECK,
        "image": {"type": "string"},
        "ports": {
            **TEXTS,
            "items": {"type": "string", "pattern": r"^[0-9.]+:(\$\{\w+:-)?\d+\}?:\d+$"},
        },
        "profiles": {**TEXTS, "items": {"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]+$"}},
        "read_only": {"type": "boolean"},
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "security_opt": TEXTS,
        "stop_grace_period": DURATION,
        "tmpfs": TEXTS,
        "user": {"type": "string"},
        "volumes": {**TEXTS, "items": {"type": "string", "pattern": r"^.+:/[^:]*(:(ro|rw))?$"}},
    },
}

SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["services"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-zA-Z0-9._-]+$"},
            "additionalProperties": SERVICE,
        },
        "volumes": {"type": "object", "additionalProperties": {"type": ["object", "null"]}},
    },
}
