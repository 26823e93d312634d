"""What the server itself decides about objects of a kind: defaults, server-set fields, rules beyond the schema."""
