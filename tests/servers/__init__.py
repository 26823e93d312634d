"""Real servers for tests, behind one interface: processes from wheels, containers, or given addresses."""
