"""The partition loop: from claims and events to passes, one object that every room's app configures.

`claims` decides which partitions this replica owns, `views` what is known of their objects, `queue` which primary is
next, `loop` turns what a handler says into done, a timer or a dead letter, `service` holds it all together.
"""
