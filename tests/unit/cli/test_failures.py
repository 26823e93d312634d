"""How a command ends."""

import pytest

from cli.failures import CommandError, Exit, code_of, is_expected
from shared.core.errors import ConflictError, ForbiddenError, InvalidObjectError, UnreachableError


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (CommandError("no stack", Exit.NOTHING_FOUND), Exit.NOTHING_FOUND, True),
        (CommandError("not ready"), Exit.FAILED, True),
        (InvalidObjectError("spec.x"), Exit.USAGE, True),
        (UnreachableError("away"), Exit.UNREACHABLE, True),
        (ForbiddenError("no right"), Exit.UNREACHABLE, True),
        (ConnectionRefusedError(), Exit.UNREACHABLE, True),
        (TimeoutError(), Exit.UNREACHABLE, True),
        (ConflictError("other"), Exit.FAILED, True),
        (ValueError("a bug"), Exit.FAILED, False),
    ],
)
def test_every_error_has_its_code_and_only_bugs_a_traceback(error: Exception, code: Exit, expected: bool) -> None:
    assert code_of(error) is code
    assert is_expected(error) is expected
