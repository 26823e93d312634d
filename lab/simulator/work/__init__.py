"""Drives decisions level-triggered: a queue of keys, and workers that bring one key at a time to rest."""
