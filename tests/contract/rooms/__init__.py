"""What all five rooms have in common: their files, their settings and the names of their metrics."""
