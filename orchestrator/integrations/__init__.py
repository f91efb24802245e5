"""Adapters between the guard and whatever runs an agent: one file each."""
