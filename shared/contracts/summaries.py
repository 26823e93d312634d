"""The redacted form of an object: an allow-list per kind (design: the log is redacted).

One function decides both what the watcher publishes and what the partition view holds of an own write's answer, so
that a pass sees the same object whichever way it came. What is not listed here never enters the log.
"""
