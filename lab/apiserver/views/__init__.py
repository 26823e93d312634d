"""How stored objects look in an answer: in another version, as a Table, as metadata only, as a watch event."""
