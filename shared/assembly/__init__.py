"""Connects adapters to the runtime as the settings name them, so that five rooms do not repeat each other."""
