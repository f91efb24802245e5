"""Recorded runs: read, played through the guard, summed up, compared."""
