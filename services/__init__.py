"""The five rooms of the control plane; each runs as `python -m services.<room>` and knows no other."""
