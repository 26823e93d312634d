"""What each verb does: create, read, list, watch, update, patch, apply, delete; one module each."""
