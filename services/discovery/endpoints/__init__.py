"""Who serves what: pure."""
