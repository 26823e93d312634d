"""What all our kinds have in common: how they are parsed and written back, metadata and conditions.

Invariant: `Kind.parse(document).dump() == document` for every document that parses, unknown fields included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from shared.api.facets import REQUIRED, Facets, Rule
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest

# Parts of the core Kubernetes API inside our kinds (containers, probes, environment): kept as they are, because the
# API server knows their schema and we only overlay them.
Json = dict[str, Any]
Quantity = int | str


class ApiModel(BaseModel):
    """A part of a custom resource: strict about types, open for fields that it does not know."""

    model_config = ConfigDict(
        extra="allow", frozen=True, strict=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )
    schema_rules: ClassVar[tuple[Rule, ...]] = ()

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Read a document with the field names of the API; raise InvalidObjectError that names the first bad field."""
        try:
            # Python field names are for constructors only: in a document they would be unknown fields.
            return cls.model_validate(document, by_alias=True, by_name=False)
        except ValidationError as error:
            raise InvalidObjectError(describe(error)) from error

    def dump(self) -> Manifest:
        """Write the document back: what was given, nothing that was not."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def describe(error: ValidationError) -> str:
    """Return the first violation as `path: what is wrong`, in the words of the API and not of Python."""
    errors = error.errors(include_url=False)
    first = errors[0]
    location = first["loc"]
    if location[-1:] == ("int",) and any(each["loc"] == (*location[:-1], "str") for each in errors):
        return f"{_path(location[:-1])}: must be an integer or a string"
    kind = _API_TYPES.get(first["type"])
    return f"{_path(location)}: {f'must be of type {kind}' if kind else first['msg']}"


_API_TYPES = {
    "string_type": "string",
    "int_type": "integer",
    "bool_type": "boolean",
    "list_type": "array",
    "dict_type": "object",
    "model_type": "object",
}


def _path(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text or "object"


class OwnerReference(ApiModel):
    """One entry of `metadata.ownerReferences`."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class ObjectMeta(ApiModel):
    """The parts of `metadata` that decisions read."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    finalizers: list[str] | None = None
    owner_references: list[OwnerReference] | None = None
    deletion_timestamp: str | None = None


class KubernetesObject(ApiModel):
    """The frame of every kind."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = Field(default_factory=ObjectMeta)


class Condition(ApiModel):
    """One aspect of the current state, in the standard form of the Kubernetes API."""

    type: Annotated[
        str,
        Facets(
            required=True,
            max_length=316,
            pattern=(
                r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
                r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
            ),
        ),
    ] = Field("", description="Name of the aspect, in CamelCase.")
    status: Annotated[str, Facets(required=True, enum=("True", "False", "Unknown"))] = Field(
        "", description="Whether the statement that the type makes holds."
    )
    reason: Annotated[
        str,
        Facets(required=True, min_length=1, max_length=1024, pattern="^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"),
    ] = Field("", description="Machine-readable cause of the last transition.")
    message: Annotated[str, Facets(required=True, max_length=32768)] = Field(
        "", description="Explanation for people: which object, what happened, what would change it."
    )
    last_transition_time: Annotated[str, Facets(required=True, format="date-time")] = Field(
        "", description="When the status changed last."
    )
    observed_generation: Annotated[int | None, Facets(format="int64", minimum=0)] = Field(
        None, description="Generation of the spec that this condition was computed for."
    )


class ResourceClaim(ApiModel):
    """A reference to a claim of dynamic resource allocation."""

    name: Annotated[str, REQUIRED] = Field("", description="Name of an entry in the pod's resource claims.")
    request: str = Field("", description="Single request of the claim; empty makes all of it available.")
