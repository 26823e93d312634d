"""Who owns which field of an object: the sets of fields, and what each write does to them.

Separate from storage and HTTP because ownership is a decision over values. Invariant: a write that changes nothing
returns the live object itself, so that it can be recognised by identity and costs no new version.
"""
