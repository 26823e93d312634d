"""The answer to one admission request, in our form and in that of `admission.k8s.io/v1`."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server is told; `code` is the status that a denied user sees."""

    allowed: bool
    code: int
    message: str = ""
    warnings: tuple[str, ...] = ()


def allowed(warnings: tuple[str, ...] = ()) -> Answer:  # TR-05
    """Return an acceptance."""
    return Answer(allowed=True, code=200, warnings=warnings)


def denied(message: str, warnings: tuple[str, ...] = ()) -> Answer:  # TR-04
    """Return a refusal by the rules."""
    return Answer(allowed=False, code=403, message=message, warnings=warnings)


def malformed(message: str) -> Answer:
    """Return a refusal of what is no request, or of an object that is none of its kind."""
    return Answer(allowed=False, code=400, message=message)


def failed(error: BaseException) -> Answer:  # TR-09
    """Return a refusal because the rules themselves failed; the server stays up."""
    return Answer(allowed=False, code=500, message=f"panic: {error} [recovered]")


def encode(answer: Answer, uid: str) -> bytes:
    """Return the AdmissionReview that answers the request with a uid."""
    status: dict[str, object] = {"code": answer.code}
    if answer.message:
        status["message"] = answer.message
    if answer.code == 403:
        status["reason"] = "Forbidden"
    response: dict[str, object] = {"uid": uid, "allowed": answer.allowed, "status": status}
    if answer.warnings:
        response["warnings"] = list(answer.warnings)
    return orjson.dumps({"apiVersion": API_VERSION, "kind": KIND, "response": response})
