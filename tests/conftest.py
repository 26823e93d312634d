"""What every test folder shares: real servers, the conformance data, and the count of tests that had to skip it."""

from tests.conformance import conformance, pytest_terminal_summary

__all__ = ["conformance", "pytest_terminal_summary"]

pytest_plugins = ["tests.servers.fixtures"]
