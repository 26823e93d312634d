"""Generators of files that are kept in the repository; each checks them too."""
