"""A small client of the Kubernetes API: access, requests, list and watch. Knows nothing of what is simulated."""
