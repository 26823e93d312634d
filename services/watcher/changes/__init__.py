"""What a change is worth: pure decisions over the table of what the log holds and what the cluster says."""
