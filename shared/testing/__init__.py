"""Fakes of the ports: deterministic, on one event loop and a driven clock. Imported by tests only."""
