"""What every test folder shares: real servers, the conformance data, and the count of tests that had to skip it."""

import signal

from tests.conformance import conformance, pytest_terminal_summary

__all__ = ["conformance", "pytest_terminal_summary"]

pytest_plugins = ["tests.servers.fixtures"]

# A run that a script started in its background ignores Ctrl-C, and so would every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
