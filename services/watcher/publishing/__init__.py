"""Getting publications into the log: one in flight per subject, guarded, never out of order."""
