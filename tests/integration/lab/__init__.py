"""The embedded API server, asked over HTTPS by clients that know nothing of it."""
