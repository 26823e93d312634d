"""What a kind's schema says about an object: which fields exist, what is filled in, and what is refused.

A schema is compiled once and shared; pruning, defaulting and validation are plain functions over it.
Invariant: nothing here mutates an object or a schema, and nothing reads anything but its arguments
(and, for built-in kinds, the schema files of an installed package).
"""
