"""Three ways to change a JSON document, each a pure function from document and patch to a new document.

They are separate from ownership and schemas because a patch is decided by its own standard alone; only the strategic
form asks a schema how lists merge. Invariant: inputs are never mutated, results may share unchanged parts with them.
"""
