"""Courses of events that were thought through by somebody who wanted the platform to fail."""
