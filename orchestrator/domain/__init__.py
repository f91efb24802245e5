"""Values only: frozen, no I/O, no clock, no randomness."""
