"""What the examples render to. `python -m tests.golden.reconciler` writes the files anew; review the difference."""
