"""Reading what an explanation or a history is made of, at once and with deadlines.

Each source may be away: what it would have told is then `Unread`, and the others still answer. Everything is read by
name, label or subject; nothing lists what a namespace or a stream holds.
"""
