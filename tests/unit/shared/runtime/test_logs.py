"""Log lines: one form for ours and for those of libraries."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.runtime import logs


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave the logging of the test run as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_line_is_json_with_service_level_and_time() -> None:
    stream = io.StringIO()
    logs.configure(service="rbac", stream=stream)

    structlog.get_logger("x").info("pass finished", outcome="done")

    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "pass finished", "outcome": "done", "level": "info", "service": "rbac"}


def test_lines_of_libraries_take_the_same_form() -> None:
    stream = io.StringIO()
    logs.configure(service="rbac", stream=stream)

    logging.getLogger("some.library").warning("it is %s", "odd")

    line = json.loads(stream.getvalue())
    assert (line["event"], line["logger"], line["level"]) == ("it is odd", "some.library", "warning")


def test_a_person_reads_text() -> None:
    stream = Terminal()
    logs.configure(service="rbac", stream=stream)

    structlog.get_logger("x").info("pass finished")

    assert "pass finished" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(("form", "is_json"), [("json", True), ("text", False)])
def test_the_form_can_be_chosen(form: str, is_json: bool) -> None:
    stream = Terminal()
    logs.configure(service="rbac", form=form, stream=stream)  # type: ignore[arg-type]  # one of the two

    structlog.get_logger("x").info("pass finished")

    assert stream.getvalue().startswith("{") == is_json


def test_lines_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    logs.configure(service="rbac", level="warning", stream=stream)

    structlog.get_logger("x").info("quiet")
    logging.getLogger("some.library").info("quiet")
    logging.getLogger("aiohttp.access").warning("heard")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["heard"]


def test_an_exception_is_one_field_of_its_line() -> None:
    stream = io.StringIO()
    logs.configure(service="rbac", stream=stream)

    structlog.get_logger("x").error("pass failed", exc_info=ValueError("why"))

    assert "ValueError: why" in json.loads(stream.getvalue())["exception"]
